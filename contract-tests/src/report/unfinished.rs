//! Cases without a verdict that would have had one: the run ran out of time, or the endpoint limited its load or stopped
//! accepting messages. With one of them that counts, a run proves less than it was asked for.

use super::{CaseOutcome, CaseResult, Report, SkipCode, decides};

/// The least time of a single message, in milliseconds, that a report mentions.
const MIN_SLOW_MS: u64 = 200;

impl CaseResult {
    pub(super) fn was_skipped_for_time(&self) -> bool {
        self.was_skipped(SkipCode::OutOfTime) || self.was_skipped(SkipCode::TooSlow)
    }

    pub(super) fn was_skipped(&self, code: SkipCode) -> bool {
        matches!(self.outcome, CaseOutcome::Skipped { skip_code: Some(found), .. } if found == code)
    }

    pub(super) fn was_throttled(&self) -> bool {
        matches!(self.outcome, CaseOutcome::Throttled { .. })
    }
}

impl Report {
    /// How many cases that count have such a result.
    pub(super) fn count_deciding(&self, strict: bool, fits: impl Fn(&CaseResult) -> bool) -> usize {
        self.count(|result| decides(result.level, strict) && fits(result))
    }

    /// How many cases have such a result.
    pub(super) fn count(&self, fits: impl Fn(&CaseResult) -> bool) -> usize {
        self.results.iter().filter(|result| fits(result)).count()
    }

    /// The notice on cases that were skipped because the run ran out of time, if there are any.
    pub(crate) fn out_of_time_notice(&self) -> Option<String> {
        let cases = self.count(CaseResult::was_skipped_for_time);
        (cases > 0).then(|| {
            format!(
                "{}The run ran out of time before {cases} of {} cases were tried, {} of them of a MUST, so nothing is \
                 proven about what they test. Give the run more time (--max-time {}m), or test one area at a time (--only \
                 'AUTH-*', then MSG-*, HTTP-* and OPS-*).",
                self.slowness(),
                self.results.len(),
                self.count_deciding(false, CaseResult::was_skipped_for_time),
                self.minutes_needed(cases),
            )
        })
    }

    /// How long one message takes, where that is the reason.
    fn slowness(&self) -> String {
        let single = self.pace.map_or(0, |pace| pace.accepted_ms.max(pace.refused_ms.unwrap_or_default()));
        if single < MIN_SLOW_MS {
            return String::new();
        }
        format!("One message takes {:.1} s even when the endpoint has nothing else to do. ", single as f64 / 1e3)
    }

    /// About how many minutes a run needs to try all cases, given how many this one skipped.
    fn minutes_needed(&self, skipped: usize) -> u64 {
        let all = self.results.len() as u64;
        let tried = all.saturating_sub(skipped as u64).max(1);
        // One more, because cases differ in duration.
        (self.took_ms.saturating_mul(all) / tried).div_ceil(60_000).clamp(2, 600) + 1
    }

    /// The notice on throttled cases, if there are any.
    pub(crate) fn throttling_notice(&self) -> Option<String> {
        let cases = self.count(CaseResult::was_throttled);
        (cases > 0).then(|| {
            format!(
                "{cases} of {} cases were throttled, {} of them of a MUST: the endpoint answered them only with statuses \
                 about load or start-up, such as 429 and 503, so nothing is proven about what they test. Raise the rate \
                 limit for this client, give the run more time (--max-time 5m), or test one area at a time (--only \
                 'AUTH-*', then MSG-*, HTTP-* and OPS-*).",
                self.results.len(),
                self.count_deciding(false, CaseResult::was_throttled),
            )
        })
    }
}
