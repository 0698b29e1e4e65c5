//! A running receiver with an endpoint for each kind of authentication, and what it left on disk.

use std::{fs, net::SocketAddr, path::Path};

use delivery::{Client, Outcome};
use receiver::{
    config::Config,
    log::{Entry, Position, Record, SegmentedLog},
    server::{DataFolder, Server},
};
use sender::WireMessage;
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::pair::{PASSWORD, SECRET};

const CONFIG: &str = r#"
    listen = "127.0.0.1:0"
    data_dir = "data"
    [[endpoint]]
    path = "/none"
    [[endpoint]]
    path = "/client-secret"
    authentication = { type = "client-secret", secret = "file:secret" }
    [[endpoint]]
    path = "/basic"
    authentication = { type = "basic", username = "jo", password = "file:password" }
"#;

pub(crate) struct Running {
    address: SocketAddr,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<receiver::server::ShutdownReport>>,
}

/// What a receiver left when it had ended.
pub(crate) struct Left {
    pub(crate) records: Vec<Record>,
    /// Each file below the data folder.
    pub(crate) files: Vec<Vec<u8>>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_with(CONFIG, &[]).await
    }

    /// Starts with this configuration and these files, in addition to `secret` and `password`.
    pub(crate) async fn start_with(config: &str, files: &[(String, String)]) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("secret"), SECRET).unwrap();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let file = folder.path().join("receiver.toml");
        fs::write(&file, config).unwrap();
        let server = Server::bind(Config::load(&file).unwrap()).await.unwrap();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(server.run(async move { drop(stopped.await) }));
        Self { address, folder, stop, ended }
    }

    pub(crate) async fn deliver(&self, client: &Client, path: &str, composed: &WireMessage) -> Outcome {
        let target = format!("http://{}{path}", self.address).parse().unwrap();
        client.deliver(&target, composed.request()).await
    }

    /// Ends it in order, and reads what it stored.
    pub(crate) async fn stop(self) -> Left {
        self.stop.send(()).unwrap();
        assert_eq!(self.ended.await.unwrap().unwrap().cut, 0);
        let data = self.folder.path().join("data");
        let mut reader = SegmentedLog::read_folder(&DataFolder::log_in(&data), Position(0));
        let mut records = Vec::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            let Entry::Record { record, .. } = entry else { panic!("{entry:?}") };
            records.push(record);
        }
        let mut files = Vec::new();
        read_files(&data, &mut files);
        Left { records, files }
    }
}

fn read_files(folder: &Path, files: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { read_files(&path, files) } else { files.push(fs::read(path).unwrap()) }
    }
}
