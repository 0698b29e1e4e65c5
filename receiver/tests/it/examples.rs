//! What `examples/` holds can be used as it stands.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_webhook-receiver");
const TEAMS_RELAY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/teams-relay");

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(BINARY).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_relay_to_teams_is_deployed_with_its_two_secrets() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["receiver.toml", "card.json.jinja"] {
        fs::copy(Path::new(TEAMS_RELAY).join(name), at(name)).unwrap();
    }
    for (name, secret) in
        [("client-secret", "a"), ("teams-url", "https://x.0f.environment.api.powerplatform.com/invoke?sig=s3cret\n")]
    {
        fs::write(at(name), secret).unwrap();
        fs::set_permissions(at(name), fs::Permissions::from_mode(0o640)).unwrap();
    }
    let check = || run(folder.path(), &["check-config", "--config", "receiver.toml"]);
    assert_eq!(check(), "receiver.toml: 1 endpoint, no problems\n");
    // What is commented out can be used too.
    let text = fs::read_to_string(at("receiver.toml")).unwrap();
    let all: Vec<&str> = text
        .lines()
        .map(|line| {
            ["when = ", "template = ", "flow_url = "]
                .iter()
                .find_map(|key| line.strip_prefix("# ").filter(|it| it.starts_with(key)))
                .unwrap_or(line)
        })
        .collect();
    assert_eq!(all.iter().zip(text.lines()).filter(|(new, old)| *new != old).count(), 3);
    fs::write(at("receiver.toml"), all.join("\n")).unwrap();
    assert_eq!(check(), "receiver.toml: 1 endpoint, no problems\n");
    run(folder.path(), &["relay", "lint", "card.json.jinja"]);
}

#[test]
#[ignore = "needs bash"]
fn the_readme_makes_its_secrets_unreadable_for_others_from_the_beginning() {
    let readme = fs::read_to_string(Path::new(TEAMS_RELAY).join("README.md")).unwrap();
    let commands: Vec<&str> = readme
        .lines()
        .skip_while(|line| *line != "cd examples/teams-relay")
        .skip(1)
        .take_while(|line| !line.starts_with("sudo "))
        .collect();
    assert!(commands.len() >= 4, "{readme}");
    let folder = TempDir::new().unwrap();
    // An editor that writes in place, and others that replace the file are the user's own matter.
    let editor = "sh -c 'printf x >> \"$1\"' --";
    for command in commands {
        let mut bash = Command::new("bash");
        bash.args(["-c", &format!("umask 022; set -o pipefail; {}", command.replace("$EDITOR", editor))]);
        assert!(bash.current_dir(folder.path()).status().unwrap().success(), "{command}");
        for name in ["teams-url", "client-secret"] {
            let mode = fs::metadata(folder.path().join(name)).map_or(0o600, |file| file.permissions().mode() & 0o777);
            assert_eq!(mode, 0o600, "{name} after {command}");
        }
    }
    assert!(fs::read(folder.path().join("client-secret")).unwrap().len() >= 40);
}

#[test]
fn the_unit_knows_the_exit_codes() {
    let unit =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/systemd/webhook-receiver.service"))
            .unwrap();
    for (line, code) in
        [("SuccessExitStatus", console::exit_code::INCOMPLETE), ("RestartPreventExitStatus", console::exit_code::USAGE)]
    {
        assert!(unit.lines().any(|found| found == format!("{line}={code}")), "{line}={code}");
    }
}

#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_takes_the_unit() {
    let folder = TempDir::new().unwrap();
    let unit =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/systemd/webhook-receiver.service"))
            .unwrap();
    // The program is not installed here.
    let unit = unit.replace("/usr/local/bin/webhook-receiver", BINARY);
    let path = folder.path().join("webhook-receiver.service");
    fs::write(&path, unit).unwrap();
    let verified = Command::new("systemd-analyze").arg("verify").arg(&path).output().unwrap();
    let text = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !text.contains("webhook-receiver.service"), "{text}");
}
