//! `secret rotate`: a new secret, the old one valid for a while, told to a running receiver by the files alone.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::{Command, Output, Stdio},
    time::Instant,
};

use receiver::config::Config;
use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{PATIENCE, answer, post},
};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-receiver"));
    command.args(arguments).current_dir(folder).env_remove("CARGO").stdin(Stdio::null()).output().unwrap()
}

/// What a person sees, with every moment replaced.
fn shown(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {}\n{}", output.status.code().unwrap(), without_moments(&text))
}

fn without_moments(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    // Every moment of this century, in both spellings that occur.
    while let Some(at) = rest.find("20") {
        shown.push_str(&rest[..at]);
        let moment = rest[at..].split(|character: char| !(character.is_ascii_digit() || "T:-Z".contains(character)));
        let moment = moment.into_iter().next().unwrap_or_default();
        if moment.len() >= 16 && moment.ends_with('Z') {
            shown.push_str("MOMENT");
            rest = &rest[at + moment.len()..];
        } else {
            shown.push_str("20");
            rest = &rest[at + 2..];
        }
    }
    shown + rest
}

fn content(file: &Path) -> String {
    fs::read_to_string(file).unwrap().trim_end().to_owned()
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// The files of old secrets beside a secret's file, by name.
fn kept(folder: &Path, name: &str) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let prefix = format!("{name}.until-");
    let mut files: Vec<_> =
        files.filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with(&prefix)).collect();
    files.sort();
    files
}

const TWO: &str = r#"# The office's endpoints.
[[endpoint]]
path = "/secret"   # for onboarding
authentication = { type = "client-secret", secret = "file:secret" }
# nonconforming = "reject"

[[endpoint]]
path = "/basic"
name = "finance"

# Jo has the password.
[endpoint.authentication]
type = "basic"
username = "jo"
password = "file:password"
"#;

