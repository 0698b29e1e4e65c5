//! The other commands, as a person types them.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Raw, post},
};

pub(super) fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-receiver"));
    command.args(arguments).current_dir(folder.path()).env_remove("CARGO").stdin(Stdio::null()).output().unwrap()
}

/// What a person sees, less what differs from run to run.
pub(super) fn shown(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {}\n{text}", output.status.code().unwrap())
}

#[test]
fn help_says_what_there_is() {
    let folder = TempDir::new().unwrap();
    for (name, arguments) in [
        // It lists the commands that there are.
        #[cfg(feature = "relay")]
        ("help", &["--help"][..]),
        ("help_serve", &["serve", "--help"][..]),
        ("help_init", &["init", "--help"]),
        ("help_learn", &["learn", "--help"]),
        ("help_secret_rotate", &["secret", "rotate", "--help"]),
        ("help_messages", &["messages", "--help"]),
        ("help_messages_list", &["messages", "list", "--help"]),
        ("help_messages_show", &["messages", "show", "--help"]),
        ("help_messages_tail", &["messages", "tail", "--help"]),
        ("help_messages_export", &["messages", "export", "--help"]),
        ("help_refused", &["refused", "--help"]),
        ("help_refused_list", &["refused", "list", "--help"]),
        ("help_refused_show", &["refused", "show", "--help"]),
        ("help_refused_summary", &["refused", "summary", "--help"]),
        #[cfg(feature = "relay")]
        ("help_relay_preview", &["relay", "preview", "--help"]),
        #[cfg(feature = "relay")]
        ("help_relay_lint", &["relay", "lint", "--help"]),
        #[cfg(feature = "relay")]
        ("help_relay_status", &["relay", "status", "--help"]),
        #[cfg(feature = "relay")]
        ("help_relay_retry", &["relay", "retry", "--help"]),
        #[cfg(feature = "relay")]
        ("help_relay_replay", &["relay", "replay", "--help"]),
        ("help_log", &["log", "--help"]),
        ("help_log_check", &["log", "check", "--help"]),
        ("help_log_repair", &["log", "repair", "--help"]),
    ] {
        insta::assert_snapshot!(name, shown(&run(&folder, arguments)));
    }
}

#[test]
fn mistakes_are_said_with_the_way_out() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("receiver.toml"), "[[endpoint]]\npath = \"/a\"\nnonconfirming = \"store\"\n").unwrap();
    for (name, arguments) in [
        ("check_config_without_a_file", &["check-config"][..]),
        ("check_config_of_a_missing_file", &["check-config", "--config", "none.toml"]),
        ("check_config_of_a_wrong_file", &["check-config", "--config", "receiver.toml"]),
        ("messages_where_nothing_ran", &["messages", "list"]),
        ("reindex_where_nothing_ran", &["reindex"]),
    ] {
        insta::assert_snapshot!(name, shown(&run(&folder, arguments)));
    }
}

#[test]
fn a_time_that_is_half_understood_is_refused_with_the_forms_that_are_taken() {
    let folder = TempDir::new().unwrap();
    for (command, option, text, expected) in [
        ("list", "--since", "2026-11-30T23:00", "the zone is missing: add Z for UTC, or the offset, such as +13:00"),
        ("list", "--until", "2026-11-30T23:00:00", "the zone is missing"),
        ("export", "--since", "2026-11-30 23:00", "the zone is missing"),
        (
            "tail",
            "--since",
            "2026-11-30[Pacific/Auckland]",
            "write a time with its offset, such as 2026-11-24T08:00:00Z",
        ),
        ("list", "--since", "2026-11-30Z", "or a date, such as 2026-11-24, for its beginning in UTC"),
        ("export", "--until", "20261130", "write a time with its offset"),
        ("list", "--since", "2026-02-30", "the date or time does not exist"),
    ] {
        let output = run(&folder, &["messages", command, option, text]);
        let shown = shown(&output);
        assert!(output.status.code() == Some(2) && shown.contains(expected), "{command} {option} {text}: {shown}");
    }
}

#[test]
fn a_range_that_ends_before_it_begins_is_refused() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\n");
    for (since, until) in [("2026-11-30", "2026-11-29"), ("2026-11-30", "2026-11-30T00:00:00Z")] {
        let output = receiver.command(&["messages", "list", "--since", since, "--until", until]);
        let shown = shown(&output);
        assert!(output.status.code() == Some(2) && shown.contains("--since must be before --until"), "{shown}");
    }
}

