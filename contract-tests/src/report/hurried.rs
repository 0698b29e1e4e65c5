//! Cases that were skipped for want of time: unlike other skipped ones they would tell something, so a run without them
//! proves less than it was asked for.

use super::{CaseOutcome, CaseResult, Report, decides};

/// Why a case was skipped for which the run's time did not suffice. A report that was kept is known by these words
/// again: its form has no other place for it.
pub(crate) const TIME_IS_OVER: &str = "the time for the whole run was over";
/// Why the rest was skipped after an endpoint was too slow for anything.
pub(crate) const TOO_SLOW: &str = "three plain valid messages got no answer in time";

impl CaseResult {
    /// Whether it was skipped for want of time.
    pub(super) fn was_hurried(&self) -> bool {
        matches!(&self.outcome, CaseOutcome::Skipped { reason } if reason == TIME_IS_OVER || reason == TOO_SLOW)
    }
}

impl Report {
    /// How many cases that decide were skipped for want of time.
    pub(super) fn hurried(&self, strict: bool) -> usize {
        self.results.iter().filter(|result| decides(result.level, strict) && result.was_hurried()).count()
    }

    /// What a reader must know of the cases that were skipped for want of time, where there are any.
    pub(crate) fn notice_of_haste(&self) -> Option<String> {
        let cases = self.results.iter().filter(|result| result.was_hurried()).count();
        (cases > 0).then(|| {
            let musts = self.hurried(false);
            format!(
                "For want of time {cases} of {} cases were not tried, {musts} of them of a MUST: nothing is proven of \
                 what they test. Test one area after the other (--only 'AUTH-*', then MSG-*, HTTP-* and OPS-*), or let \
                 more cases run beside each other (--parallel 32); quicker answers mend it for good.",
                self.results.len()
            )
        })
    }
}
