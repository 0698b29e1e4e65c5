//! Cases without a verdict that would have had one: there was no time for them, or the endpoint limited its load. Unlike
//! other skipped ones they leave a run that proves less than it was asked for.

use super::{CaseOutcome, CaseResult, Report, SkipCode, decides};

/// Why a case was skipped for which the run's time did not suffice. A report that was kept is known by these words
/// again: its form has no other place for it.
pub(crate) const TIME_IS_OVER: &str = "the time for the whole run was over";
/// Why the rest was skipped after an endpoint was too slow for anything.
pub(crate) const TOO_SLOW: &str = "three plain valid messages got no answer in time";

/// From this time on, in milliseconds, a single message is worth a word.
const SLOW_MS: u64 = 200;

impl CaseResult {
    /// Whether it was skipped because there was no time for it.
    fn was_hurried(&self) -> bool {
        match &self.outcome {
            CaseOutcome::Skipped { skip_code: Some(code), .. } => {
                matches!(code, SkipCode::OutOfTime | SkipCode::TooSlow)
            }
            // A report from before there were codes.
            CaseOutcome::Skipped { reason, .. } => reason == TIME_IS_OVER || reason == TOO_SLOW,
            _ => false,
        }
    }

    /// Whether it was skipped because the endpoint did not accept messages any more.
    fn was_down(&self) -> bool {
        matches!(self.outcome, CaseOutcome::Skipped { skip_code: Some(SkipCode::EndpointDown), .. })
    }

    /// Whether a status about load or start-up is all that came.
    fn was_throttled(&self) -> bool {
        matches!(self.outcome, CaseOutcome::Throttled { .. })
    }
}

impl Report {
    /// How many cases that decide were skipped because there was no time for them.
    pub(super) fn hurried(&self, strict: bool) -> usize {
        self.count(|result| decides(result.level, strict) && result.was_hurried())
    }

    /// How many cases that decide were skipped because the endpoint did not accept messages any more.
    pub(super) fn down(&self, strict: bool) -> usize {
        self.count(|result| decides(result.level, strict) && result.was_down())
    }

    /// How many cases that decide were throttled.
    pub(super) fn throttled(&self, strict: bool) -> usize {
        self.count(|result| decides(result.level, strict) && result.was_throttled())
    }

    /// How many cases were throttled.
    pub(super) fn count_throttled(&self) -> usize {
        self.count(CaseResult::was_throttled)
    }

    fn count(&self, counts: impl Fn(&CaseResult) -> bool) -> usize {
        self.results.iter().filter(|result| counts(result)).count()
    }

    /// What a reader must know of the cases that were skipped because there was no time for them, where there are any.
    pub(crate) fn notice_of_haste(&self) -> Option<String> {
        let cases = self.count(CaseResult::was_hurried);
        (cases > 0).then(|| {
            format!(
                "{}The time of the run was over before {cases} of {} cases were tried, {} of them of a MUST: nothing is proven \
                 of what they test. Give the run more time (--max-time {}m), or test one area after the other (--only \
                 'AUTH-*', then MSG-*, HTTP-* and OPS-*).",
                self.slowness(),
                self.results.len(),
                self.hurried(false),
                self.minutes_needed(cases),
            )
        })
    }

    /// How long one message takes, where that is why there was no time.
    fn slowness(&self) -> String {
        let single = self.pace.map_or(0, |pace| pace.accepted_ms.max(pace.refused_ms.unwrap_or_default()));
        if single < SLOW_MS {
            return String::new();
        }
        format!("One message takes {:.1} s even when nothing else is under way. ", single as f64 / 1e3)
    }

    /// About how many minutes a run needs that has time for all cases, when it had none for so many.
    fn minutes_needed(&self, hurried: usize) -> u64 {
        let all = self.results.len() as u64;
        let tried = all.saturating_sub(hurried as u64).max(1);
        // One more, since cases differ in what they cost.
        (self.took_ms.saturating_mul(all) / tried).div_ceil(60_000).clamp(2, 600) + 1
    }

    /// What a reader must know of the cases that were throttled, where there are any.
    pub(crate) fn notice_of_throttling(&self) -> Option<String> {
        let cases = self.count_throttled();
        (cases > 0).then(|| {
            format!(
                "{cases} of {} cases were throttled, {} of them of a MUST: statuses about load or start-up, such as 429 \
                 and 503, are all that came, so nothing is proven of what they test. Raise the rate limit for this client, \
                 give the run more time (--max-time 5m), or test one area after the other (--only 'AUTH-*', then MSG-*, \
                 HTTP-* and OPS-*).",
                self.results.len(),
                self.throttled(false),
            )
        })
    }
}
