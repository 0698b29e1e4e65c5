//! `check`: the reference receiver keeps every clause; faulty endpoints get the right finding, in one sentence if that is
//! enough; the program's options, exit codes and reports; and no credential in any output.

mod availability;
mod causes;
mod credentials;
mod endpoint;
mod exceptions;
mod hygiene;
mod load;
mod outages;
mod program;
mod proxy;
mod reference;
mod run;
mod seen;

use contract_tests::{Report, report::CaseOutcome};
use schemas::{Authentication, ClientSecret};

fn client_secret(text: &str) -> Authentication {
    Authentication::ClientSecret { client_secret: ClientSecret::new(text.to_owned()).unwrap() }
}

fn failures(report: &Report) -> Vec<String> {
    let failed = report.results.iter().filter_map(|result| Some((result, result.failure()?)));
    failed.map(|(result, failure)| format!("{} {}: {}", result.id, result.title, failure.actual)).collect()
}

fn failed_clauses(report: &Report) -> Vec<&str> {
    let failed = report.results.iter().filter(|result| result.failure().is_some());
    let mut clauses: Vec<&str> = failed.map(|result| result.clause.as_str()).collect();
    clauses.dedup();
    clauses
}

fn passed(report: &Report, id: &str) -> bool {
    report.results.iter().any(|result| result.id == id && result.outcome == CaseOutcome::Passed)
}
