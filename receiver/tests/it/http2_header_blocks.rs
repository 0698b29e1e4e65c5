//! The room that long heads share over HTTP/2, whether they have ended or not.

use futures_util::future::select_all;
use http::StatusCode;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::support::http2_client::{Server, frame, post, soon};

/// Takes room of 1 MiB for each long head, so that 64 have room.
const LIMITS: &str = "[limits]\nheader_bytes = 524288\nheader_timeout = \"1h\"\nbody_timeout = \"1h\"\n";
const HAVE_ROOM: usize = 64;
const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// The beginning of a header block, about this many bytes in two frames.
fn unended_block(bytes: usize) -> Vec<u8> {
    let field = [&[0, 1, b'x', 100][..], &[b'x'; 100]].concat();
    let half = field.repeat(bytes / 2 / field.len());
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    [&preface[..], &frame(SETTINGS, 0, 0, &[]), &frame(HEADERS, 0, 1, &half), &frame(CONTINUATION, 0, 1, &half)]
        .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn header_blocks_that_do_not_end_share_a_room_and_the_next_one_ends_its_connection() {
    let server = Server::start(LIMITS);
    let mut open = Vec::new();
    for _ in 0..HAVE_ROOM {
        let mut stream = server.stream().await;
        stream.write_all(&unended_block(24_000)).await.unwrap();
        open.push(stream);
    }
    // Which of them is read last is not known here.
    let mut more = server.stream().await;
    more.write_all(&unended_block(24_000)).await.unwrap();
    open.push(more);
    let to_end = |mut stream: TlsStream<TcpStream>| async move {
        let mut answered = Vec::new();
        let _ = stream.read_to_end(&mut answered).await;
    };
    let ended = open.into_iter().map(|stream| Box::pin(to_end(stream)));
    let ((), _, open) = soon(select_all(ended)).await;
    // Short ones need no room, and one that has gone has left its own.
    let mut short = server.stream().await;
    short.write_all(&unended_block(14_000)).await.unwrap();
    drop(open);
    let is_well = async {
        loop {
            let (client, connection) = h2::client::handshake(server.stream().await).await.unwrap();
            let ended = tokio::spawn(connection);
            let mut client = client.ready().await.unwrap();
            let mut request = post("/other", "").map(drop);
            request.headers_mut().insert("x-long", "x".repeat(12_000).parse().unwrap());
            let (answer, _body) = client.send_request(request, true).unwrap();
            let answer = answer.await;
            ended.abort();
            if answer.is_ok_and(|answer| answer.status() == StatusCode::NOT_FOUND) {
                return;
            }
        }
    };
    soon(is_well).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_long_heads_share_a_room_and_are_refused_beyond_it() {
    const EACH: usize = HAVE_ROOM / 2;
    let server = Server::start(LIMITS);
    let request = |path: &str| {
        let mut request = post(path, "").map(drop);
        request.headers_mut().insert("x-long", "x".repeat(12_000).parse().unwrap());
        request
    };
    let mut connections = Vec::new();
    let mut open = Vec::new();
    for _ in 0..3 {
        let (client, mut connection) = h2::client::handshake(server.stream().await).await.unwrap();
        let mut ping = connection.ping_pong().unwrap();
        connections.push(tokio::spawn(connection));
        let mut client = client.ready().await.unwrap();
        for _ in 0..EACH {
            client = client.ready().await.unwrap();
            // Their bodies never end.
            open.push(client.send_request(request("/none"), false).unwrap());
        }
        soon(ping.ping(h2::Ping::opaque())).await.unwrap();
    }
    let mut answers: Vec<_> =
        open.into_iter().map(|(answer, body)| Box::pin(async move { (answer.await, body) })).collect();
    for _ in 0..EACH {
        let ((answer, body), _, rest) = soon(select_all(answers)).await;
        assert_eq!(answer.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(body);
        answers = rest;
    }
    assert_eq!(answers.len(), HAVE_ROOM);
}
