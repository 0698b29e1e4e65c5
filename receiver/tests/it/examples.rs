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
    assert_eq!(check(), "receiver.toml: 1 endpoint, nothing is wrong\n");
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
    assert_eq!(check(), "receiver.toml: 1 endpoint, nothing is wrong\n");
    run(folder.path(), &["relay", "lint", "card.json.jinja"]);
}
