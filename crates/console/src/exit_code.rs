//! The exit codes. All three programs use the same four; what each means to a program is in its table, which also makes
//! the end of its help.

/// It went well: every MUST holds, the endpoint answered 2xx, the command did what it was asked.
pub const SUCCESS: u8 = 0;
/// It did not: a MUST fails, the endpoint gave another answer, the receiver's command failed.
pub const FAILURE: u8 = 1;
/// The command line, the configuration, or a file, address or secret that they name cannot be used. Clap's code for its
/// own errors, too.
pub const USAGE: u8 = 2;
/// There is no full result: nothing was tested, nothing answered, or the receiver stopped before every request had its
/// answer.
pub const INCOMPLETE: u8 = 3;

/// The exit codes of a command, each with its meaning.
pub type ExitCodes<'m> = &'m [(u8, &'m str)];

/// `webhook-contract check`, `listen` and `render`.
pub const CONTRACT: ExitCodes<'static> = &[
    (SUCCESS, "every MUST holds, except known failures (with --strict, every SHOULD too)"),
    (FAILURE, "a MUST fails, or was not tested to the end (with --strict, a SHOULD too)"),
    (USAGE, "the command line, or a file that it names, is wrong"),
    (INCOMPLETE, "nothing was tested: no connection, no HTTP answer, or every case was skipped"),
];

/// `webhook-sender send`.
pub const SEND: ExitCodes<'static> = &[
    (SUCCESS, "the endpoint answered 2xx"),
    (FAILURE, "the endpoint gave another answer"),
    (USAGE, UNUSABLE),
    (INCOMPLETE, "nothing answered"),
];

/// `webhook-sender run`, `replay` and `deliveries retry`.
pub const DELIVER: ExitCodes<'static> = &[
    (SUCCESS, "all messages were delivered"),
    (FAILURE, "some were not: an endpoint gave another answer"),
    (USAGE, UNUSABLE),
    (INCOMPLETE, "some were not: nothing answered"),
];

/// `webhook-sender load`.
pub const LOAD: ExitCodes<'static> = &[
    (SUCCESS, "every answer was 2xx"),
    (FAILURE, "some requests got another answer, or none"),
    (USAGE, "wrong usage: nothing was sent"),
    (INCOMPLETE, "nothing answered"),
];

/// `webhook-sender model check`.
pub const MODEL_CHECK: ExitCodes<'static> =
    &[(SUCCESS, "every model can be used; there may be warnings"), (USAGE, "at least one cannot be used")];

/// `webhook-receiver`.
pub const RECEIVER: ExitCodes<'static> = &[
    (SUCCESS, "the command succeeded; a receiver stopped after it had answered every request"),
    (FAILURE, "the command failed, or what it checks is damaged or incomplete"),
    (USAGE, "the command line or the configuration is wrong"),
    (INCOMPLETE, "the receiver stopped before it had answered every request; all acknowledged messages are stored"),
];

const UNUSABLE: &str = "wrong usage, an address that is not allowed, or an outbox that cannot be used";

/// The table as the end of a help text.
pub fn help(codes: ExitCodes<'_>) -> String {
    let lines = codes.iter().map(|(code, meaning)| format!("\n  {code}  {meaning}"));
    "Exit codes:".to_owned() + &lines.collect::<String>()
}
