//! What shells and man(1) are given.

use std::{
    fs,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    run,
    support::server::{Answering, Server},
    webhook_sender,
};

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let said = run(webhook_sender().args(["completions", shell]));
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{shell}");
        for word in ["webhook-sender", "deliveries", "client-secret"] {
            assert!(said.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
#[ignore = "needs bash"]
fn bash_reads_its_completions() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("completions");
    fs::write(&script, run(webhook_sender().args(["completions", "bash"])).stdout).unwrap();
    let bash = Command::new("bash").arg("-n").arg(&script).output().unwrap();
    assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
}

#[test]
fn every_command_has_its_page() {
    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("man1");
    assert_eq!(run(webhook_sender().arg("man").arg(&pages)).code, Some(0));
    for name in ["webhook-sender", "webhook-sender-send", "webhook-sender-deliveries-retry"] {
        let page = fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
    }
    let first = run(webhook_sender().arg("man")).stdout;
    assert_eq!(first, fs::read_to_string(pages.join("webhook-sender.1")).unwrap());
}

#[test]
#[ignore = "needs man"]
fn man_shows_a_page() {
    let folder = TempDir::new().unwrap();
    run(webhook_sender().arg("man").arg(folder.path()));
    let page = folder.path().join("webhook-sender.1");
    let man = Command::new("man").args(["--warnings", "-l"]).arg(page).env("MANWIDTH", "80").output().unwrap();
    let (shown, warned) = (String::from_utf8_lossy(&man.stdout), String::from_utf8_lossy(&man.stderr));
    assert!(shown.contains("SUBCOMMANDS") && shown.contains("webhook-sender-replay(1)"), "{shown}{warned}");
    assert_eq!(warned, "");
}

#[test]
fn a_reader_that_has_gone_away_ends_every_command_quietly() {
    let server = Server::start(Answering::ok());
    let url = server.url();
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("outbox");
    let (data, body) = (data.to_str().unwrap(), folder.path().join("one.json"));
    fs::write(&body, schemas::Sample::find("step-completed-minimal").unwrap().body).unwrap();
    let body = body.to_str().unwrap();
    for (arguments, code) in [
        (&["samples", "list"][..], 0),
        (&["samples", "show", "step-completed-all-field-types"], 0),
        (&["send", "--to", &url], 0),
        (&["send", "--to", &url, "--dry-run"], 0),
        (&["send", "--to", "http://127.0.0.1:9/"], 3),
        (&["replay", "--from", body, "--to", &url, "--data", data], 0),
        (&["deliveries", "list", "--data", data], 0),
        (&["deliveries", "show", "1", "--data", data], 0),
        (&["load", "--to", &url, "--duration", "50ms", "--connections", "1", "--max"], 0),
        (&["model", "new"], 0),
        (&["completions", "bash"], 0),
        (&["man"], 0),
        (&["--help"], 0),
        (&["samples", "show", "no-such-sample"], 2),
    ] {
        for stderr_too in [false, true] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-sender"));
            command.args(arguments).stdout(writer.try_clone().unwrap());
            command.stderr(if stderr_too { writer.into() } else { Stdio::piped() });
            let ended = command.spawn().unwrap().wait_with_output().unwrap();
            let stderr = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {stderr}");
            assert!(!stderr.to_lowercase().contains("pipe"), "{arguments:?}: {stderr}");
        }
    }
}
