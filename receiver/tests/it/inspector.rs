//! The inspector: who may see it, and what it shows.

mod access;
mod overview;

use std::{fs, net::SocketAddr, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Answer, answer},
};

const INSPECT: &str = "inspect = \"127.0.0.1:0\"\n";

/// A receiver with an inspector, and a client of it.
struct Inspected {
    receiver: Receiver,
    address: SocketAddr,
    password: String,
    folder: TempDir,
}

impl Inspected {
    fn start(toml: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let receiver = Receiver::start_in(folder.path(), &format!("{INSPECT}{toml}"), &[]);
        Self { address: receiver.inspector(), password: password(folder.path()), receiver, folder }
    }

    /// Header lines of a request with the password.
    fn head(&self) -> String {
        format!("Host: {}\r\n{}", self.address, basic(&self.password))
    }

    fn get(&self, path: &str) -> Answer {
        self.get_with(path, "")
    }

    fn get_with(&self, path: &str, headers: &str) -> Answer {
        answer(self.address, format!("GET {path} HTTP/1.1\r\n{}{headers}\r\n", self.head()))
    }
}

fn password(folder: &Path) -> String {
    fs::read_to_string(folder.join("data/inspector/password")).unwrap().trim().to_owned()
}

fn basic(password: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("operator:{password}")))
}
