//! References to secrets in a model: looked up, and never shown.

use super::*;

#[test]
fn what_a_reference_leads_to_is_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.toml");
    let text = GOOD.replace("env:SECRET", "file:secret").replace("env:PASSWORD", "env:OTHER_PASSWORD");
    fs::write(&file, text).unwrap();
    let check = |secret: Option<&str>, password: Option<&str>| {
        match secret {
            Some(secret) => fs::write(folder.path().join("secret"), secret).unwrap(),
            None => drop(fs::remove_file(folder.path().join("secret"))),
        }
        let mut command: Command = webhook_sender();
        command.args(["model", "check"]).arg(&file).env_remove("OTHER_PASSWORD");
        run(command.envs(password.map(|password| ("OTHER_PASSWORD", password))))
    };
    snapshot("model_check_leads_nowhere", &check(None, None));
    for (name, secret, password, code, expected) in [
        ("both", "canary\n", "canary", 0, ""),
        ("at the limits", &"ä".repeat(250), &"ä".repeat(100), 0, ""),
        ("secret empty", "\n", "canary", 2, "the client secret is empty (read from the reference)"),
        ("secret too long", &"ä".repeat(251), "canary", 2, "the client secret has 251 characters"),
        ("password too long", "canary", &"ä".repeat(101), 2, "the password has 101 characters"),
        ("password of two lines", "canary", "can\nary", 2, "env:OTHER_PASSWORD has more than one line"),
        ("password with a control character", "canary", "can\tary", 2, "the password holds a control character"),
        ("password with a line end", "canary", "canary\n", 2, "env:OTHER_PASSWORD ends with `\\n` (a line end)"),
        ("secret with two line ends", "canary\n\n", "canary", 2, "secret ends with `\\n` (a line end)"),
    ] {
        let said = check(Some(secret), Some(password));
        assert_eq!(said.code, Some(code), "{name}: {}", said.stderr);
        assert!(said.stderr.contains(expected), "{name}: {}", said.stderr);
        assert_eq!(said.stderr.is_empty(), code == 0, "{name}: {}", said.stderr);
        assert!(!(said.stderr + &said.stdout).contains("canary"), "{name}");
    }
}

#[test]
fn no_literal_secret_is_shown() {
    let json = as_json(&EVERYTHING_WRONG.replace("2026-07-19T09:30:00", "7"));
    let unreadable = "password = canary\n[[step]]\nname = \"canary";
    let multiline =
        GOOD.replace("\"env:SECRET\"", "'''\ncanary\ncanary'''").replace("type = \"task\"", "type = \"tsk\"");
    for (name, input) in [
        ("toml", EVERYTHING_WRONG),
        ("json", json.as_str()),
        ("unreadable", unreadable),
        ("several lines", multiline.as_str()),
        ("another key", "password = 'canary'\nclient_secret = \"canary\"\nstep = []"),
        ("no authentication", "[[step]]\nname = 's'\ntype = 'task'\n[[step.webhook]]\nauthentication = 'canary'"),
        ("twice", r#"{"step": [{"webhook": [{"authentication": {"password": 1, "password": "canary"}}]}]}"#),
    ] {
        for arguments in [["check", "-"].as_slice(), &["check", "-", "--output", "json"], &["show", "-"]] {
            let said = model(arguments, input);
            assert_eq!(said.code, Some(2), "{name} {arguments:?}");
            assert!(!said.stdout.contains("canary"), "{name} {arguments:?}: {}", said.stdout);
            assert!(!said.stderr.contains("canary"), "{name} {arguments:?}: {}", said.stderr);
        }
    }
}
