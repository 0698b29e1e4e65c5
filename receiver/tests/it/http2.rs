//! HTTP/2 over TLS: the same answers and limits as HTTP/1.1, and clients that make the most of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::{body::Frame, body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{pki_types::ServerName, version::TLS13};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{
    certificate::{Certificate, TLS},
    delayed_stream::DelayedStream,
    program::Receiver,
    raw_client::{PATIENCE, Raw},
};

const MESSAGE: &str = r#"{"a":1}"#;
const SECRET: &str = "canary-secret-h2";
const ENDPOINTS: &str = r#"
[[endpoint]]
path = "/none"
[[endpoint]]
path = "/secret"
authentication = { type = "client-secret", secret = "file:secret" }
[[endpoint]]
path = "/basic"
authentication = { type = "basic", username = "jo", password = "file:secret" }
"#;

pub(crate) struct Server {
    pub(crate) receiver: Receiver,
    certificate: Certificate,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start(limits: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let certificate = Certificate::make();
        certificate.install(folder.path());
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        let receiver = Receiver::start_in(folder.path(), &format!("{limits}{TLS}{ENDPOINTS}"), &[]);
        Self { receiver, certificate, _folder: folder }
    }

    pub(crate) async fn stream(&self) -> TlsStream<TcpStream> {
        let client = self.certificate.client(&[&TLS13], &["h2"]);
        let stream = TcpStream::connect(self.receiver.address).await.unwrap();
        let stream = TlsConnector::from(Arc::new(client)).connect(ServerName::try_from("localhost").unwrap(), stream);
        stream.await.unwrap()
    }

