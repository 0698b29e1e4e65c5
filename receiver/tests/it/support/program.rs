//! A running `webhook-receiver`, in a folder of its own, killed when the test is over.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::support::raw_client::PATIENCE;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_webhook-receiver");

/// An endpoint for each kind of authentication.
pub(crate) const THREE_KINDS: &str = r#"
    [[endpoint]]
    path = "/none"
    [[endpoint]]
    path = "/secret"
    authentication = { type = "client-secret", secret = "file:secret" }
    [[endpoint]]
    path = "/basic"
    authentication = { type = "basic", username = "jo", password = "file:password" }
"#;

/// The running program.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    child: Child,
    /// Writes what comes on stdout to `stdout.log` when it ends.
    stdout: Option<JoinHandle<()>>,
    /// The receiver itself, where another program (strace) stands before it.
    pid: i32,
    folder: PathBuf,
    _temporary: Option<TempDir>,
}

impl Receiver {
    /// Starts it with these endpoints, in a fresh folder that also holds `secret` files the test wrote into `toml`.
    pub(crate) fn start(toml: &str) -> Self {
        let temporary = TempDir::new().unwrap();
        let mut receiver = Self::start_in(temporary.path(), toml, &[]);
        receiver._temporary = Some(temporary);
        receiver
    }

    /// Starts it with an endpoint for each kind of authentication, `/none`, `/secret` and `/basic` (username `jo`), and
    /// what else the configuration says.
    pub(crate) fn start_with(secret: &str, password: &str, more: &str) -> Self {
        let temporary = TempDir::new().unwrap();
        fs::write(temporary.path().join("secret"), secret).unwrap();
        fs::write(temporary.path().join("password"), password).unwrap();
        let mut receiver = Self::start_in(temporary.path(), &format!("{THREE_KINDS}{more}"), &[]);
        receiver._temporary = Some(temporary);
        receiver
    }

    /// Starts it in a folder that stays, with another program before it, of which it is a child, if `prefix` names one.
    pub(crate) fn start_in(folder: &Path, toml: &str, prefix: &[&str]) -> Self {
        let mut receiver = Self::start_execed_in(folder, toml, prefix);
        if !prefix.is_empty() {
            receiver.pid = only_child_of(receiver.child.id());
        }
        receiver
    }

    /// As [`Self::start_in`], with further arguments of `serve`.
    pub(crate) fn start_with_arguments_in(folder: &Path, toml: &str, arguments: &[&str]) -> Self {
        Self::launch_in(folder, toml, &[], arguments)
    }

    /// As [`Self::start_in`], with another program before it whose place it takes.
    pub(crate) fn start_execed_in(folder: &Path, toml: &str, prefix: &[&str]) -> Self {
        Self::launch_in(folder, toml, prefix, &[])
    }

