//! A proxy in front of an endpoint that makes it slow, or puts it out of service after some requests.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::sleep,
};

/// How a connection ends while the endpoint is out of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// It is closed.
    Closes,
    /// It stays open without an answer.
    Hangs,
    /// It is answered so.
    Answers(&'static str),
}

/// What the proxy does.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// How long the check of a credential takes, and how many run at the same time.
    pub(crate) verification: Option<(Duration, usize)>,
    /// The bytes in a request after which the endpoint is out of service, and for how many connections.
    pub(crate) attack: Option<(&'static [u8], usize)>,
    /// The number of consecutive refusals after which it is out of service, and for how long.
    pub(crate) lock: Option<(usize, Duration)>,
    pub(crate) outage: Outage,
    /// Whether each connection is closed after a refusal that does not announce it.
    pub(crate) hangs_up: bool,
}

#[derive(Debug)]
struct State {
    proxy: Proxy,
    workers: Option<Semaphore>,
    /// Connections for which the endpoint is still out of service.
    down: AtomicUsize,
    refusals: AtomicUsize,
    locked_until: Mutex<Option<Instant>>,
}

impl Proxy {
    pub(crate) fn new() -> Self {
        Self { verification: None, attack: None, lock: None, outage: Outage::Closes, hangs_up: false }
    }

    /// Starts it in front of an endpoint on this port; its address.
    pub(crate) async fn start(self, port: u16) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let workers = self.verification.map(|(_, workers)| Semaphore::new(workers));
        let (down, refusals) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let locked_until = Mutex::new(None);
        let state = Arc::new(State { proxy: self, workers, down, refusals, locked_until });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                tokio::spawn(async move { state.serve(stream, port).await });
            }
        });
        address
    }
}

impl State {
    async fn serve(&self, mut client: TcpStream, port: u16) -> std::io::Result<()> {
        let is_down = self.down.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let is_locked = self.locked_until.lock().unwrap().is_some_and(|until| Instant::now() < until);
        if is_down || is_locked {
            return self.refuse(&mut client).await;
        }
        let endpoint = TcpStream::connect(("127.0.0.1", port)).await?;
        let ((mut from_client, mut to_client), (mut from_endpoint, mut to_endpoint)) =
            (client.into_split(), endpoint.into_split());
        let requests = async {
            let mut bytes = vec![0; 64 * 1024];
            loop {
                let read = from_client.read(&mut bytes).await?;
                if read == 0 {
                    to_endpoint.shutdown().await?;
                    // What the endpoint still answers goes back.
                    std::future::pending::<()>().await;
                }
                if let Some((attack, connections)) = self.proxy.attack
                    && bytes[..read].windows(attack.len()).any(|window| window == attack)
                {
                    self.down.store(connections, Ordering::SeqCst);
                    return std::io::Result::Ok(());
                }
                to_endpoint.write_all(&bytes[..read]).await?;
            }
        };
        let answers = async {
            let mut bytes = vec![0; 64 * 1024];
            loop {
                let read = from_endpoint.read(&mut bytes).await?;
                if read == 0 {
                    return to_client.shutdown().await;
                }
                self.verify().await;
                let is_refusal = self.count(&bytes[..read]);
                to_client.write_all(&bytes[..read]).await?;
                if is_refusal && self.proxy.hangs_up {
                    return to_client.shutdown().await;
                }
            }
        };
        tokio::select! {
            ended = requests => ended,
            ended = answers => ended,
        }
    }

    async fn verify(&self) {
        if let (Some((takes, _)), Some(workers)) = (self.proxy.verification, &self.workers) {
            let _worker = workers.acquire().await.unwrap();
            sleep(takes).await;
        }
    }

    /// Counts an answer; whether it is a refusal.
    fn count(&self, answer: &[u8]) -> bool {
        let is_refusal = answer.starts_with(b"HTTP/1.1 401") || answer.starts_with(b"HTTP/1.1 403");
        let Some((refusals, lasts)) = self.proxy.lock else { return is_refusal };
        if !is_refusal {
            self.refusals.store(0, Ordering::SeqCst);
        } else if self.refusals.fetch_add(1, Ordering::SeqCst) + 1 == refusals {
            self.refusals.store(0, Ordering::SeqCst);
            *self.locked_until.lock().unwrap() = Some(Instant::now() + lasts);
        }
        is_refusal
    }

    async fn refuse(&self, client: &mut TcpStream) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        match self.proxy.outage {
            Outage::Closes => Ok(()),
            Outage::Hangs => {
                while client.read_buf(&mut bytes).await? > 0 {}
                Ok(())
            }
            Outage::Answers(answer) => {
                client.read_buf(&mut bytes).await?;
                client.write_all(answer.as_bytes()).await?;
                client.shutdown().await?;
                // What is still coming is read, so that the answer is not lost to a reset.
                while client.read_buf(&mut bytes).await? > 0 {}
                Ok(())
            }
        }
    }
}
