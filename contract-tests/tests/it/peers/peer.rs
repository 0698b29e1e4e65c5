//! An endpoint in another stack, running.

use std::{
    io::{BufRead as _, BufReader, Read},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use rustix::process::{Pid, Signal, kill_process_group};
use schemas::{Authentication, BasicCredentials, ClientSecret};
use tempfile::TempDir;

/// A running endpoint with a folder of its own; dropping it stops it and what it has started.
pub(crate) struct Peer {
    child: Child,
    pub(crate) url: String,
    pub(crate) messages: PathBuf,
    _folder: TempDir,
}

impl Peer {
    /// Starts a command in a folder of `examples/endpoints/`, and waits for the line that names its address.
    pub(crate) fn start(folder: &str, command: &[&str], authentication: &Authentication) -> Self {
        Self::start_with(folder, command, authentication, &[])
    }

    pub(crate) fn start_with(
        folder: &str,
        command: &[&str],
        authentication: &Authentication,
        variables: &[(&str, &str)],
    ) -> Self {
        let own = TempDir::new().unwrap();
        // A server that root has started may write as another user.
        std::fs::set_permissions(own.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let messages = own.path().join("messages.jsonl");
        let mut child = Command::new(command[0])
            .args(&command[1..])
            .current_dir(format!("{}/../examples/endpoints/{folder}", env!("CARGO_MANIFEST_DIR")))
            .envs(variables_of(authentication))
            .envs(variables.iter().copied())
            .env("PORT", "0")
            .env("MESSAGES", &messages)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", command[0]));
        let (found, address) = mpsc::channel();
        // Read to the end, so that nobody waits for room in a pipe. PHP names the address on stderr.
        follow(child.stdout.take().unwrap(), found.clone());
        follow(child.stderr.take().unwrap(), found);
        let origin = address.recv().unwrap_or_else(|_| panic!("{command:?} ended before it listened"));
        Self { child, url: format!("{origin}/hooks/flowingly"), messages, _folder: own }
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> &str {
        self.url.split('/').nth(2).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

#[expect(clippy::print_stdout, reason = "the output of a test is shown where it fails")]
fn follow(stream: impl Read + Send + 'static, found: mpsc::Sender<String>) {
    thread::spawn(move || {
        let mut found = Some(found);
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            match line.split_once("http://127.0.0.1:") {
                Some((_, rest)) if found.is_some() => {
                    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                    // The other stream may have sent it already.
                    let _ = found.take().unwrap().send(format!("http://127.0.0.1:{port}"));
                }
                _ => println!("{line}"),
            }
        }
    });
}

/// The variables of the environment that an endpoint takes its credential from.
pub(crate) fn variables_of(authentication: &Authentication) -> Vec<(&'static str, String)> {
    match authentication {
        Authentication::None => vec![("AUTHENTICATION", "none".to_owned())],
        Authentication::ClientSecret { client_secret } => {
            let secret = client_secret.expose().to_owned();
            vec![("AUTHENTICATION", "client-secret".to_owned()), ("CLIENT_SECRET", secret)]
        }
        Authentication::Basic(credentials) => vec![
            ("AUTHENTICATION", "basic".to_owned()),
            ("BASIC_USERNAME", credentials.username().to_owned()),
            ("BASIC_PASSWORD", credentials.expose_password().to_owned()),
        ],
    }
}

/// All three kinds, with credentials that let every case apply: as long as they may be, and with characters of one to
/// four bytes, letters that compose, and colons.
pub(crate) fn kinds() -> [Authentication; 3] {
    let mixed = |length: usize, alphabet: &str| alphabet.chars().cycle().take(length).collect::<String>();
    let client_secret = ClientSecret::new(mixed(250, "aB3 é\"€\\😀ü/")).unwrap();
    let basic = BasicCredentials::new(mixed(100, "jÖ é€😀 x"), mixed(100, ":pÄ€😀 q:")).unwrap();
    [Authentication::None, Authentication::ClientSecret { client_secret }, Authentication::Basic(basic)]
}

/// Each kind of authentication with the credentials of [`kinds`], which are like drawn ones, and with plain ASCII ones.
pub(crate) fn credentials() -> [(&'static str, Authentication); 5] {
    let [none, drawn_secret, drawn_basic] = kinds();
    let plain = "correct horse battery staple".to_owned();
    let client_secret = ClientSecret::new(plain.clone()).unwrap();
    let basic = BasicCredentials::new("flowingly".to_owned(), plain).unwrap();
    [
        ("none", none),
        ("client secret, drawn", drawn_secret),
        ("client secret, ASCII", Authentication::ClientSecret { client_secret }),
        ("Basic, drawn", drawn_basic),
        ("Basic, ASCII", Authentication::Basic(basic)),
    ]
}
