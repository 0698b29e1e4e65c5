//! One connection that a careful sender uses well.

use std::time::Duration;

use contract_tests::Listener;
use schemas::Authentication;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, oneshot},
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
    let told = "2 arrived on a kept-alive connection, 2 in chunks, 1 with Expect: 100-continue.";
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

/// Begins `count` messages, each on a connection of its own; the connections when all have been taken.
async fn taken(
    listener: Listener,
    count: usize,
) -> (Vec<TcpStream>, tokio::task::JoinHandle<contract_tests::Report>, oneshot::Sender<()>) {
    let listening = listener.bind().await.unwrap();
    let address = listening.url()["http://".len()..].split('/').next().unwrap().to_owned();
    let (told, mut taken) = mpsc::unbounded_channel();
    let listening = listening.on_message(move |seen| told.send(seen.number).unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let run = tokio::spawn(listening.run(async move {
        // Without a word it goes on.
        if stopped.await.is_err() {
            std::future::pending().await
        }
    }));
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&crate::listen::request(&[crate::listen::HOST, crate::listen::JSON], BODY)).await.unwrap();
        taken.recv().await.unwrap();
        streams.push(stream);
    }
    (streams, run, stop)
}

#[tokio::test]
async fn every_message_that_was_taken_is_answered_before_the_run_ends() {
    let listener = || Listener::new(Authentication::None);
    let hour = Duration::from_secs(3600);
    for (name, listener, stops) in [
        ("the last of the messages", listener().messages(3).delay(Duration::from_millis(300)), false),
        ("the time", listener().duration(Duration::from_secs(2)).delay(hour), false),
        ("a signal", listener().delay(hour), true),
        ("a signal after the last of the messages", listener().messages(3).delay(hour), true),
    ] {
        let (streams, run, stop) = taken(listener, 3).await;
        if stops {
            stop.send(()).unwrap();
        }
        for mut stream in streams {
            assert!(read_until(&mut stream, "seen\n").await.starts_with("HTTP/1.1 200 "), "{name}");
            // One that is kept would hold up the end.
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "{name}");
        }
        let report = run.await.unwrap();
        assert!(report.holds(true) && report.notices[0].contains("3 messages"), "{name}: {:?}", report.notices);
    }
}

#[tokio::test]
async fn no_message_is_taken_after_the_last_one() {
    let (mut streams, run, _stop) =
        taken(Listener::new(Authentication::None).messages(2).delay(Duration::from_millis(300)), 2).await;
    // The next one on a connection that is open.
    let next = crate::listen::request(&[crate::listen::HOST, crate::listen::JSON], BODY);
    streams[0].write_all(&next).await.unwrap();
    for mut stream in streams {
        let mut read = String::new();
        stream.read_to_string(&mut read).await.unwrap();
        assert_eq!(read.matches("HTTP/1.1 ").count(), 1, "{read}");
    }
    assert!(run.await.unwrap().notices[0].contains("2 messages"));
}