    /// A client, and what comes when its connection ends.
    async fn client<B>(&self) -> (http2::SendRequest<B>, tokio::task::JoinHandle<Result<(), hyper::Error>>)
    where
        B: http_body::Body<Data = Bytes, Error = std::convert::Infallible> + Send + Unpin + 'static,
    {
        let stream = TokioIo::new(self.stream().await);
        let (client, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        (client, tokio::spawn(connection))
    }

    /// One message on a connection of its own.
    async fn is_well(&self) -> bool {
        let (mut client, _connection) = self.client().await;
        client.send_request(post("/none", MESSAGE)).await.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }
}

pub(crate) fn post(path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::post(format!("https://localhost{path}")).header(header::CONTENT_TYPE, "application/json");
    request.body(Full::new(body.into())).unwrap()
}

async fn json(answer: Response<Incoming>) -> serde_json::Value {
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

/// Fails the test rather than to wait for ever.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_at_a_time_on_one_connection_are_all_stored() {
    let server = Server::start("");
    let (client, _connection) = server.client().await;
    // How many may be open at a time is known once an answer is there; until then a client may open too many.
    soon(client.clone().send_request(post("/none", MESSAGE))).await.unwrap();
    let sent = (0..300).map(|number| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let answer = client.send_request(post("/none", format!(r#"{{"a":{number}}}"#))).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{number}");
            (json(answer).await["id"].clone(), number)
        })
    });
    let mut acknowledged = Vec::new();
    for answer in sent.collect::<Vec<_>>() {
        acknowledged.push(soon(answer).await.unwrap());
    }
    let stored = server.receiver.exported();
    assert_eq!(stored.len(), 301);
    for (id, number) in acknowledged {
        let record = stored.iter().find(|record| record["id"] == id).unwrap();
        assert_eq!(record["body"], format!(r#"{{"a":{number}}}"#));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_refused_as_over_http_1_1() {
    let server = Server::start("[limits]\nbody_bytes = 1000\n");
    let (mut client, _connection) = server.client().await;
    let with = |field: &'static str, value: &'static str| {
        let mut request = post("/none", MESSAGE);
        request.headers_mut().insert(field, value.parse().unwrap());
        request
    };
    let mut get = post("/none", MESSAGE);
    *get.method_mut() = http::Method::GET;
    let secret = format!(r#"{{"clientSecret":"{SECRET}"}}"#);
    let many = {
        let mut request = post("/none", MESSAGE);
        for number in 0..150 {
            request
                .headers_mut()
                .insert(http::HeaderName::try_from(format!("x-{number}")).unwrap(), "1".parse().unwrap());
        }
        request
    };
    for (case, request, status, code) in [
        ("no endpoint", post("/other", MESSAGE), 404, "not-found"),
        ("no POST", get, 405, "method-not-allowed"),
        ("no password", post("/basic", MESSAGE), 401, "basic-refused"),
        ("too large", post("/none", " ".repeat(1001)), 413, "too-large"),
        ("no JSON type", with("content-type", "text/plain"), 415, "unsupported-media-type"),
        ("compressed", with("content-encoding", "gzip"), 415, "unsupported-media-type"),
        ("no JSON", post("/none", "{"), 400, "not-json"),
        ("no message", post("/none", "[]"), 422, "not-a-message"),
        ("no secret", post("/secret", MESSAGE), 403, "client-secret-refused"),
        ("many fields", many, 431, "head-too-large"),
        ("another expectation", with("expect", "x"), 417, "expectation-failed"),
    ] {
        let answer = soon(client.send_request(request)).await.unwrap();
        assert_eq!(answer.status(), status, "{case}");
        assert_eq!(answer.headers().get(header::CONNECTION), None, "{case}");
        assert_eq!(answer.headers().contains_key(header::WWW_AUTHENTICATE), status == 401, "{case}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json", "{case}");
        assert!(answer.headers()[header::DATE].to_str().unwrap().ends_with(" GMT"), "{case}: {answer:?}");
        assert_eq!(json(answer).await["code"], code, "{case}");
    }
    let answer = soon(client.send_request(post("/secret", secret))).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "the connection still serves");
    assert_eq!(server.receiver.exported().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_beyond_the_limit_is_refused() {
    let server = Server::start("[limits]\nheader_bytes = 8192\n");
    let (mut client, _connection) = server.client().await;
    let mut request = post("/none", MESSAGE);
    request.headers_mut().insert("x-long", "x".repeat(12_000).parse().unwrap());
    let refused = soon(client.send_request(request)).await;
    assert!(refused.as_ref().map_or(true, |answer| answer.status() == 431), "{refused:?}");
    assert!(server.is_well().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_there_is_no_http_2() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\n");
    let mut raw = Raw::connect(receiver.address);
    raw.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    assert!(raw.answer().is_none_or(|answer| answer.status == 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_slow_clients_meet_the_deadlines() {
    let server =
        Server::start("[limits]\nheader_timeout = \"400ms\"\nbody_timeout = \"400ms\"\nidle_timeout = \"600ms\"\n");
    let began = Instant::now();
    let least = Duration::from_millis(350);

    let (_silent, connection) = server.client::<Full<Bytes>>().await;
    let _ = soon(connection).await;
    assert!(began.elapsed() > least, "silent: {:?}", began.elapsed());

    let began = Instant::now();
    let (mut slow, connection) = server.client().await;
    let (_open, body) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, std::convert::Infallible>>(1);
    let body = StreamBody::new(tokio_stream(body));
    let request = Request::post("https://localhost/none").header(header::CONTENT_TYPE, "application/json");
    let answer = soon(slow.send_request(request.body(body).unwrap())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(json(answer).await["code"], "body-timeout");
    let _ = soon(connection).await;
    assert!(began.elapsed() > least, "slow, then idle: {:?}", began.elapsed());
    assert!(server.is_well().await);
}

fn tokio_stream<T: Send>(
    mut receiver: tokio::sync::mpsc::Receiver<T>,
) -> impl futures_util::Stream<Item = T> + Send + Unpin {
    futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx))
}

/// A client that opens no window takes no answer, so its requests never end by themselves.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_answers_is_closed() {
    let server = Server::start("[limits]\nbody_timeout = \"300ms\"\nidle_timeout = \"300ms\"\n");
    let (client, connection) =
        h2::client::Builder::new().initial_window_size(0).handshake::<_, Bytes>(server.stream().await).await.unwrap();
    let ended = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = post("/none", MESSAGE).map(drop);
    let (answer, mut body) = client.send_request(request, false).unwrap();
    body.send_data(MESSAGE.into(), true).unwrap();
    let answer = soon(answer).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    // The client is there and answers every ping, but reads nothing of the body.
    let _ = soon(ended).await;
    assert!(server.is_well().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_cap_who_begins_a_body_and_never_ends_it_keeps_nobody_out() {
    let server = Server::start("[limits]\nconnections = 1\nbody_timeout = \"1h\"\nidle_timeout = \"1h\"\n");
    let (client, mut connection) = h2::client::handshake(server.stream().await).await.unwrap();
    let mut ping = connection.ping_pong().unwrap();
    let ended = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (_answer, _body) = client.send_request(post("/none", MESSAGE).map(drop), false).unwrap();
    soon(ping.ping(h2::Ping::opaque())).await.unwrap();
    assert!(soon(server.is_well()).await);
    let _ = soon(ended).await;
}

/// CVE-2023-44487: requests that are taken back at once cost the client nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_its_requests_back_in_a_row_is_cut_off() {
    let server = Server::start("");
    let (client, connection) = h2::client::handshake(server.stream().await).await.unwrap();
    let ended = tokio::spawn(connection);
    let mut client = client;
    let mut sent = 0;
    let cut_off = async {
        while sent < 100_000 {
            client = client.ready().await?;
            let (_answer, mut body) = client.send_request(post("/none", MESSAGE).map(drop), false)?;
            body.send_reset(h2::Reason::CANCEL);
            sent += 1;
            tokio::task::yield_now().await;
        }
        Ok::<_, h2::Error>(())
    };
    let error = soon(cut_off).await.unwrap_err();
    assert!(sent < 100_000, "{sent} requests were taken back");
    let ended = soon(ended).await.unwrap().err();
    let reason = ended.as_ref().and_then(h2::Error::reason).or(error.reason());
    // A socket that is closed with requests unread is reset, and then what was sent before may be lost (RFC 9293, 3.6.1).
    let was_reset = ended.as_ref().is_some_and(h2::Error::is_io) || error.is_io();
    assert!(
        reason == Some(h2::Reason::ENHANCE_YOUR_CALM) || (reason.is_none() && was_reset),
        "{reason:?} after {sent}"
    );
    assert!(server.is_well().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_has_64_requests_at_a_time() {
    let server = Server::start("");
    let (client, connection) = h2::client::handshake(server.stream().await).await.unwrap();
    let _ended = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    // The settings have come once an answer has.
    let (answer, _body) = client.send_request(post("/other", "").map(drop), true).unwrap();
    assert_eq!(soon(answer).await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(client.current_max_send_streams(), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_begun_when_the_end_comes_is_answered_and_stored() {
    let server = Server::start("[limits]\nheader_timeout = \"1500ms\"\n");
    let (mut client, connection) = server.client().await;
    let (sender, body) = tokio::sync::mpsc::channel(1);
    let request = Request::post("https://localhost/none")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::EXPECT, "100-continue");
    let answer = client.send_request(request.body(StreamBody::new(tokio_stream(body))).unwrap());
    let answer = tokio::spawn(answer);
    sender.send(Ok(Frame::data(Bytes::from_static(b"{\"a\"")))).await.unwrap();
    // One that ends behind it shows that the first is there.
    let (mut other, _other_connection) = server.client().await;
    assert_eq!(soon(other.send_request(post("/none", MESSAGE))).await.unwrap().status(), StatusCode::OK);
    // The connection is older than its first head might be.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let Server { receiver, certificate: _, _folder } = server;
    let address = receiver.address;
    let ending = tokio::task::spawn_blocking(move || receiver.terminate());
    // When nobody listens any more, the end has begun.
    while TcpStream::connect(address).await.is_ok() {
        assert!(!ending.is_finished(), "it ended before the request did");
    }
    // Longer than a connection has that is to go at once.
    tokio::time::sleep(Duration::from_millis(300)).await;
    sender.send(Ok(Frame::data(Bytes::from_static(b":1}")))).await.unwrap();
    drop(sender);
    assert_eq!(soon(answer).await.unwrap().unwrap().status(), StatusCode::OK);
    let _ = soon(connection).await;
    assert!(soon(ending).await.unwrap().success());
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// With TLS 1.3 a client's last flight of the handshake and its first request often come together.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_request_that_comes_with_the_handshake_has_the_time_of_a_body() {
    let server = Server::start("[limits]\nheader_timeout = \"1500ms\"\n");
    let client = server.certificate.client(&[&TLS13], &["h2"]);
    let stream = TcpStream::connect(server.receiver.address).await.unwrap();
    let connecting = TlsConnector::from(Arc::new(client));
    let connecting = connecting.connect(ServerName::try_from("localhost").unwrap(), DelayedStream::new(stream));
    let mut stream = soon(connecting).await.unwrap();
    let field = |name: &str, value: &str| {
        let (name_length, value_length) = (u8::try_from(name.len()).unwrap(), u8::try_from(value.len()).unwrap());
        [&[0, name_length], name.as_bytes(), &[value_length], value.as_bytes()].concat()
    };
    let head = [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", "/none"),
        (":authority", "localhost"),
        ("content-type", "application/json"),
    ];
    let head = head.map(|(name, value)| field(name, value)).concat();
    let (settings, end_headers, end_stream) = (frame(4, 0, 0, &[]), 4, 1);
    let begun = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..], &frame(1, end_headers, 1, &head)].concat();
    stream.write_all(&begun).await.unwrap();
    stream.flush().await.unwrap();
    stream.get_mut().0.let_go().await;
    // Longer than a head may take.
    tokio::time::sleep(Duration::from_secs(2)).await;
    stream.write_all(&frame(0, end_stream, 1, MESSAGE.as_bytes())).await.unwrap();
    stream.get_mut().0.let_go().await;
    let answered = async {
        loop {
            let mut frame = [0; 9];
            stream.read_exact(&mut frame).await.unwrap();
            let (length, kind) = (u32::from_be_bytes([0, frame[0], frame[1], frame[2]]), frame[3]);
            stream.read_exact(&mut vec![0; length as usize]).await.unwrap();
            // The answer's head, or the connection's end.
            if [1, 7].contains(&kind) {
                return kind;
            }
        }
    };
    assert_eq!(soon(answered).await, 1);
    assert_eq!(server.receiver.exported().len(), 1);
}
