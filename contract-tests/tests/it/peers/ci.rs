//! The examples of `examples/ci/`, and the script that the action runs, on an endpoint that is right and on one that
//! refuses everything.

use std::process::{Command, Output, Stdio};

use schemas::Authentication;
use tempfile::TempDir;

use crate::peers::peer::{Peer, kinds, variables_of};

const PROGRAM: &str = env!("CARGO_BIN_EXE_webhook-contract");

/// An endpoint with a client secret, and the variables of a test, with the right secret or another one.
fn endpoint() -> (Peer, Authentication) {
    let [_, authentication, _] = kinds();
    (Peer::start("python", &["python3", "http_server.py"], &authentication), authentication)
}

fn run(command: &[&str], peer: &Peer, authentication: &Authentication, right: bool) -> Output {
    let mut command = {
        let mut line = Command::new(command[0]);
        line.args(&command[1..]);
        line
    };
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/ci")).stdin(Stdio::null());
    command.envs(variables_of(authentication)).env("WEBHOOK_CONTRACT", PROGRAM).env("PROGRAM", PROGRAM);
    command.env("ENDPOINT_URL", &peer.url).env("URL", &peer.url);
    if !right {
        command.env("CLIENT_SECRET", "another secret");
    }
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The command succeeds on an endpoint that is right, and fails with how to fix it on one that refuses everything.
fn tells_right_from_wrong(command: &[&str]) {
    let (peer, authentication) = endpoint();
    let right = run(command, &peer, &authentication, true);
    assert!(right.status.success() && text(&right).contains(" passed"), "{}", text(&right));
    let wrong = run(command, &peer, &authentication, false);
    assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong));
    assert!(text(&wrong).contains("fix: "), "{}", text(&wrong));
}

#[test]
#[ignore = "needs python3 with examples/ci/requirements.txt"]
fn pytest_has_a_test_for_each_case() {
    tells_right_from_wrong(&["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_webhook_contract.py"]);
}

#[test]
#[ignore = "needs python3, and node with npm install in examples/ci"]
fn jest_has_a_test_for_each_case() {
    tells_right_from_wrong(&["node", "node_modules/jest/bin/jest.js", "--ci", "webhook-contract.test.js"]);
}

#[test]
#[ignore = "needs bash and python3"]
fn the_script_of_the_action_keeps_the_reports_and_the_exit_code() {
    let (peer, authentication) = endpoint();
    let folder = TempDir::new().unwrap();
    let reports = folder.path().join("reports of a job");
    let summary = folder.path().join("summary.md");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/check-endpoint");
    let variables = [format!("REPORTS={}", reports.display()), format!("GITHUB_STEP_SUMMARY={}", summary.display())];
    let command = ["env", &variables[0], &variables[1], "bash", script];
    for (right, code) in [(true, 0), (false, 1)] {
        let output = run(&command, &peer, &authentication, right);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        for name in ["report.json", "junit.xml", "report.md", "report.html"] {
            assert!(reports.join(name).metadata().unwrap().len() > 0, "{name}");
        }
        let json: serde_json::Value =
            serde_json::from_slice(&std::fs::read(reports.join("report.json")).unwrap()).unwrap();
        assert_eq!(json["holds"], right);
    }
    assert!(std::fs::read_to_string(summary).unwrap().contains("AUTH-"));
}

#[test]
#[ignore = "needs bash and python3"]
fn no_command_of_the_log_is_heard_while_the_endpoint_is_shown() {
    let (peer, authentication) = endpoint();
    let folder = TempDir::new().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/check-endpoint");
    let reports = format!("REPORTS={}", folder.path().display());
    let mut words = Vec::new();
    for (right, code) in [(true, 0), (false, 1)] {
        let output = run(&["env", &reports, "GITHUB_ACTIONS=true", "bash", script], &peer, &authentication, right);
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(code), &b""[..]), "{}", text(&output));
        let log = text(&output);
        let lines: Vec<&str> = log.lines().collect();
        let word = lines[0].strip_prefix("::stop-commands::").unwrap().to_owned();
        assert!(word.len() == 32 && lines.last() == Some(&format!("::{word}::").as_str()), "{log}");
        words.push(word);
    }
    assert_ne!(words[0], words[1], "it can be guessed");
}

#[test]
#[ignore = "needs bash"]
fn the_build_of_the_action_is_not_steered_by_the_job() {
    let folder = TempDir::new().unwrap();
    let (caller, built, bin) = (folder.path().join("caller"), folder.path().join("built"), folder.path().join("bin"));
    for folder in [&caller, &bin] {
        std::fs::create_dir(folder).unwrap();
    }
    let cargo = bin.join("cargo");
    std::fs::write(&cargo, "#!/bin/sh\npwd\nenv | grep -E 'CARGO|RUST' || true\necho \"$@\"\n").unwrap();
    std::fs::set_permissions(&cargo, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let kit = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut command = Command::new(format!("{kit}/packaging/build-contract"));
    command.arg(&built).current_dir(&caller).env_clear().env("HOME", folder.path());
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let steering = [
        "RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
        "RUSTUP_TOOLCHAIN",
        "RUSTC_WRAPPER",
        "CARGO_PROFILE_RELEASE_LTO",
    ];
    command.envs(steering.map(|name| (name, "steered"))).env("CARGO_HOME", "/kept");
    let output = command.output().unwrap();
    let lines = text(&output);
    let lines: Vec<&str> = lines.lines().collect();
    let built = built.canonicalize().unwrap();
    assert_eq!(lines[..2], [built.to_str().unwrap(), "CARGO_HOME=/kept"], "{lines:?}");
    let arguments = lines[2];
    assert!(
        arguments.contains("--manifest-path /") && arguments.ends_with(&format!("--target-dir {}", built.display())),
        "{arguments}"
    );
    let action = std::fs::read_to_string(format!("{kit}/action.yml")).unwrap();
    assert!(action.contains("packaging/build-contract\" \"$RUNNER_TEMP/webhook-contract\""), "{action}");
}
