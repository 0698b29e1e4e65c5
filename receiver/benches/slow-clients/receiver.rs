//! The real program, and the message that honest clients send to it.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{self, Child, Command, Stdio},
    sync::LazyLock,
};

use schemas::Sample;
use tempfile::TempDir;

/// A message of a usual size, as an honest client sends it.
pub(crate) static REQUEST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let body = Sample::find("step-completed-customer-set-up").unwrap().body;
    let head = format!(
        "POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
});

/// The defaults, but for `body_timeout`: it is as short as `header_timeout`, so that slow bodies are thrown out, as slow
/// heads are, while the honest are timed.
const CONFIG: &str = r#"
listen = "127.0.0.1:0"
[limits]
body_timeout = "10s"
[[endpoint]]
path = "/hooks"
[[endpoint]]
path = "/secret"
authentication = { type = "client-secret", secret = "file:secret" }
"#;

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let config = folder.path().join("receiver.toml");
        fs::write(&config, CONFIG).unwrap();
        fs::write(folder.path().join("secret"), "a secret that nobody here knows").unwrap();
        let program = env!("CARGO_BIN_EXE_webhook-receiver");
        let mut command = if taskset_is_there() { Command::new("taskset") } else { Command::new(program) };
        if taskset_is_there() {
            command.args(["-c", "0", program]);
        }
        let mut child = command
            .args(["serve", "--config"])
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let address = first.split_once("://").unwrap().1.split('/').next().unwrap().parse().unwrap();
        Self { address, child, _folder: folder }
    }

    /// `taskset` has given its place to the receiver.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It may have ended already, which the figures have told.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn pin_to_second_core() {
    if taskset_is_there() {
        let pinned =
            Command::new("taskset").args(["-pc", "1", &process::id().to_string()]).stdout(Stdio::null()).status();
        assert!(pinned.unwrap().success());
    } else {
        println!("there is no taskset here: nothing is pinned, and the figures wander");
    }
}

fn taskset_is_there() -> bool {
    Command::new("taskset").arg("--version").stdout(Stdio::null()).status().is_ok()
}
