//! The proof that the catalogue has teeth: a receiver that keeps the contract, and one with each of many defects that
//! real endpoints have. The first is never blamed; each of the others is, by a case of the clause that it breaks.
//!
//! The receiver is not the kit's: it knows nothing but the contract, so that the kit cannot judge itself.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

#[path = "mutants/answer.rs"]
mod answer;
#[path = "mutants/connection.rs"]
mod connection;
#[path = "mutants/credentials.rs"]
mod credentials;
#[path = "mutants/defect.rs"]
mod defect;
#[path = "mutants/defects.rs"]
mod defects;
#[path = "mutants/json.rs"]
mod json;
#[path = "mutants/matrix.rs"]
mod matrix;
#[path = "mutants/request.rs"]
mod request;
#[path = "mutants/rules.rs"]
mod rules;
#[path = "mutants/tls.rs"]
mod tls;

use rules::{Expected, Rules};
use tls::Certificate;

/// The endpoints that keep the contract with telling credentials.
fn correct() -> [(&'static str, Rules); 3] {
    [
        ("nothing", Rules::correct(Expected::Nothing)),
        ("a secret", Rules::correct(Expected::Secret(&credentials::SECRET))),
        ("Basic", Rules::correct(Expected::Basic(&credentials::USERNAME, &credentials::PASSWORD))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_without_a_defect_is_never_blamed() {
    for (expects, rules) in correct() {
        for certificate in [None, Some(Certificate::Good)] {
            let report = matrix::run(rules.clone(), certificate, 8).await;
            let blamed: Vec<_> = report
                .results
                .iter()
                .filter(|result| matches!(result.outcome, contract_tests::report::CaseOutcome::Failed(_)))
                .collect();
            assert!(blamed.is_empty(), "it expects {expects}: {:?} {blamed:#?}", report.notices);
            assert!(report.results.len() > 50, "it expects {expects}: {:?}", report.notices);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_defect_is_caught_by_its_clause() {
    let rows = matrix::rows().await;
    let mut missed = Vec::new();
    for row in &rows {
        let catches: Vec<&str> = row.catches().collect();
        let unrelated: Vec<&str> = row.unrelated().collect();
        println!(
            "{} {:<8} {:<75} {:>3} ran  {}{}",
            if row.is_caught() { "  " } else { "!!" },
            row.defect.clause,
            row.defect.name,
            row.ran,
            catches.join(" "),
            if unrelated.is_empty() { String::new() } else { format!("  BESIDES {}", unrelated.join(" ")) },
        );
        if !row.is_caught() {
            missed.push(row.defect.name);
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}
