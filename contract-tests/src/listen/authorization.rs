//! Judges the `authorization` header of a message by the configured username and password.

use schemas::{
    BasicCredentials,
    authentication::{
        BasicError, PresentedBasic,
        hint::{Hint, Spelling},
    },
    wire::AUTHORIZATION_HEADER,
};

use super::{raw_request::RawRequest, violation::MessageChecks};

const AUTHORIZATION_PLACE: &str = "the header `authorization`";

/// Judges the header by the clauses on Basic.
pub(super) fn judge(request: &RawRequest, expected: &BasicCredentials, checks: &mut MessageChecks) {
    checks.applies(["AUTH-17", "AUTH-21"]);
    let mut values = request.header(AUTHORIZATION_HEADER);
    let Some(value) = values.next() else {
        let what = if request.unanswered {
            "is missing, and the sender did not send the message again with it after the challenge (401 with \
             `www-authenticate: Basic`)"
        } else {
            "is missing"
        };
        checks.violates("AUTH-17", AUTHORIZATION_PLACE, what);
        return;
    };
    if values.next().is_some() {
        checks.violates("AUTH-21", AUTHORIZATION_PLACE, "is there more than once");
        return;
    }
    if value.contains(&b',') {
        checks.violates("AUTH-21", AUTHORIZATION_PLACE, "has a comma, as between several credentials");
        return;
    }
    match PresentedBasic::parse(value) {
        Err(BasicError::Scheme) => wrong(value, "AUTH-17", "has a scheme other than `basic`", expected, checks),
        Err(BasicError::Utf8) => {
            checks.applies(["AUTH-19"]);
            wrong(value, "AUTH-15", "has a username and password that are not UTF-8", expected, checks);
        }
        Err(error) => {
            checks.applies(["AUTH-19"]);
            wrong(value, "AUTH-19", &error.to_string(), expected, checks);
        }
        Ok(presented) => {
            checks.applies(["AUTH-18", "AUTH-19", "AUTH-20"]);
            if !(expected.username().is_ascii() && expected.expose_password().is_ascii()) {
                checks.applies(["AUTH-15"]);
            }
            let username = presented.username() != expected.username();
            let password = presented.expose_password() != expected.expose_password();
            let what = match (username, password) {
                (true, true) => "has another username and another password",
                (true, false) => "has another username",
                (false, true) => "has another password",
                (false, false) => return,
            };
            wrong(value, "AUTH-18", what, expected, checks);
        }
    }
}

/// Records a wrong credential, with the encoding in which it would be right, if there is one.
fn wrong(value: &[u8], clause: &str, what: &str, expected: &BasicCredentials, checks: &mut MessageChecks) {
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
        Some(hint) => checks.violates(clause, AUTHORIZATION_PLACE, format!("{what}; {hint}")),
        None => checks.violates(clause, AUTHORIZATION_PLACE, what),
    }
}
