//! Endpoints that send interim responses (1xx) and no answer.

use std::{
    io::Write as _,
    net::TcpListener,
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use delivery::{
    AddressGuard, AllowedAddresses, Client, ClientOptions, Dialer, EndpointUrl, Outcome, Request, TransportError,
};

use crate::support::endpoint::read_request;

const INTERIM: &[u8] = b"HTTP/1.1 103 Early Hints\r\n\r\n";

/// Takes one connection, sends so many interim responses and an answer; with `None`, interim responses until the other
/// side closes the connection.
fn endpoint(count: Option<usize>) -> (EndpointUrl, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let serving = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let _ = read_request(&stream);
        match count {
            None => while stream.write_all(&INTERIM.repeat(100)).is_ok() {},
            Some(count) => {
                let answer = [&INTERIM.repeat(count), &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..]].concat();
                // The other side may have had enough.
                let _ = stream.write_all(&answer);
            }
        }
    });
    (target, serving)
}

#[tokio::test]
async fn interim_responses_without_end_are_given_up_and_their_connection_closed() {
    let guard = AddressGuard::default().allow(AllowedAddresses::Loopback);
    let options = ClientOptions { guard, ..ClientOptions::default() };
    let request = || Request::new(Bytes::from_static(b"{}"));
    for (count, is_accepted) in [(Some(0), true), (Some(1), true), (Some(32), true), (Some(33), false), (None, false)] {
        for kept in [false, true] {
            let (target, serving) = endpoint(count);
            let outcome = if kept {
                let dialer = Dialer::new(&options, &target).unwrap();
                dialer.connect().await.unwrap().post(request()).await
            } else {
                Client::new(&options).unwrap().deliver(&target, request()).await
            };
            match outcome {
                Outcome::Accepted(_) => assert!(is_accepted, "{count:?}, {kept}"),
                Outcome::Unanswered(TransportError::InterimResponses) => assert!(!is_accepted, "{count:?}, {kept}"),
                other => panic!("{count:?}, {kept}: {other:?}"),
            }
            // Without end it ends only when the connection is closed.
            tokio::task::spawn_blocking(move || serving.join().unwrap()).await.unwrap();
        }
    }
}
