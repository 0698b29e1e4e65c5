//! The sender against an endpoint that knows only the contract: wiremock, which shares no code with the sender. Headers
//! are literals.

use std::collections::HashSet;

use delivery::Outcome;
use schemas::{Authentication, Profile, Sample, Schema};
use sender::WireMessage;
use serde_json::Value;
use wiremock::{Match as _, Mock, MockServer, Request, ResponseTemplate, matchers};

use crate::pair::{
    BASIC, PART_OF_SECRET, PASSWORD, SECRET, USERNAME, basic, client, client_secret, composed, json, message,
    without_secret,
};

async fn endpoint() -> MockServer {
    let endpoint = MockServer::start().await;
    let accept = Mock::given(matchers::method("POST"))
        .and(matchers::path("/hooks"))
        .and(matchers::header("content-type", "application/json"));
    accept.respond_with(ResponseTemplate::new(204)).mount(&endpoint).await;
    endpoint
}

/// The headers are those of the contract and no others.
fn assert_headers(request: &Request, authorization: Option<&str>, what: &str) {
    let values: Vec<_> = request.headers.get_all("authorization").iter().collect();
    assert_eq!(values, Vec::from_iter(authorization), "{what}");
    let types: Vec<_> = request.headers.get_all("content-type").iter().collect();
    assert_eq!(types, ["application/json"], "{what}");
    let names: HashSet<&str> = request.headers.keys().map(|name| name.as_str()).collect();
    let due = ["host", "content-type", "content-length", "user-agent", "authorization"];
    assert!(names.iter().all(|name| due.contains(name)), "{what}: {names:?}");
}

/// Wiremock's own reading of Basic agrees. It spells the scheme `Basic`, which RFC 9110 has in any letter case.
fn is_basic(request: &Request) -> bool {
    let mut request = request.clone();
    let value = request.headers["authorization"].to_str().unwrap().replacen("basic ", "Basic ", 1);
    request.headers.insert("authorization", value.parse().unwrap());
    matchers::basic_auth(USERNAME, PASSWORD).matches(&request)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_keeps_the_contract_towards_any_endpoint() {
    let client = client();
    for (case, authentication, header, secret) in [
        ("none", Authentication::None, None, None),
        ("client secret", client_secret(SECRET), None, Some(SECRET)),
        ("basic", basic(USERNAME, PASSWORD), Some(BASIC), None),
    ] {
        let endpoint = endpoint().await;
        let target = format!("{}/hooks", endpoint.uri()).parse().unwrap();
        let mut sent = Vec::new();
        for sample in Sample::valid() {
            let bare = WireMessage::from_message(&without_secret(&sample), &authentication, Profile::v1()).unwrap();
            let [message, body] = composed(&sample, &authentication);
            for (way, composed) in [("bare", bare), message, body] {
                let what = format!("{case}: {} as {way}", sample.name);
                let request = composed.request();
                let sent_header = request.headers().get("authorization").map(|value| value.to_str().unwrap());
                assert_eq!(sent_header, header, "{what}");
                let outcome = client.deliver(&target, request).await;
                assert!(matches!(outcome, Outcome::Accepted(_)), "{what}: {outcome:?}");
                sent.push((what, way, sample));
            }
        }

        let requests = endpoint.received_requests().await.unwrap();
        assert_eq!(requests.len(), sent.len());
        for (request, (what, way, sample)) in requests.iter().zip(sent) {
            assert_headers(request, header, &what);
            assert!(header.is_none() || is_basic(request), "{what}");
            let body = json(&request.body);
            assert_eq!(Schema::StepMessage.violations(&body), [], "{what}");

            let mut due = json(sample.body);
            let own = due.as_object_mut().unwrap().remove("clientSecret");
            // A sample's own secret stays where there is no authentication, for it is a part of that body.
            let own = own.filter(|_| case == "none" && way != "bare");
            let secret = secret.map(Value::from).or(own);
            assert_eq!(body.get("clientSecret"), secret.as_ref(), "{what}");
            let count = String::from_utf8_lossy(&request.body).matches(PART_OF_SECRET).count();
            assert_eq!(count, usize::from(case == "client secret"), "{what}");

            let mut less_secret = body.clone();
            less_secret.as_object_mut().unwrap().remove("clientSecret");
            if way == "body" {
                assert_eq!(less_secret, due, "{what}");
                assert!(case != "none" || request.body == sample.body, "{what}: not byte for byte");
            } else {
                let read: schemas::StepMessage = serde_json::from_value(less_secret).unwrap();
                assert_eq!(read, schemas::StepMessage { client_secret: None, ..message(&sample) }, "{what}");
            }
        }
    }
}
