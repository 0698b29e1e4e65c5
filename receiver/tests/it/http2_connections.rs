//! HTTP/2 connections: deadlines, eviction, resets and shutdown.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{Full, StreamBody};
use hyper::body::Frame;
use rustls::{pki_types::ServerName, version::TLS13};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::support::{
    delayed_stream::DelayedStream,
    http2_client::{MESSAGE, Server, frame, json, post, soon, tokio_stream},
};

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
