//! The `authorization` header of a message against the username and password that are configured.

use schemas::{
    BasicCredentials,
    authentication::{
        BasicError, PresentedBasic,
        hint::{Hint, Spelling},
    },
    wire::AUTHORIZATION,
};

use super::{arrived::Arrived, breach::Findings};

/// Where the header stands, in a report.
const PLACE: &str = "the header `authorization`";

/// Judges the header by the clauses on Basic.
pub(super) fn judge(arrived: &Arrived, expected: &BasicCredentials, findings: &mut Findings) {
    findings.ask(["AUTH-17", "AUTH-21"]);
    let mut values = arrived.header(AUTHORIZATION);
    let Some(value) = values.next() else {
        let what = if arrived.unanswered {
            "is missing, and the sender did not send the message again with it after the challenge (401 with \
             `www-authenticate: Basic`)"
        } else {
            "is missing"
        };
        findings.breaks("AUTH-17", PLACE, what);
        return;
    };
    if values.next().is_some() {
        findings.breaks("AUTH-21", PLACE, "stands there more than once");
        return;
    }
    if value.contains(&b',') {
        findings.breaks("AUTH-21", PLACE, "holds a comma, as between several credentials");
        return;
    }
    match PresentedBasic::parse(value) {
        Err(BasicError::Scheme) => wrong(value, "AUTH-17", "has another scheme than `basic`", expected, findings),
        Err(BasicError::Utf8) => {
            findings.ask(["AUTH-19"]);
            wrong(value, "AUTH-15", "holds a username and password that are not UTF-8", expected, findings);
        }
        Err(error) => {
            findings.ask(["AUTH-19"]);
            wrong(value, "AUTH-19", &error.to_string(), expected, findings);
        }
        Ok(presented) => {
            findings.ask(["AUTH-18", "AUTH-19", "AUTH-20"]);
            if !(expected.username().is_ascii() && expected.expose_password().is_ascii()) {
                findings.ask(["AUTH-15"]);
            }
            let username = presented.username() != expected.username();
            let password = presented.expose_password() != expected.expose_password();
            let what = match (username, password) {
                (true, true) => "holds neither the username nor the password",
                (true, false) => "holds another username",
                (false, true) => "holds another password",
                (false, false) => return,
            };
            wrong(value, "AUTH-18", what, expected, findings);
        }
    }
}

/// A credential that is not the right one, with the spelling in which it would be, if there is one.
fn wrong(value: &[u8], clause: &str, what: &str, expected: &BasicCredentials, findings: &mut Findings) {
    let hint = Hint::of_basic(value, |username, password| {
        username == expected.username() && password == expected.expose_password()
    });
    let clause = match hint.and_then(|hint| hint.spellings().next()) {
        Some(Spelling::Latin1 | Spelling::Windows1252 | Spelling::Utf16 | Spelling::Utf8Twice) => "AUTH-15",
        Some(Spelling::Base64Lenient | Spelling::Base64Twice | Spelling::Base64Url) => "AUTH-20",
        Some(Spelling::NotBase64) => "AUTH-19",
        _ => clause,
    };
    match hint {
        Some(hint) => findings.breaks(clause, PLACE, format!("{what}; {hint}")),
        None => findings.breaks(clause, PLACE, what),
    }
}
