//! Endpoints with a fault.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

/// One that answers whatever this says.
pub(crate) async fn mock(
    answer: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
) -> (MockServer, String) {
    let server = MockServer::start().await;
    Mock::given(matchers::any()).respond_with(answer).mount(&server).await;
    let url = format!("{}/hooks", server.uri());
    (server, url)
}

/// One that answers nothing on any connection, or closes each.
pub(crate) async fn mute(closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            if !closes {
                kept.push(stream);
            }
        }
    });
    url
}

/// An address at which nothing listens, just now.
pub(crate) async fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// One that accepts whatever the head announces as soon as the head is there.
pub(crate) async fn hasty() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut read = Vec::new();
                while !read.windows(4).any(|window| window == b"\r\n\r\n") && stream.read_buf(&mut read).await? > 0 {}
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await?;
                // What is still coming is read, so that the answer is not lost to a reset.
                while stream.read_buf(&mut read).await? > 0 {}
                std::io::Result::Ok(())
            });
        }
    });
    url
}

/// What a proxy does with a connection instead of passing it on to the endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It is closed.
    Close,
    /// Whatever comes, these bytes are written and it is closed.
    Answer(&'static str),
}

/// The address of a proxy in front of an endpoint, which does this with its connections by their number, from 0.
pub(crate) async fn behind(
    endpoint: SocketAddr,
    fault: impl Fn(usize) -> Option<Fault> + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let fault = fault(number);
            tokio::spawn(async move {
                match fault {
                    None => drop(copy_bidirectional(&mut stream, &mut TcpStream::connect(endpoint).await?).await),
                    Some(Fault::Close) => {}
                    Some(Fault::Answer(bytes)) => {
                        // What came is read first, so that the answer is not lost to a reset.
                        let mut read = Vec::new();
                        stream.read_buf(&mut read).await?;
                        stream.write_all(bytes.as_bytes()).await?;
                        stream.shutdown().await?;
                        while stream.read_buf(&mut read).await? > 0 {}
                    }
                }
                std::io::Result::Ok(())
            });
        }
    });
    address
}
