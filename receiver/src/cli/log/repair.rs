//! `log repair`: mend what a start would mend, and say what was done and what is left.

use serde::Serialize;

use super::{Output, check::human, json};
use crate::{
    cli::{Failure, data::Data, say},
    log::{Findings, Recovery, Segments},
};

#[derive(Serialize)]
struct Report {
    repaired: Recovery,
    left: Findings,
}

pub(super) fn run(data: &Data, output: Output) -> Result<(), Failure> {
    let folder = data.alone("this changes the files that it writes (`log check` works beside it)")?;
    let repaired = Segments::repair(&folder.log()).map_err(Failure::failed)?;
    let left = Findings::of(&folder.log()).map_err(Failure::failed)?;
    say(&match output {
        Output::Human => format!("{}\n{}", done(&repaired), human(&left)),
        Output::Json => json(&Report { repaired, left }),
    })
}

fn done(repaired: &Recovery) -> String {
    let mut lines = Vec::new();
    for path in &repaired.heads {
        lines.push(format!("Wrote the head of {} anew.", path.display()));
    }
    if repaired.cut > 0 {
        lines.push(format!("Cut {} bytes off the end: they are no whole record.", repaired.cut));
    }
    for path in &repaired.aside {
        lines.push(format!("Moved what was taken out to {}.", path.display()));
    }
    for path in &repaired.removed {
        lines.push(format!("Removed {}, which held nothing.", path.display()));
    }
    if lines.is_empty() {
        lines.push("There was nothing to mend.".to_owned());
    }
    lines.join("\n") + "\n"
}
