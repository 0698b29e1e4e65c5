//! What shells and man(1) are given.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::support::{
    program::{BINARY, Receiver},
    raw_client::{answer, post},
};

fn said(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let said = said(&["completions", shell]);
        assert!(said.status.success() && said.stderr.is_empty(), "{shell}");
        let script = text(&said.stdout);
        for word in ["webhook-receiver", "messages", "check-config"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
#[ignore = "needs bash"]
fn bash_reads_its_completions() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("completions");
    fs::write(&script, said(&["completions", "bash"]).stdout).unwrap();
    let bash = Command::new("bash").arg("-n").arg(&script).output().unwrap();
    assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
}

#[test]
fn every_command_has_its_page() {
    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("man1");
    assert!(said(&["man", pages.to_str().unwrap()]).status.success());
    for name in ["webhook-receiver", "webhook-receiver-serve", "webhook-receiver-messages-list"] {
        let page = fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
    }
    let first = text(&said(&["man"]).stdout);
    assert_eq!(first, fs::read_to_string(pages.join("webhook-receiver.1")).unwrap());
}

#[test]
#[ignore = "needs man"]
fn man_shows_a_page() {
    let folder = TempDir::new().unwrap();
    said(&["man", folder.path().to_str().unwrap()]);
    let page = folder.path().join("webhook-receiver.1");
    let man = Command::new("man").args(["--warnings", "-l"]).arg(page).env("MANWIDTH", "80").output().unwrap();
    let (shown, warned) = (String::from_utf8_lossy(&man.stdout), String::from_utf8_lossy(&man.stderr));
    assert!(shown.contains("SUBCOMMANDS") && shown.contains("webhook-receiver-messages(1)"), "{shown}{warned}");
    assert_eq!(warned, "");
}

#[test]
fn a_reader_that_has_gone_away_ends_every_command_quietly() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\n");
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
    let taken = answer(receiver.address, post("/none", "", &body)).json();
    let id = taken["id"].as_str().unwrap();
    let config = receiver.folder().join("receiver.toml");
    for (arguments, code) in [
        (&["messages", "show", "--raw", id][..], 0),
        (&["messages", "show", id], 0),
        (&["messages", "show", id, "--output", "json"], 0),
        (&["messages", "list"], 0),
        (&["messages", "list", "--output", "json"], 0),
        (&["messages", "export"], 0),
        (&["log", "check"], 0),
        (&["relay", "status"], 0),
        (&["check-config"], 0),
        (&["completions", "bash"], 0),
        (&["man"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["messages", "show", "no-such-id"], 1),
    ] {
        for stderr_too in [false, true] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut command = Command::new(BINARY);
            command.args(arguments).arg("--config").arg(&config).stdout(writer.try_clone().unwrap());
            command.stderr(if stderr_too { writer.into() } else { Stdio::piped() });
            let ended = command.spawn().unwrap().wait_with_output().unwrap();
            assert_eq!(ended.status.code(), Some(code), "{arguments:?}");
            let complains = text(&ended.stderr).contains("pipe");
            assert!(!complains && (code != 0 || ended.stderr.is_empty()), "{arguments:?}: {}", text(&ended.stderr));
        }
    }
}
