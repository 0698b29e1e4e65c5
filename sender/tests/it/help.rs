//! The words that people read: help, a dry run, results and errors. Look at a changed snapshot as a user would.

use std::io::Write as _;

use insta::{Settings, assert_snapshot};
use tempfile::NamedTempFile;

use crate::{
    run,
    support::endpoint::{Endpoint, nobody},
    webhook_sender,
};

/// Runs the program and checks all that it says under a name.
pub(crate) fn snapshot(name: &str, command: &mut assert_cmd::Command) {
    let said = run(command);
    let mut settings = Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r"webhook-sender([/ ])\d+\.\d+\.\d+", "webhook-sender${1}VERSION");
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME");
    settings.add_filter(r"(under 1|\b\d+) ms", "DURATION");
    settings.add_filter(r#"("durationMs": ?)\d+"#, "${1}0");
    settings.add_filter(r"\(\d[\d.]* (bytes|kB)\) to", "(SIZE) to");
    settings.add_filter(r#""bytes":\d+"#, r#""bytes":0"#);
    settings.add_filter(r"/\S*/(\.tmp\w+)", "FILE");
    settings.bind(|| {
        let streams = [("stdout", said.stdout), ("stderr", said.stderr)];
        let streams = streams.iter().filter(|(_, text)| !text.is_empty());
        let shown: Vec<String> = streams.map(|(stream, text)| format!("----- {stream} -----\n{text}")).collect();
        assert_snapshot!(name, format!("exit {}\n{}", said.code.unwrap(), shown.join("\n")));
    });
}

#[test]
fn help() {
    for (name, arguments) in [
        ("help", ["--help"].as_slice()),
        ("help_send", &["send", "--help"]),
        ("help_replay", &["replay", "--help"]),
        ("help_deliveries", &["deliveries", "--help"]),
        ("help_deliveries_list", &["deliveries", "list", "--help"]),
        ("help_deliveries_show", &["deliveries", "show", "--help"]),
        ("help_deliveries_retry", &["deliveries", "retry", "--help"]),
        ("help_deliveries_discard", &["deliveries", "discard", "--help"]),
        ("help_deliveries_prune", &["deliveries", "prune", "--help"]),
        ("help_load", &["load", "--help"]),
        ("help_samples", &["samples", "--help"]),
        ("help_samples_list", &["samples", "list", "--help"]),
        ("help_samples_show", &["samples", "show", "--help"]),
        ("version", &["--version"]),
        ("no_command", &[]),
        ("unknown_command", &["sned"]),
    ] {
        snapshot(name, webhook_sender().args(arguments));
    }
}

#[test]
fn dry_runs() {
    let basic = ["--username", "jo", "--password", "env:SECRET", "--header", "x-request-id: 17"];
    for (name, arguments) in [
        ("dry_run_client_secret", ["--client-secret", "env:SECRET"].as_slice()),
        ("dry_run_basic", &basic),
        ("dry_run_json", &["--client-secret", "env:SECRET", "--output", "json"]),
        ("dry_run_previous_step", &["--previous-step", "parallel-approval"]),
        ("dry_run_not_json", &["--raw-body", "-"]),
    ] {
        let mut command = webhook_sender();
        command.args(["send", "--dry-run", "--to", "http://127.0.0.1:8080/hooks/flowingly?code=abc"]);
        snapshot(name, command.args(arguments).env("SECRET", "canary").write_stdin("{\"clientSecret\":"));
    }
}

#[test]
fn answers() {
    let problem = "content-type: application/problem+json\r\n";
    let refused = r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"client-secret-refused","detail":"The client secret is missing or wrong."}"#;
    let id = r#"{"id":"01990c2e-7d5f-7000-8000-000000000000"}"#;
    for (name, status, headers, body, arguments) in [
        ("answer_200", "200 OK", "", id, ["--sample", "step-completed-customer-set-up"].as_slice()),
        ("answer_200_json", "200 OK", "", id, &["--output", "json"]),
        ("answer_401_none", "401 Unauthorized", "www-authenticate: Basic realm=\"x\"\r\n", "", &[]),
        ("answer_401_basic", "401 Unauthorized", "", "", &["--username", "jo", "--password", "env:SECRET"]),
        ("answer_401_bearer", "401 Unauthorized", "www-authenticate: Bearer\r\n", "", &[]),
        ("answer_403_problem", "403 Forbidden", problem, refused, &["--client-secret", "env:SECRET"]),
        ("answer_403_json", "403 Forbidden", problem, refused, &["--client-secret", "env:SECRET", "--output", "json"]),
        ("answer_404_html", "404 Not Found", "", "<html>\r\n<h1>Not Found</h1>\r\n</html>\r\n", &[]),
        ("answer_422_invalid_sample", "422 Unprocessable Entity", "", "", &["--sample", "null--MSG-1"]),
        ("answer_503", "503 Service Unavailable", "retry-after: 7\r\n", "", &[]),
        ("answer_302", "302 Found", "location: https://hooks.example.com/x?sig=canary\r\n", "", &[]),
    ] {
        let endpoint = Endpoint::with_status(status, headers, body);
        let mut command = webhook_sender();
        snapshot(name, command.args(["send", "--to", &endpoint.url("http")]).args(arguments).env("SECRET", "canary"));
    }
}

