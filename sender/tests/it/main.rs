//! The sender from outside: the program against real sockets, the composition against the schemas, and the words that
//! people read.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

mod answers;
mod bytes;
mod compose;
mod connections;
mod crash;
mod delivery;
mod help;
mod interim;
mod load;
mod model;
mod outbox;
mod prune;
mod redaction;
mod replay;
mod run;
mod run_sending;
mod send;
mod shells;
mod tls;
mod urls;

/// The program, without anything of the caller's terminal or environment that would change what it prints.
fn webhook_sender() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_webhook-sender"));
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env("COLUMNS", "100").env_remove("CLICOLOR_FORCE").timeout(std::time::Duration::from_secs(60));
    command
}

/// What the program did.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(command: &mut assert_cmd::Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
