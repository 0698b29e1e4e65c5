//! A service of your own that takes verified messages only:
//! `FLOWINGLY_SECRET=... cargo run -p receiver --example verify`

use axum::{Router, routing::post};
use receiver::{Verified, Verifier};
use schemas::{Authentication, ClientSecret, SecretReference, StepMessage};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = SecretReference::Env("FLOWINGLY_SECRET".to_owned()).resolve()?;
    let verifier = Verifier::new(&Authentication::ClientSecret { client_secret: ClientSecret::new(secret)? });

    let app = Router::new().route("/hooks/flowingly", post(on_message)).with_state(verifier);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

/// Reached by verified messages only; everything else is answered 4xx before.
async fn on_message(Verified(message): Verified<StepMessage>) -> &'static str {
    let _flow = message.flow.flow_identifier;
    "thank you"
}