#[test]
fn silences() {
    let stalling = Endpoint::stalling_after("");
    let plain = Endpoint::plain();
    for (name, url, arguments) in [
        ("silence_refused", nobody(), ["--sample", "step-completed-customer-set-up"].as_slice()),
        ("silence_refused_json", nobody(), &["--output", "json"]),
        ("silence_timeout", stalling.url("http"), &["--timeout", "200ms"]),
        ("silence_closed", Endpoint::closing().url("http"), &[]),
        ("silence_plain_server", plain.url("https"), &[]),
    ] {
        snapshot(name, webhook_sender().args(["send", "--to", &url]).args(arguments));
    }
}

#[test]
fn errors() {
    let mut broken = NamedTempFile::new().unwrap();
    broken
        .write_all(br#"{"trigger":"done","flow":{},"step":{"stepIdentifier":"Form","fields":[{"name":"a"}]}}"#)
        .unwrap();
    let broken = broken.path().to_str().unwrap();
    let mut profile = NamedTempFile::new().unwrap();
    profile.write_all(b"name = \"x\"\n[roles]\ntriger = \"/t\"\n[fields]\nform = \"map\"\nkey = \"name\"\n").unwrap();
    let profile = profile.path().to_str().unwrap();
    for (name, arguments) in [
        ("error_literal_secret", ["--client-secret", "canary"].as_slice()),
        ("error_variable_not_set", &["--client-secret", "env:NOT_SET_ANYWHERE"]),
        ("error_raw_body_with_secret", &["--raw-body", "-", "--client-secret", "env:SECRET"]),
        ("error_nonconforming", &["--message", broken]),
        ("error_no_file", &["--message", "no-such.json"]),
        ("error_profile", &["--profile", profile]),
        ("error_unknown_sample", &["--sample", "step-completed-customer-setup"]),
        ("error_flag_with_sample", &["--sample", "step-completed-minimal", "--flow", "FLOW-1"]),
        ("error_field_type", &["--field", "Credit limit:Money=5"]),
        ("error_field_value", &["--field", "Customer since:Date=1990-07-19"]),
        ("error_plaintext", &["--to", "http://hooks.example.com/", "--username", "jo", "--password", "env:SECRET"]),
        ("error_user_in_url", &["--to", "http://jo:canary@hooks.example.com/"]),
        ("error_username_colon", &["--username", "a:b", "--password", "env:SECRET"]),
        ("error_previous_step", &["--trigger", "step-completed", "--previous-step", "task"]),
    ] {
        let mut command = webhook_sender();
        command.arg("send").args(arguments).env("SECRET", "canary");
        if !arguments.contains(&"--to") {
            command.args(["--to", "http://127.0.0.1:9/"]);
        }
        snapshot(name, &mut command);
    }
}

#[test]
fn colour_is_a_choice() {
    let coloured = |choice: &[&str], no_color: bool| {
        let mut command = webhook_sender();
        command.args(["send", "--to", "x"]).args(choice);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        run(&mut command).stderr.contains('\u{1b}')
    };
    assert!(coloured(&["--color", "always"], false));
    assert!(coloured(&["--color=always"], true), "the argument is nearer than the environment");
    assert!(!coloured(&["--color", "never"], false));
    assert!(!coloured(&[], false), "nobody is looking");
    let clap = run(webhook_sender().args(["--color", "always", "sned"]));
    assert!(clap.stderr.contains('\u{1b}'), "{}", clap.stderr);
}