#[test]
fn init_writes_a_configuration_that_is_right_and_a_secret_that_it_does_not_show() {
    let folder = TempDir::new().unwrap();
    let written = run(&folder, &["init"]);
    insta::assert_snapshot!("init", shown(&written));
    let secret = fs::read_to_string(folder.path().join("client-secret")).unwrap();
    assert!(!shown(&written).contains(secret.trim()));
    let checked = run(&folder, &["check-config", "--config", "receiver.toml"]);
    insta::assert_snapshot!("check_config", shown(&checked));
    insta::assert_snapshot!("init_again", shown(&run(&folder, &["init"])));
    assert_eq!(fs::read_to_string(folder.path().join("client-secret")).unwrap(), secret);
}

#[test]
fn messages_are_listed_filtered_shown_exported_and_the_index_is_made_again() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\nname = \"hooks\"\n");
    let body = |flow: &str| {
        format!(
            r#"{{"trigger":"stepCompleted","flow":{{"flowIdentifier":"{flow}"}},"step":{{"stepIdentifier":"S\u001b[2J","fields":[]}}}}"#
        )
    };
    let mut ids = Vec::new();
    for flow in ["FLOW-1", "FLOW-2", "FLOW-1"] {
        let mut raw = Raw::connect(receiver.address);
        raw.send(post("/none", "", body(flow)));
        ids.push(raw.answer().unwrap().json()["id"].as_str().unwrap().to_owned());
    }
    let json = |arguments: &[&str]| -> serde_json::Value {
        let output = receiver.command(arguments);
        assert!(output.status.success(), "{}", shown(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let list = json(&["messages", "list", "--output", "json"]);
    let brief: Vec<_> = list.as_array().unwrap().iter().map(|m| (m["flow"].clone(), m["arrivals"].clone())).collect();
    assert_eq!(brief, [("FLOW-2".into(), 1.into()), ("FLOW-1".into(), 2.into())]);
    assert_eq!(json(&["messages", "list", "--output", "json", "--flow", "FLOW-2"]).as_array().unwrap().len(), 1);
    assert_eq!(
        json(&["messages", "list", "--output", "json", "--trigger", "step-created"]).as_array().unwrap().len(),
        0
    );
    // A second arrival's id leads to the message too.
    let shown_text = shown(&receiver.command(&["messages", "show", &ids[2]]));
    assert!(shown_text.contains(&ids[0]) && shown_text.matches("received").count() == 2, "{shown_text}");
    assert!(!shown_text.contains('\u{1b}'), "{shown_text}");
    let raw = receiver.command(&["messages", "show", "--raw", &ids[1]]);
    assert_eq!(String::from_utf8(raw.stdout).unwrap(), body("FLOW-2"));
    assert_eq!(receiver.exported().len(), 3);

    for file in ["lock", "index.sqlite", "index.sqlite-wal", "log/00000000000000000000.log"] {
        let mode = fs::metadata(receiver.folder().join("data").join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let refused = receiver.command(&["reindex"]);
    assert!(shown(&refused).contains("a receiver is running on "), "{}", shown(&refused));
    let folder = receiver.folder().to_owned();
    let config = folder.join("receiver.toml");
    let kept = TempDir::new().unwrap();
    fs::copy(&config, kept.path().join("receiver.toml")).unwrap();
    copy(&folder.join("data"), &kept.path().join("data"));
    let text = fs::read_to_string(kept.path().join("receiver.toml")).unwrap();
    let moved = text.replace(&folder.display().to_string(), &kept.path().display().to_string());
    fs::write(kept.path().join("receiver.toml"), moved).unwrap();
    fs::remove_file(kept.path().join("data/index.sqlite")).unwrap();
    let again = run(&kept, &["reindex", "--config", "receiver.toml"]);
    assert_eq!(shown(&again), "exit 0\nRecords read from the log: 3; messages in the index: 2\n");
    let output = run(&kept, &["messages", "list", "--output", "json", "--config", "receiver.toml"]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(), list);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn no_command_prints_a_command_of_a_ci_system() {
    let folder = TempDir::new().unwrap();
    let text = "##[error]owned ##vso[task.complete]\n::error::owned";
    let body = serde_json::json!({
        "trigger": "stepCompleted",
        "flow": {"flowIdentifier": text, "name": text, "subject": text},
        "step": {"stepIdentifier": text, "fields": [{"name": text, "value": text}]},
    });
    fs::write(folder.path().join("body.json"), body.to_string()).unwrap();
    fs::write(folder.path().join("##[error].jinja"), "{{ x").unwrap();
    for arguments in [
        #[cfg(feature = "relay")]
        &["relay", "preview", "body.json"][..],
        #[cfg(feature = "relay")]
        &["relay", "lint", "##[error].jinja"],
        &["messages", "list", "--config", "##[error]\n::error::x.toml"],
    ] {
        let output = run(&folder, arguments);
        let shown = shown(&output);
        for line in shown.lines().map(str::trim_start) {
            assert!(!line.contains("##[") && !line.contains("##vso["), "{arguments:?}: {line}");
            assert!(!line.starts_with("::"), "{arguments:?}: {line}");
        }
        if arguments.contains(&"preview") {
            let card: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert!(card.to_string().contains("##[error]owned"), "{shown}");
        }
    }
    let receiver = Receiver::start("[[endpoint]]\npath = \"/hooks\"\n");
    let mut raw = Raw::connect(receiver.address);
    raw.send(post("/hooks", "", body.to_string()));
    assert_eq!(raw.answer().unwrap().status, 200);
    receiver.logged(0, "\"accepted\"");
    assert!(!receiver.log().contains("##[") && !receiver.log().contains("##vso["), "{}", receiver.log());
    assert!(receiver.log_lines().iter().any(|line| line["flow"].as_str().is_some_and(|flow| flow.contains("##["))));
}

#[test]
fn the_log_is_checked_beside_a_receiver_and_mended_without_one() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), "[[endpoint]]\npath = \"/none\"\n", &[]);
    for number in 0..4 {
        let mut raw = Raw::connect(receiver.address);
        raw.send(post("/none", "", format!(r#"{{"number":{number}}}"#)));
        assert_eq!(raw.answer().unwrap().status, 200);
    }
    // Times, ids and lengths that hang on them differ from run to run.
    let shown = |output: &Output| {
        let text = shown(output).replace(&folder.path().display().to_string(), "FOLDER");
        let number = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_digit());
        let masked = |line: &str| {
            let words = line.split(' ').map(|word| match word {
                word if number(word) => "N",
                word if word.strip_suffix(';').is_some_and(number) => "N;",
                word if word.contains('T') && word.ends_with('Z') => "TIME",
                word if word.contains(".cut") => "PLACE.cut",
                word => word,
            });
            words.collect::<Vec<_>>().join(" ")
        };
        text.lines().map(masked).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!("log_check", shown(&receiver.command(&["log", "check"])));
    insta::assert_snapshot!("log_repair_beside_a_receiver", shown(&receiver.command(&["log", "repair"])));
    let config = folder.path().join("receiver.toml");
    receiver.kill();
    let run = |arguments: &[&str]| run(&folder, &[arguments, &["--config", config.to_str().unwrap()]].concat());
    let file = folder.path().join("data/log/00000000000000000000.log");
    let mut bytes = fs::read(&file).unwrap();
    let missing = folder.path().join("data/log/00000000000000000000.0.unreadable");
    fs::rename(&file, &missing).unwrap();
    insta::assert_snapshot!("log_check_of_a_missing_segment", shown(&run(&["log", "check"])));
    fs::remove_file(&missing).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 5]).unwrap();
    insta::assert_snapshot!("log_check_of_a_torn_log", shown(&run(&["log", "check"])));
    let second = bytes.windows(4).enumerate().filter(|(_, window)| window == b"\xF7rec").nth(1).unwrap().0;
    bytes[second + 20] ^= 1;
    bytes[20] ^= 1;
    bytes.truncate(bytes.len() - 5);
    fs::write(&file, &bytes).unwrap();
    insta::assert_snapshot!("log_check_of_a_damaged_log", shown(&run(&["log", "check"])));
    insta::assert_snapshot!("log_repair", shown(&run(&["log", "repair"])));
    insta::assert_snapshot!("log_repair_again", shown(&run(&["log", "repair"])));
    insta::assert_snapshot!("reindex_of_a_damaged_log", shown(&run(&["reindex"])));
    let json: serde_json::Value = serde_json::from_slice(&run(&["log", "check", "--output", "json"]).stdout).unwrap();
    assert_eq!((&json["records"], json["damaged"].as_array().unwrap().len()), (&2.into(), 1));
}

#[test]
fn an_address_in_use_names_the_program_to_stop_and_the_key_to_change() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for key in ["listen", "admin"] {
        let taken = TcpListener::bind(taken).unwrap();
        let address = taken.local_addr().unwrap();
        let text = format!("{key} = \"{address}\"\n[[endpoint]]\npath = \"/hooks\"\n");
        let text = if key == "admin" { format!("listen = \"127.0.0.1:0\"\n{text}") } else { text };
        fs::write(folder.path().join("receiver.toml"), text).unwrap();
        let refused = run(&folder, &["serve", "--config", "receiver.toml"]);
        let port = address.port().to_string();
        insta::assert_snapshot!(format!("address_in_use_{key}"), shown(&refused).replace(&port, "PORT"));
    }
}
