//! The bound: axum alone, answering 200 to anything. It reads the body, as every server must, and does nothing with it.
//! `bare-axum ADDRESS`

use std::{env, error::Error};

use axum::{Router, body::Bytes, routing::post};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).ok_or("which address?")?;
    let app = Router::new().route("/hook", post(|_: Bytes| async { "ok" }));
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, app).await?)
}
