//! A listener that stands while a test sends to it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use contract_tests::{Listener, listen::ReceivedMessage, report::Report};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

pub(crate) struct Standing {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<ReceivedMessage>>>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Report>,
}

impl Standing {
    pub(crate) async fn start(listener: Listener) -> Self {
        let listening = listener.bind().await.unwrap();
        let url = listening.url();
        let seen = Arc::<Mutex<Vec<ReceivedMessage>>>::default();
        let told = seen.clone();
        let listening = listening.on_message(move |message| told.lock().unwrap().push(message.clone()));
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(listening.run(async move { drop(stopped.await) }));
        Self { url, seen, stop, ended }
    }

    /// Sends bytes, says that no more will come, and reads the answer to its end.
    pub(crate) async fn send(&self, bytes: &[u8]) -> String {
        let address: SocketAddr = self.url["http://".len()..].split('/').next().unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// What was seen since this was asked last.
    pub(crate) fn seen(&self) -> Vec<ReceivedMessage> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    pub(crate) async fn stop(self) -> Report {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap()
    }
}
