//! Endpoints down to the byte: each takes one connection and does one thing with it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

/// An endpoint for one connection.
pub(crate) struct Endpoint {
    address: SocketAddr,
    serving: JoinHandle<Vec<u8>>,
}

impl Endpoint {
    /// Reads the whole request, writes `answer` and closes.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::serving(move |mut stream| {
            let request = read_request(&stream);
            // The other side may have closed already; what it got is what the test looks at.
            let _ = stream.write_all(&answer);
            request
        })
    }

    /// An answer of this status with this body.
    pub(crate) fn with_status(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::answering(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}"))
    }

    /// Reads the whole request, writes `beginning` and keeps the connection open until the other side closes.
    pub(crate) fn stalling_after(beginning: &'static str) -> Self {
        Self::serving(move |mut stream| {
            let mut request = read_request(&stream);
            let _ = stream.write_all(beginning.as_bytes());
            let _ = stream.read_to_end(&mut request);
            request
        })
    }

    /// A server without TLS: whatever the first bytes are, they are no request to it.
    pub(crate) fn plain() -> Self {
        Self::serving(move |mut stream| {
            let mut request = vec![0];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").unwrap();
            let _ = stream.read_to_end(&mut request);
            request
        })
    }

    /// Closes as soon as the request has been read.
    pub(crate) fn closing() -> Self {
        Self::answering("")
    }

    fn serving(serve: impl FnOnce(TcpStream) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, serving: thread::spawn(move || serve(listener.accept().unwrap().0)) }
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/hooks/flowingly", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The exact bytes that arrived.
    pub(crate) fn request(self) -> Vec<u8> {
        self.serving.join().unwrap()
    }
}

/// A URL at which nothing listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/hooks/flowingly", listener.local_addr().unwrap())
}

pub(crate) fn read_request(stream: &TcpStream) -> Vec<u8> {
    let mut reader = BufReader::new(stream);
    let mut request = Vec::new();
    let mut length = 0;
    loop {
        let start = request.len();
        if reader.read_until(b'\n', &mut request).unwrap_or(0) == 0 {
            return request;
        }
        let line = String::from_utf8_lossy(&request[start..]).into_owned();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            request.extend(body);
            return request;
        }
    }
}
