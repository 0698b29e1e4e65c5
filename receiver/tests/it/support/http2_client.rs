//! HTTP/2 over TLS: a receiver with a certificate, and clients of its connections.

use std::{convert::Infallible, fs, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{pki_types::ServerName, version::TLS13};
use tempfile::TempDir;
use tokio::{net::TcpStream, sync::mpsc, task::JoinHandle};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    certificate::{Certificate, TLS},
    program::{Receiver, THREE_KINDS},
    raw_client::PATIENCE,
};

pub(crate) const MESSAGE: &str = r#"{"a":1}"#;
pub(crate) const SECRET: &str = "canary-secret-h2";

pub(crate) struct Server {
    pub(crate) receiver: Receiver,
    pub(crate) certificate: Certificate,
    pub(crate) _folder: TempDir,
}

impl Server {
    pub(crate) fn start(limits: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let certificate = Certificate::make();
        certificate.install(folder.path());
        for file in ["secret", "password"] {
            fs::write(folder.path().join(file), SECRET).unwrap();
        }
        let receiver = Receiver::start_in(folder.path(), &format!("{limits}{TLS}{THREE_KINDS}"), &[]);
        Self { receiver, certificate, _folder: folder }
    }

    pub(crate) async fn stream(&self) -> TlsStream<TcpStream> {
        let client = self.certificate.client(&[&TLS13], &["h2"]);
        let stream = TcpStream::connect(self.receiver.address).await.unwrap();
        let stream = TlsConnector::from(Arc::new(client)).connect(ServerName::try_from("localhost").unwrap(), stream);
        stream.await.unwrap()
    }

    /// A client, and what comes when its connection ends.
    pub(crate) async fn client<B>(&self) -> (http2::SendRequest<B>, JoinHandle<Result<(), hyper::Error>>)
    where
        B: http_body::Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
    {
        let stream = TokioIo::new(self.stream().await);
        let (client, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        (client, tokio::spawn(connection))
    }

    /// One message on a connection of its own.
    pub(crate) async fn is_well(&self) -> bool {
        let (mut client, _connection) = self.client().await;
        client.send_request(post("/none", MESSAGE)).await.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }
}

pub(crate) fn post(path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::post(format!("https://localhost{path}")).header(header::CONTENT_TYPE, "application/json");
    request.body(Full::new(body.into())).unwrap()
}

pub(crate) async fn json(answer: Response<Incoming>) -> serde_json::Value {
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

/// Fails the test rather than waiting forever.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}

pub(crate) fn tokio_stream<T: Send>(mut receiver: mpsc::Receiver<T>) -> impl Stream<Item = T> + Send + Unpin {
    stream::poll_fn(move |cx| receiver.poll_recv(cx))
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
