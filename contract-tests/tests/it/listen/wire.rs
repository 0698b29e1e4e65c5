//! One connection that a careful sender uses well.

use contract_tests::Listener;
use schemas::Authentication;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::listen::{BODY, standing::Standing};

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let byte = stream.read_u8().await.unwrap();
        read.push(byte);
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn a_kept_connection_takes_messages_in_pieces_and_after_100_continue() {
    let standing = Standing::start(Listener::new(Authentication::None)).await;
    let address = standing.url["http://".len()..].split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();

    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let expecting = format!("{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", BODY.len());
    stream.write_all(expecting.as_bytes()).await.unwrap();
    assert_eq!(read_until(&mut stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(BODY.as_bytes()).await.unwrap();
    assert!(read_until(&mut stream, "seen\n").await.starts_with("HTTP/1.1 200 "));

    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    // Two requests, the second begun in the same write as the end of the first.
    for piece in [chunked.clone(), chunked].concat().as_bytes().chunks(7) {
        stream.write_all(piece).await.unwrap();
    }
    for _ in 0..2 {
        assert!(read_until(&mut stream, "seen\n").await.starts_with("HTTP/1.1 200 "));
    }
    drop(stream);

    let report = standing.stop().await;
    assert!(report.holds(true), "{report:?}");
    let told = "2 came on a kept connection, 2 in chunks, 1 with Expect: 100-continue.";
    assert!(report.notices.iter().any(|notice| notice.ends_with(told)), "{:?}", report.notices);
}

#[tokio::test]
async fn the_run_ends_after_the_messages_that_were_asked_for() {
    let listening = Listener::new(Authentication::None).messages(2).bind().await.unwrap();
    let address = listening.url()["http://".len()..].split('/').next().unwrap().to_owned();
    let run = tokio::spawn(listening.run(std::future::pending()));
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&crate::listen::request(&[crate::listen::HOST, crate::listen::JSON], BODY)).await.unwrap();
        assert!(read_until(&mut stream, "seen\n").await.contains("200"));
    }
    assert!(run.await.unwrap().holds(true));
}