    fn launch_in(folder: &Path, toml: &str, prefix: &[&str], arguments: &[&str]) -> Self {
        let config = folder.join("receiver.toml");
        let listen = if toml.contains("listen = ") { "" } else { "listen = \"127.0.0.1:0\"\n" };
        let head = format!("{listen}data_dir = \"{}\"\n", folder.join("data").display());
        fs::write(&config, format!("{head}{toml}")).unwrap();
        let mut words: Vec<&str> = prefix.to_vec();
        words.push(BINARY);
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .arg("serve")
            .args(arguments)
            .arg("--config")
            .arg(&config)
            .env_remove("CARGO")
            .stdout(Stdio::piped())
            .stderr(File::options().append(true).create(true).open(folder.join("stderr.log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().map(Result::unwrap).unwrap_or_else(|| {
            panic!("it did not start: {}", fs::read_to_string(folder.join("stderr.log")).unwrap_or_default())
        });
        let address = first.split_once("://").unwrap().1.split('/').next().unwrap().parse().unwrap();
        let stdout = folder.join("stdout.log");
        let stdout = thread::spawn(move || {
            let rest: Vec<String> = lines.map_while(Result::ok).collect();
            // The folder may be gone with the test.
            let _ = fs::write(stdout, rest.join("\n"));
        });
        let pid = i32::try_from(child.id()).unwrap();
        Self { address, child, stdout: Some(stdout), pid, folder: folder.to_owned(), _temporary: None }
    }

    /// Holds `receiver.toml`, `data/`, `stdout.log` and `stderr.log`.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Asks it to read its configuration again.
    pub(crate) fn hang_up(&self) {
        self.signal(rustix::process::Signal::HUP);
    }

    /// Lets it do nothing until [`Self::resume`].
    pub(crate) fn pause(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    pub(crate) fn resume(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    /// Waits until a line of its log, after the first `seen` bytes of it, holds the text; gives the log's length then.
    pub(crate) fn logged(&self, seen: usize, text: &str) -> usize {
        let began = Instant::now();
        loop {
            let log = self.log();
            if let Some(at) = log[seen..].find(text) {
                let end = seen + at + text.len();
                return log[end..].find('\n').map_or(end, |line| end + line);
            }
            assert!(began.elapsed() < PATIENCE, "{text:?} is not in the log: {}", &log[seen..]);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where its admin listener is.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.listening("admin")
    }

    /// Where its inspector is.
    pub(crate) fn inspector(&self) -> SocketAddr {
        self.listening("inspect")
    }

    fn listening(&self, listener: &str) -> SocketAddr {
        let end = self.logged(0, "\"listening\"");
        let log = self.log();
        let line: serde_json::Value = serde_json::from_str(log[..end].lines().last().unwrap()).unwrap();
        line[listener].as_str().unwrap().parse().unwrap()
    }

    /// Lets it write no file beyond this size from now on; `None` for any size.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Pid::from_raw(self.pid), Resource::Fsize, limit).unwrap();
    }

    /// Its memory, in KiB.
    pub(crate) fn resident(&self) -> usize {
        self.memory("VmRSS")
    }

    /// A figure of its memory as the kernel names it, in KiB.
    pub(crate) fn memory(&self, figure: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':')).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("stderr.log")).unwrap()
    }

    /// The lines of its log so far, each a JSON object in which no member is there twice.
    pub(crate) fn log_lines(&self) -> Vec<serde_json::Value> {
        let log = self.log();
        let read = |line: &str| {
            let document = schemas::Document::read(line.as_bytes(), schemas::Profile::v1()).unwrap();
            assert_eq!(document.duplicates(), [], "{line}");
            serde_json::from_str(line).unwrap()
        };
        log.lines().map(read).collect()
    }

    /// The root folder as it sees it.
    pub(crate) fn root(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.pid))
    }

    /// SIGKILL, and waits for the end.
    pub(crate) fn kill(mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.child.wait().unwrap();
    }

    /// SIGTERM, without waiting for the end.
    pub(crate) fn ask_to_end(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn terminate(self) -> ExitStatus {
        self.terminate_then(|| {})
    }

    /// SIGTERM, waits for the end, and looks at the folder before it goes.
    pub(crate) fn terminate_then(self, look: impl FnOnce()) -> ExitStatus {
        self.ask_to_end();
        self.ended_then(look)
    }

    /// Waits for the end.
    pub(crate) fn ended(self) -> ExitStatus {
        self.ended_then(|| {})
    }

    fn ended_then(mut self, look: impl FnOnce()) -> ExitStatus {
        let status = self.child.wait().unwrap();
        self.stdout.take().unwrap().join().unwrap();
        look();
        status
    }

    /// Runs another subcommand over the same configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        let config = self.folder.join("receiver.toml");
        Command::new(BINARY).args(arguments).arg("--config").arg(config).output().unwrap()
    }

    /// As [`Self::command`], where the receiver has a mount namespace of its own.
    pub(crate) fn command_inside(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.pid.to_string(), "-m"]);
        if !rustix::process::geteuid().is_root() {
            command.args(["-U", "--preserve-credentials"]);
        }
        command.arg(BINARY).args(arguments).arg("--config").arg(self.folder.join("receiver.toml")).output().unwrap()
    }

    /// The lines of `messages export`.
    pub(crate) fn exported(&self) -> Vec<serde_json::Value> {
        let output = self.command(&["messages", "export"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.signal(rustix::process::Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

fn only_child_of(parent: u32) -> i32 {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}
