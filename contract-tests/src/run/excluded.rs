//! What was left out on purpose is in the report, too: a clause that nobody tested must not look like one that holds.

use super::outcome::{Outcome, Reason};
use crate::{case::Case, credential, hint::Software, report::Report, target::Target};

/// Adds a result for each case that only `--skip` left out.
pub(super) fn add(report: &mut Report, target: &Target) {
    let kind = credential::kind(&target.authentication);
    let excluded = Case::all().iter().filter(|case| case.runs_with(kind)).filter_map(|case| {
        let pattern = case.excluded_by(target)?;
        let is_there = report.results.iter().any(|result| result.id == case.id);
        (!is_there).then(|| {
            Outcome::Skipped(Reason::Excluded(pattern.to_owned())).result(case, case.of_clause(), &Software::default())
        })
    });
    let excluded: Vec<_> = excluded.collect();
    if excluded.is_empty() {
        return;
    }
    report.results.extend(excluded);
    report.results.sort_by_key(|result| Case::all().iter().position(|case| case.id == result.id));
}
