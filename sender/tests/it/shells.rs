//! What shells and man(1) are given.

use std::{fs, process::Command};

use tempfile::TempDir;

use crate::{run, webhook_sender};

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
