//! This kit's sender before the listener.

use contract_tests::{
    Listener,
    report::{CaseOutcome, Report},
};
use delivery::{AddressGuard, AllowedAddresses, Client, ClientOptions, Outcome};
use schemas::{Authentication, Profile, Sample, StepMessage};
use sender::WireMessage;

use crate::listen::{basic, client_secret, standing::Standing};

/// Sends every valid sample.
async fn report(authentication: Authentication) -> Report {
    let guard = AddressGuard::default().allow(AllowedAddresses::Loopback);
    let client = Client::new(&ClientOptions { guard, ..ClientOptions::default() }).unwrap();
    let standing = Standing::start(Listener::new(authentication.clone())).await;
    let target = standing.url.parse().unwrap();
    for sample in Sample::valid() {
        let message: StepMessage = serde_json::from_slice(sample.body).unwrap();
        let message = StepMessage { client_secret: None, ..message };
        let composed = WireMessage::from_message(&message, &authentication, Profile::v1()).unwrap();
        let outcome = client.deliver(&target, composed.request()).await;
        assert!(matches!(outcome, Outcome::Accepted(_)), "{}: {outcome:?}", sample.name);
        for seen in standing.seen() {
            assert!(seen.broken.is_empty(), "{}: {seen:?}", sample.name);
        }
    }
    standing.stop().await
}

fn outline(report: &Report) -> String {
    let line = |id: &str, what: &str| format!("{id:<16} {what}\n");
    let results = report.results.iter().map(|result| match &result.outcome {
        CaseOutcome::Passed => line(&result.id, "passed"),
        CaseOutcome::Failed(failure) => line(&result.id, &format!("FAILED {failure:?}")),
        CaseOutcome::Known(known) => line(&result.id, &format!("known {known:?}")),
        CaseOutcome::Throttled { reason } => line(&result.id, &format!("throttled: {reason}")),
        CaseOutcome::Skipped { reason, .. } => line(&result.id, &format!("skipped: {reason}")),
    });
    results.chain(report.notices.iter().map(|notice| format!("! {notice}\n"))).collect()
}

#[tokio::test]
async fn every_sample_without_authentication_keeps_every_clause() {
    let report = report(Authentication::None).await;
    assert!(report.holds(true));
    insta::assert_snapshot!("kit-none", outline(&report));
}

#[tokio::test]
async fn every_sample_with_a_client_secret_keeps_every_clause() {
    let report = report(client_secret()).await;
    assert!(report.holds(true));
    insta::assert_snapshot!("kit-client-secret", outline(&report));
}

#[tokio::test]
async fn every_sample_with_basic_keeps_every_clause() {
    let report = report(basic()).await;
    assert!(report.holds(true));
    insta::assert_snapshot!("kit-basic", outline(&report));
}
