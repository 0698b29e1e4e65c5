//! The verdict of a run.

use std::fmt::Write as _;

use schemas::{Level, text::collapse};

use super::{
    CaseResult, Report, SkipCode,
    group::{broken, side},
};

/// A verdict: its grade and one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its grade.
    pub grade: Grade,
    /// The sentence.
    pub words: String,
}

/// The grade of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// Everything that was tested holds.
    Clean,
    /// Everything that counts holds; something else does not.
    Holds,
    /// Something that counts fails.
    Broken,
    /// What was tested holds, but something that counts was throttled, or skipped because the run ran out of time or the
    /// endpoint stopped accepting messages.
    Unfinished,
    /// Nothing was tested.
    Untested,
}

impl Report {
    /// Whether every MUST holds, and with `strict` every SHOULD. A skipped case breaks nothing unless the run ran out of
    /// time; a throttled case does not hold; a run that tested nothing does not hold.
    pub fn holds(&self, strict: bool) -> bool {
        matches!(self.verdict(strict).grade, Grade::Clean | Grade::Holds)
    }

    /// The verdict; with `strict` a SHOULD counts like a MUST.
    pub fn verdict(&self, strict: bool) -> Verdict {
        let side = side(self);
        let broken = broken(self);
        let of = |level: Level| {
            let ids = broken.iter().filter(|clause| clause.clause.level == level).map(|clause| clause.clause.id);
            ids.collect::<Vec<&str>>()
        };
        let [musts, shoulds, mays] = Level::ALL.map(of);
        let tested = |level: Level| {
            let counts = self.counts(level);
            counts.passed + counts.failed + counts.known > 0
        };

        let unfinished = self.unfinished(strict);
        let (grade, words) = if !Level::ALL.into_iter().any(tested)
            && self.count_deciding(strict, CaseResult::was_throttled) == 0
        {
            let skipped = match self.count(CaseResult::was_throttled) {
                _ if self.results.is_empty() => "",
                0 => ": every case was skipped",
                _ => ": every case was skipped or throttled",
            };
            (Grade::Untested, format!("Nothing was tested{skipped}"))
        } else if !musts.is_empty() {
            let also =
                if shoulds.is_empty() { String::new() } else { format!(", and {}", failing(&shoulds, "SHOULD")) };
            (Grade::Broken, format!("{side} breaks the contract: {}{also}", failing(&musts, "MUST")))
        } else if let Some(unfinished) = unfinished.filter(|_| shoulds.is_empty() || !strict) {
            let also = if shoulds.is_empty() { String::new() } else { format!("; {}", failing(&shoulds, "SHOULD")) };
            (Grade::Unfinished, format!("{side} was not tested completely: {unfinished}{also}"))
        } else if !shoulds.is_empty() {
            let held =
                if tested(Level::Must) { "keeps every MUST that was tested" } else { "was not tested for any MUST" };
            let (grade, counts) =
                if strict { (Grade::Broken, ", but --strict counts a SHOULD too: ") } else { (Grade::Holds, "; ") };
            (grade, format!("{side} {held}{counts}{}", failing(&shoulds, "SHOULD")))
        } else if !mays.is_empty() {
            (Grade::Holds, format!("{side} keeps every MUST and SHOULD that was tested; {}", failing(&mays, "MAY")))
        } else {
            let levels: Vec<String> =
                Level::ALL.into_iter().filter(|level| tested(*level)).map(|level| level.to_string()).collect();
            let other = if self.count_known() > 0 { "every other" } else { "every" };
            (Grade::Clean, format!("{side} keeps the contract: {other} {} that was tested holds", anded(&levels)))
        };
        let exceptions = self.exceptions();
        // A run with exceptions is not a clean one.
        let grade = if grade == Grade::Clean && !exceptions.is_empty() { Grade::Holds } else { grade };
        Verdict { grade, words: format!("{words}{exceptions}.") }
    }

    /// What does not count or was excluded on purpose.
    fn exceptions(&self) -> String {
        let mut exceptions = String::new();
        let known = self.clauses_of(|result| result.known().is_some());
        // Writing to a String does not fail.
        let _ = match self.count_known() {
            0 => Ok(()),
            1 => write!(exceptions, "; 1 failure is known and does not count ({})", named(&known)),
            count => write!(exceptions, "; {count} failures are known and do not count ({})", named(&known)),
        };
        let excluded = self.clauses_of(CaseResult::is_excluded);
        if !excluded.is_empty() {
            let _ = write!(exceptions, "; excluded with --skip: {}", named(&excluded));
        }
        if let Some(options) = &self.limited_by {
            let _ = write!(exceptions, "; the run was limited by {}", collapse(options));
        }
        exceptions
    }

    /// The clauses with such results, by level; each is listed with its level unless that is MUST.
    fn clauses_of(&self, fits: impl Fn(&CaseResult) -> bool) -> Vec<String> {
        let mut clauses: Vec<String> = Vec::new();
        let mut results: Vec<&CaseResult> = self.results.iter().filter(|result| fits(result)).collect();
        results.sort_by_key(|result| result.level);
        for result in results {
            let clause = match result.level {
                Level::Must => result.clause.clone(),
                level => format!("{level} {}", result.clause),
            };
            if !clauses.contains(&clause) {
                clauses.push(clause);
            }
        }
        clauses
    }

    /// How many failures are known.
    fn count_known(&self) -> usize {
        self.count(|result| result.known().is_some())
    }

    /// How many cases that count have no verdict, and why.
    fn unfinished(&self, strict: bool) -> Option<String> {
        let cases = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 case that counts was {what}")),
            count => Some(format!("{count} cases that count were {what}")),
        };
        let throttled = cases(self.count_deciding(strict, CaseResult::was_throttled), "throttled");
        let skipped_for_time = cases(
            self.count_deciding(strict, CaseResult::was_skipped_for_time),
            "not tried because the run ran out of time",
        );
        let down = cases(
            self.count_deciding(strict, |result| result.was_skipped(SkipCode::EndpointDown)),
            "not tested because the endpoint stopped accepting messages",
        );
        let all: Vec<String> = throttled.into_iter().chain(skipped_for_time).chain(down).collect();
        (!all.is_empty()).then(|| anded(&all))
    }
}

/// The number of clauses that fail, with the first few of them.
fn failing(ids: &[&str], level: &str) -> String {
    match ids.len() {
        1 => format!("1 {level} fails ({})", named(ids)),
        count => format!("{count} {level}s fail ({})", named(ids)),
    }
}

/// The first few of these.
fn named(ids: &[impl AsRef<str>]) -> String {
    const MAX_NAMED: usize = 6;
    let first: Vec<&str> = ids.iter().take(MAX_NAMED).map(AsRef::as_ref).collect();
    let mut text = first.join(", ");
    if ids.len() > MAX_NAMED {
        // Writing to a String does not fail.
        let _ = write!(text, " and {} more", ids.len() - MAX_NAMED);
    }
    text
}

pub(super) fn anded(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
