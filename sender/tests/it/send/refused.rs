//! What is refused without sending.

use super::*;

#[test]
fn what_is_misused_is_refused_without_sending() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let broken = at("broken.json", r#"{"trigger":"x","flow":{},"step":{"stepIdentifier":"a","fields":[]}}"#);
    let twice = at("twice.json", r#"{"clientSecret":"canary","clientSecret":"canary"}"#);
    let no_profile =
        at("profile.toml", "name = \"x\"\n[roles]\ntrigger = \"/t\"\n[fields]\nform = \"map\"\nkey = \"name\"\n");
    let no_pem = at("ca.pem", "no certificate");
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    let to = ["--to", "http://127.0.0.1:9/"].as_slice();
    for (name, arguments, words) in [
        ("no target", vec![], "--to <URL>"),
        ("no URL", vec!["--to", "127.0.0.1:9"], "does not begin with http://"),
        ("user in the URL", vec!["--to", "http://jo:canary@127.0.0.1:9/"], "take it out of the URL"),
        ("unknown sample", vec!["--sample", "step-completed-customer-setup"], "`step-completed-customer-set-up`"),
        ("two sources", vec!["--sample", SAMPLE, "--message", "x"], "cannot be used with"),
        ("flags with a sample", vec!["--sample", SAMPLE, "--flow", "x"], "cannot be used with '--flow <ID>'"),
        ("literal secret", vec!["--client-secret", "canary"], "never the secret itself"),
        ("literal password", vec!["--username", "jo", "--password", "canary"], "never the secret itself"),
        (
            "both authentications",
            vec!["--client-secret", "env:X", "--username", "jo", "--password", "env:X"],
            "cannot be used with",
        ),
        ("username alone", vec!["--username", "jo"], "--password <REF>"),
        ("variable not set", vec!["--client-secret", "env:NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
        ("no secret file", vec!["--client-secret", "file:/no/such/file"], "/no/such/file"),
        ("colon in the username", vec!["--username", "j:o", "--password", "env:SECRET"], "holds a colon"),
        (
            "raw with a secret",
            vec!["--raw-body", &broken, "--client-secret", "env:SECRET"],
            "sends the bytes as they are",
        ),
        ("nonconforming", vec!["--message", &broken], "/flow/flowIdentifier: is missing (MSG-4)"),
        ("nonconforming, second", vec!["--message", &broken], "/trigger: "),
        ("nonconforming, advice", vec!["--message", &broken], "--raw-body"),
        ("ambiguous", vec!["--message", &twice], "is repeated"),
        ("no file", vec!["--message", &missing], "cannot read"),
        ("profile", vec!["--profile", &no_profile], "the role `flowIdentifier` is missing"),
        (
            "invalid through a profile",
            vec!["--sample", "null--MSG-1", "--profile", "../schemas/profiles/v1.toml"],
            "MSG-1",
        ),
        (
            "no place for a secret",
            vec!["--sample", "null--MSG-1", "--client-secret", "env:SECRET"],
            "not a JSON object",
        ),
        ("no certificate", vec!["--ca", &no_pem], "it holds no certificate"),
        ("header", vec!["--header", "canary"], "has no colon"),
        ("framing header", vec!["--header", "content-length: 3"], "set by the sender itself"),
        (
            "two authorizations",
            vec!["--header", "Authorization: x", "--username", "jo", "--password", "env:SECRET"],
            "given twice",
        ),
        (
            "previous step on completion",
            vec!["--trigger", "step-completed", "--previous-step", "task"],
            "--trigger step-created",
        ),
        ("field", vec!["--field", "a:Date=1990-07-19"], "dd/MM/yyyy"),
        ("time", vec!["--timeout", "soon"], "500ms"),
        ("a secret with a line end", vec!["--client-secret", "env:LINE"], "env:LINE ends with `\\n` (a line end)"),
        (
            "a password with a blank",
            vec!["--username", "jo", "--password", "env:BLANK"],
            "env:BLANK begins with `\\u{a0}`",
        ),
        (
            "a username with a blank",
            vec!["--username", "jo ", "--password", "env:SECRET"],
            "username ends with ` ` (a space)",
        ),
        (
            "Basic in the clear",
            vec!["--to", "http://192.0.2.1/", "--username", "jo", "--password", "env:SECRET"],
            "--allow-plaintext",
        ),
        (
            "given Basic in the clear",
            vec!["--to", "http://192.0.2.1/", "--header", "authorization: basic Y2FuYXJ5"],
            "--allow-plaintext",
        ),
    ] {
        let mut command = webhook_sender();
        command.arg("send").args(&arguments).env("SECRET", CANARY);
        command.env("LINE", format!("{CANARY}\n")).env("BLANK", format!("\u{a0}{CANARY}"));
        if name != "no target" && !arguments.contains(&"--to") {
            command.args(to);
        }
        let sent = run(&mut command);
        assert_eq!(sent.code, Some(2), "{name}: {}{}", sent.stdout, sent.stderr);
        assert_eq!(sent.stdout, "", "{name}");
        assert!(sent.stderr.starts_with("error: "), "{name}: {}", sent.stderr);
        assert!(sent.stderr.contains(words), "{name}: {}", sent.stderr);
        assert!(!sent.stderr.contains("canary") && !sent.stderr.contains("Y2Fu"), "{name}: {}", sent.stderr);
    }
}
