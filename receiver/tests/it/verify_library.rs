//! The verification face in a stranger's axum service.

use std::net::SocketAddr;

use axum::{Router, routing::post};
use bytes::Bytes;
use receiver::{Verified, Verifier, VerifyLayer};
use schemas::{Authentication, BasicCredentials, ClientSecret, Sample, StepMessage};

use crate::support::raw_client::{self, Raw};

async fn serve(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn status(address: SocketAddr, request: Vec<u8>) -> (u16, Vec<u8>) {
    let answer = tokio::task::spawn_blocking(move || {
        let mut raw = Raw::connect(address);
        raw.send(request);
        raw.answer().unwrap()
    });
    let answer = answer.await.unwrap();
    (answer.status, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_extractor_gives_a_handler_verified_messages_only() {
    let client_secret = ClientSecret::new("right".to_owned()).unwrap();
    let verifier = Verifier::new(&Authentication::ClientSecret { client_secret });
    async fn handler(Verified(message): Verified<StepMessage>) -> String {
        message.flow.flow_identifier
    }
    let address = serve(Router::new().route("/", post(handler)).with_state(verifier)).await;
    let body = |secret: &str| {
        format!(
            r#"{{"clientSecret":"{secret}","trigger":"stepCompleted","flow":{{"flowIdentifier":"FLOW-7"}},"step":{{"stepIdentifier":"S","fields":[]}}}}"#
        )
    };
    assert_eq!(status(address, raw_client::post("/", "", body("right"))).await, (200, b"FLOW-7".to_vec()));
    for (case, body, expected) in [
        ("wrong", body("wrong"), 403),
        ("missing", "{\"a\":1}".to_owned(), 403),
        ("no message", "[]".to_owned(), 422),
        ("nonconforming", "{\"clientSecret\":\"right\"}".to_owned(), 422),
        ("no JSON", "x".to_owned(), 400),
    ] {
        assert_eq!(status(address, raw_client::post("/", "", body)).await.0, expected, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_layer_lets_verified_requests_through_with_their_exact_body() {
    let verifier = Verifier::new(&Authentication::Basic(BasicCredentials::new("jo", "päss".to_owned()).unwrap()));
    let app = Router::new().route("/", post(|body: Bytes| async move { body })).layer(VerifyLayer::new(verifier));
    let address = serve(app).await;
    let body = Sample::find("step-completed-customer-set-up").unwrap().body;
    let right = "authorization: basic am86cMOkc3M=\r\n";
    assert_eq!(status(address, raw_client::post("/", right, body)).await, (200, body.to_vec()));
    assert_eq!(status(address, raw_client::post("/", "", body)).await.0, 401);
}
