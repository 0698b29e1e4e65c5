//! The verdict of a run in words.

use std::fmt::Write as _;

use schemas::Level;

use super::{
    Report,
    group::{broken, side},
};

/// A verdict: how it went, and one sentence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it went.
    pub grade: Grade,
    /// The sentence.
    pub words: String,
}

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// All that was tested holds.
    Clean,
    /// What counts holds, something else does not.
    Holds,
    /// Something that counts fails.
    Broken,
    /// What was tested holds, but something that counts was throttled, there was no time for it, or the endpoint stopped
    /// accepting messages before it.
    Unfinished,
    /// Nothing was tested.
    Untested,
}

impl Report {
    /// The verdict; with `strict` a SHOULD counts as a MUST does.
    pub fn verdict(&self, strict: bool) -> Verdict {
        let side = side(self);
        let broken = broken(self);
        let of = |level: Level| {
            let ids = broken.iter().filter(|clause| clause.clause.level == level).map(|clause| clause.clause.id);
            ids.collect::<Vec<&str>>()
        };
        let [musts, shoulds, mays] = Level::ALL.map(of);
        let tested = |level: Level| self.tally(level).passed + self.tally(level).failed > 0;

        let unproven = self.unproven(strict);
        let (grade, words) = if !Level::ALL.into_iter().any(tested) && self.throttled(strict) == 0 {
            let skipped = match self.count_throttled() {
                _ if self.results.is_empty() => "",
                0 => ": every case was skipped",
                _ => ": every case was skipped or throttled",
            };
            (Grade::Untested, format!("Nothing was tested{skipped}."))
        } else if !musts.is_empty() {
            let also =
                if shoulds.is_empty() { String::new() } else { format!(", and {}", failing(&shoulds, "SHOULD")) };
            (Grade::Broken, format!("{side} breaks the contract: {}{also}.", failing(&musts, "MUST")))
        } else if let Some(unproven) = unproven.filter(|_| shoulds.is_empty() || !strict) {
            let also = if shoulds.is_empty() { String::new() } else { format!("; {}", failing(&shoulds, "SHOULD")) };
            (Grade::Unfinished, format!("{side} was not tested to the end: {unproven}{also}."))
        } else if !shoulds.is_empty() {
            let held = if tested(Level::Must) { "keeps every MUST that was tested" } else { "was tested for no MUST" };
            let (grade, counts) =
                if strict { (Grade::Broken, ", but --strict counts a SHOULD too: ") } else { (Grade::Holds, "; ") };
            (grade, format!("{side} {held}{counts}{}.", failing(&shoulds, "SHOULD")))
        } else if !mays.is_empty() {
            (Grade::Holds, format!("{side} keeps all that binds it; {}.", failing(&mays, "MAY")))
        } else {
            let levels: Vec<String> =
                Level::ALL.into_iter().filter(|level| tested(*level)).map(|level| level.to_string()).collect();
            (Grade::Clean, format!("{side} keeps the contract: every {} that was tested holds.", anded(&levels)))
        };
        Verdict { grade, words }
    }

    /// How many cases that decide have no verdict, and why.
    fn unproven(&self, strict: bool) -> Option<String> {
        let cases = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 case that counts was {what}")),
            count => Some(format!("{count} cases that count were {what}")),
        };
        let throttled = cases(self.throttled(strict), "throttled");
        let hurried = cases(self.hurried(strict), "not tried for want of time");
        let down = cases(self.down(strict), "not tested because the endpoint stopped accepting messages");
        let all: Vec<String> = throttled.into_iter().chain(hurried).chain(down).collect();
        (!all.is_empty()).then(|| anded(&all))
    }
}

/// So many clauses that fail, with the first few of them.
fn failing(ids: &[&str], level: &str) -> String {
    const NAMED: usize = 6;
    let mut text = match ids.len() {
        1 => format!("1 {level} fails ("),
        count => format!("{count} {level}s fail ("),
    };
    text.push_str(&ids[..ids.len().min(NAMED)].join(", "));
    if ids.len() > NAMED {
        // Writing to a String does not fail.
        let _ = write!(text, " and {} more", ids.len() - NAMED);
    }
    text.push(')');
    text
}

fn anded(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
