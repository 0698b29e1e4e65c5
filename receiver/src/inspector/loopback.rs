//! Sends a message to the receiver's own listener, as any client does, with the credential of its endpoint.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use schemas::{Authentication, Role, json};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{Inspected, page::Problem};
use crate::config::{Config, EndpointConfig};

/// Maximum time from the connection to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(40);
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// The listener's answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The id of the message, or of the refused request.
    pub(super) request_id: String,
    pub(super) body: String,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Inspected {
    /// Posts a body to an endpoint.
    pub(super) async fn post(&self, endpoint: &str, body: &[u8]) -> Result<Answer, Problem> {
        let config = self.config();
        let Some(endpoint) = config.endpoint(endpoint) else {
            return Err(unknown_endpoint());
        };
        let sent = tokio::time::timeout(TIMEOUT, self.send(&config, request(endpoint, body))).await;
        let sent = sent.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs()).into()));
        sent.map_err(|error| Problem::internal("The message could not be sent to the receiver's own listener", error))
    }

    async fn send(&self, config: &Config, mut request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        let mut address = self.parts.listen;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
                IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16]),
            });
        }
        request.headers_mut().insert(header::HOST, HeaderValue::try_from(address.to_string())?);
        let stream = TcpStream::connect(address).await?;
        let response = match &config.tls {
            None => exchange(stream, request).await?,
            Some(tls) => {
                let connector = TlsConnector::from(tls.client());
                exchange(connector.connect(ServerName::IpAddress(address.ip().into()), stream).await?, request).await?
            }
        };
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await?.to_bytes();
        let id = head.headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        let (request_id, body) = (id.to_owned(), String::from_utf8_lossy(&body).into_owned());
        Ok(Answer { status: head.status, request_id, body })
    }
}

pub(super) fn unknown_endpoint() -> Problem {
    let advice = "It may have been removed from the configuration; load the page again.";
    Problem::new(StatusCode::NOT_FOUND, "There is no such endpoint", advice)
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<hyper::body::Incoming>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the exchange; an error is the sender's too.
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

fn request(endpoint: &EndpointConfig, body: &[u8]) -> Request<Full<Bytes>> {
    let mut request = Request::post(endpoint.path.as_str()).header(header::CONTENT_TYPE, "application/json");
    let mut body = Bytes::copy_from_slice(body);
    match &endpoint.authentication {
        Authentication::None => {}
        Authentication::Basic(basic) => {
            if let Ok(mut value) = HeaderValue::try_from(basic.header().expose_secret()) {
                value.set_sensitive(true);
                request = request.header(header::AUTHORIZATION, value);
            }
        }
        Authentication::ClientSecret { client_secret } => {
            let secret = Value::from(client_secret.expose()).to_string();
            // A body that is not a JSON object is sent as it is, to see how it is refused.
            if let Some(place) = endpoint.profile.pointer(Role::ClientSecret)
                && let Ok(edited) = json::put(&body, place, &secret)
            {
                body = edited.body.into();
            }
        }
    }
    request.body(Full::new(body)).expect("the configuration's paths are valid")
}