fn start() -> (TempDir, Receiver) {
    let folder = TempDir::new().unwrap();
    for (file, text) in [("secret", "canary-secret-1\n"), ("password", "canary-password-1\n")] {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let receiver = Receiver::start_in(folder.path(), TWO, &[]);
    (folder, receiver)
}

fn secret_status(receiver: &Receiver, secret: &str) -> u16 {
    answer(receiver.address, post("/secret", "", format!(r#"{{"clientSecret":"{secret}"}}"#))).status
}

fn basic_status(receiver: &Receiver, password: &str) -> u16 {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let credential = STANDARD.encode(format!("jo:{password}"));
    answer(receiver.address, post("/basic", &format!("Authorization: Basic {credential}\r\n"), "{\"a\":1}")).status
}

#[test]
fn a_running_receiver_takes_the_new_secret_and_the_old_one_until_its_end() {
    let (folder, receiver) = start();
    let file = folder.path().join("secret");
    let rotated = receiver.command(&["secret", "rotate", "/secret", "--keep-old", "3s"]);
    assert!(rotated.status.success(), "{rotated:?}");
    let new = content(&file);
    receiver.logged(0, "endpoint /secret: its credential changed");
    assert_eq!((secret_status(&receiver, "canary-secret-1"), secret_status(&receiver, &new)), (200, 200));
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(10);
    while secret_status(&receiver, "canary-secret-1") == 200 {
        assert!(jiff::Timestamp::now() < end, "the old one has no end");
    }
    assert_eq!((secret_status(&receiver, "canary-secret-1"), secret_status(&receiver, &new)), (403, 200));

    let [old] = &kept(folder.path(), "secret")[..] else { panic!() };
    assert_eq!(content(old), "canary-secret-1");
    assert_eq!((mode(&file), mode(old)), (0o644, 0o644), "who could read it still can");
    // The next rotation tidies up.
    let rotated = receiver.command(&["secret", "rotate", "/secret", "--keep-old", "1h"]);
    assert!(rotated.status.success(), "{rotated:?}");
    let [old] = &kept(folder.path(), "secret")[..] else { panic!() };
    assert_eq!(content(old), new);
    let text = fs::read_to_string(folder.path().join("receiver.toml")).unwrap();
    assert_eq!(text.matches("not_after").count(), 1, "{text}");
}

#[test]
fn a_password_is_replaced_as_well_and_the_file_stays_the_persons_own() {
    let (folder, receiver) = start();
    let config = folder.path().join("receiver.toml");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(folder.path().join("password"), fs::Permissions::from_mode(0o600)).unwrap();
    let first = receiver.command(&["secret", "rotate", "finance"]);
    let seen = receiver.logged(0, "endpoint /basic: its credential changed");
    let second = receiver.command(&["secret", "rotate", "finance", "--keep-old", "7d"]);
    receiver.logged(seen, "endpoint /basic: its credential changed");
    let new = content(&folder.path().join("password"));
    let old: Vec<String> = kept(folder.path(), "password").iter().map(|file| content(file)).collect();
    assert_eq!(old.len(), 2, "both are in their time");
    assert!(old.contains(&"canary-password-1".to_owned()));
    for password in old.iter().chain([&new]) {
        assert_eq!(basic_status(&receiver, password), 200);
    }
    assert_eq!(basic_status(&receiver, "other"), 401);
    assert_eq!((mode(&config), mode(&folder.path().join("password"))), (0o640, 0o600));

    let text = fs::read_to_string(&config).unwrap();
    let said = format!("{}{}", shown(&first), shown(&second)).replace(folder.path().to_str().unwrap(), "FOLDER");
    for secret in old.iter().chain([&new]) {
        assert!(
            !said.contains(secret.as_str())
                && !text.contains(secret.as_str())
                && !receiver.log().contains(secret.as_str())
        );
    }
    insta::assert_snapshot!("rotate_says", said);
    let text = text.split_once("# The office").unwrap().1;
    insta::assert_snapshot!("rotate_writes", without_moments(&format!("# The office{text}")));
}

#[test]
fn without_a_configuration_the_name_of_the_old_file_says_until_when() {
    let folder = TempDir::new().unwrap();
    let before = Config::first_run(folder.path()).unwrap();
    let rotated = run(folder.path(), &["secret", "rotate"]);
    insta::assert_snapshot!("rotate_first_run", shown(&rotated));
    let after = Config::first_run(folder.path()).unwrap();
    let [endpoint] = &after.endpoints[..] else { panic!() };
    let [(old, Some(end))] = &endpoint.also_accept[..] else { panic!("{:?}", endpoint.also_accept) };
    assert_eq!(old, &before.endpoints[0].authentication);
    assert_ne!(&endpoint.authentication, old);
    let day = end.duration_since(std::time::SystemTime::now()).unwrap();
    assert!((86_000..=86_400).contains(&day.as_secs()), "{day:?}");
    let first_run = folder.path().join("flowingly");
    assert_eq!(mode(&first_run.join("client-secret")), 0o600);
    assert!(kept(&first_run, "client-secret").iter().all(|file| mode(file) == 0o600));

    let refused = run(folder.path(), &["secret", "rotate", "--keep-old", "0s"]);
    assert!(refused.status.success());
    assert_eq!(kept(&first_run, "client-secret").len(), 0, "the one before may be the one that leaked");
}

#[test]
fn a_secret_that_leaked_is_refused_at_once_also_when_another_came_after_it() {
    let (folder, receiver) = start();
    assert!(receiver.command(&["secret", "rotate", "/secret"]).status.success());
    receiver.logged(0, "the configuration was read again");
    assert_eq!(secret_status(&receiver, "canary-secret-1"), 200);
    // Another way to write the same name changes nothing.
    let config = folder.path().join("receiver.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replacen("\"file:secret\"", "\"file:./secret\"", 1)).unwrap();
    assert!(receiver.command(&["secret", "rotate", "/secret", "--keep-old", "0s"]).status.success());
    assert!(kept(folder.path(), "secret").is_empty());
    let began = Instant::now();
    while secret_status(&receiver, "canary-secret-1") == 200 {
        assert!(began.elapsed() < PATIENCE, "it is still accepted");
    }
    let new = content(&folder.path().join("secret"));
    while secret_status(&receiver, &new) != 200 {
        assert!(began.elapsed() < PATIENCE, "the new one is not taken over");
    }
}

#[test]
fn what_cannot_be_done_is_said_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = r#"
[[endpoint]]
path = "/env"
authentication = { type = "client-secret", secret = "env:FLOWINGLY_SECRET" }
[[endpoint]]
path = "/none"
[[endpoint]]
path = "/linked"
authentication = { type = "client-secret", secret = "file:linked" }
[[endpoint]]
path = "/shared"
authentication = { type = "client-secret", secret = "file:shared" }
[[endpoint]]
path = "/shared-too"
authentication = { type = "client-secret", secret = "file:./shared" }
[[endpoint]]
path = "/gone"
authentication = { type = "client-secret", secret = "file:gone" }
"#;
    fs::write(at("receiver.toml"), text).unwrap();
    fs::write(at("wrong.toml"), "[[endpoint]]\npath = \"none\"\n").unwrap();
    fs::write(at("shared"), "canary").unwrap();
    fs::write(at("target"), "canary").unwrap();
    symlink("target", at("linked")).unwrap();
    let mut said = String::new();
    for arguments in [
        &["--config", "receiver.toml", "/env"][..],
        &["--config", "receiver.toml", "/none"],
        &["--config", "receiver.toml", "/linked"],
        &["--config", "receiver.toml", "/shared"],
        &["--config", "receiver.toml", "/gone"],
        &["--config", "receiver.toml", "/other"],
        &["--config", "receiver.toml"],
        &["--config", "wrong.toml", "none"],
        &["/none"],
        &["--keep-old", "soon"],
    ] {
        let output = run(folder.path(), &[&["secret", "rotate"], arguments].concat());
        said.push_str(&format!("$ secret rotate {}\n{}\n", arguments.join(" "), shown(&output)));
    }
    insta::assert_snapshot!("rotate_refuses", said);
    assert_eq!(fs::read_to_string(at("receiver.toml")).unwrap(), text);
    assert_eq!((content(&at("shared")), content(&at("target"))), ("canary".to_owned(), "canary".to_owned()));
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 5, "nothing was left behind");
}
