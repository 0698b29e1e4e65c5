//! The inspector: who may see it, and what it shows.

mod access;
mod api;
mod hostile;
mod overview;
mod pages;
mod sending;
mod stream;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Answer, PATIENCE, answer, post},
};

const INSPECT: &str = "inspect = \"127.0.0.1:0\"\n";
const SECRET: &str = "canary-secret-84f1";

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
        fs::write(folder.path().join("secret"), SECRET).unwrap();
        let receiver = Receiver::start_in(folder.path(), &format!("{INSPECT}{toml}"), &[]);
        Self { address: receiver.inspector(), password: password(folder.path()), receiver, folder }
    }

    /// With an endpoint `/hooks` that requires a client secret, and one `/open` that does not.
    fn with_endpoints() -> Self {
        Self::start(
            "[[endpoint]]\npath = \"/hooks\"\nauthentication = { type = \"client-secret\", secret = \"file:secret\" }\n\
             [[endpoint]]\npath = \"/open\"\n",
        )
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

    /// A page, which must be there.
    fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        String::from_utf8(answer.body).unwrap()
    }

    fn post(&self, path: &str, content_type: &str, body: &str) -> Answer {
        let head = format!("{}Content-Type: {content_type}\r\nContent-Length: {}\r\n", self.head(), body.len());
        answer(self.address, format!("POST {path} HTTP/1.1\r\n{head}\r\n{body}"))
    }

    fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let fields = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        self.post(path, "application/x-www-form-urlencoded", &fields.collect::<Vec<_>>().join("&"))
    }

    /// Sends a message to an endpoint, and returns its id once the index has it.
    fn receive(&self, endpoint: &str, body: impl AsRef<[u8]>) -> String {
        let answer = answer(self.receiver.address, post(endpoint, "", body));
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        self.wait_for(&format!("/messages/{id}"), |answer| answer.status == 200);
        id
    }

    fn wait_for(&self, path: &str, is_done: impl Fn(&Answer) -> bool) -> Answer {
        let began = Instant::now();
        loop {
            let answer = self.get(path);
            if is_done(&answer) {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "{path}: {}", String::from_utf8_lossy(&answer.body));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn password(folder: &Path) -> String {
    fs::read_to_string(folder.join("data/inspector/password")).unwrap().trim().to_owned()
}

fn basic(password: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("operator:{password}")))
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// What a person reads on a page: its text without style and script, one line for each block.
fn text(page: &str) -> String {
    let (_, main) = page.split_once("<main").unwrap();
    let (main, _) = main.split_once("</main>").unwrap();
    let mut text = String::new();
    for part in main.split('<') {
        let (tag, rest) = part.split_once('>').unwrap_or(("", part));
        let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
        let is_inline =
            ["a", "b", "code", "span", "strong", "time", "mark", "summary", "label", "input"].contains(&name);
        if !is_inline && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(rest);
    }
    let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}
