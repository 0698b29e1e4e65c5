//! The `authorization` header of a message against the username and password that are configured.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use schemas::{
    BasicCredentials,
    authentication::{BasicError, PresentedBasic},
    wire::{AUTHORIZATION, BASIC},
};

use super::{arrived::Arrived, breach::Findings};

/// Base64 as careless programs write it: with or without padding, with rest bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Where the header stands, in a report.
const PLACE: &str = "the header `authorization`";

/// Judges the header by the clauses on Basic.
pub(super) fn judge(arrived: &Arrived, expected: &BasicCredentials, findings: &mut Findings) {
    findings.ask(["AUTH-17", "AUTH-21"]);
    let mut values = arrived.header(AUTHORIZATION);
    let Some(value) = values.next() else {
        findings.breaks("AUTH-17", PLACE, "is missing");
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
        Err(BasicError::Scheme) => findings.breaks("AUTH-17", PLACE, "has another scheme than `basic`"),
        Err(error) => {
            findings.ask(["AUTH-19"]);
            malformed(value, error, expected, findings);
        }
        Ok(presented) => {
            findings.ask(["AUTH-18", "AUTH-19", "AUTH-20"]);
            if !(expected.username().is_ascii() && expected.expose_password().is_ascii()) {
                findings.ask(["AUTH-15"]);
            }
            let username = presented.username() != expected.username();
            let password = presented.expose_password() != expected.expose_password();
            match (username, password) {
                (true, true) => findings.breaks("AUTH-18", PLACE, "holds neither the username nor the password"),
                (true, false) => findings.breaks("AUTH-18", PLACE, "holds another username"),
                (false, true) => findings.breaks("AUTH-18", PLACE, "holds another password"),
                (false, false) => {}
            }
        }
    }
}

fn malformed(value: &[u8], error: BasicError, expected: &BasicCredentials, findings: &mut Findings) {
    let parameter = value.trim_ascii().get(BASIC.len()..).unwrap_or_default().trim_ascii();
    let standard: Vec<u8> = parameter
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let right = format!("{}:{}", expected.username(), expected.expose_password());
    match error {
        BasicError::Base64 if LENIENT.decode(standard).is_ok_and(|pair| pair == right.as_bytes()) => {
            let what = "holds base64 of another alphabet, without its padding or with rest bits";
            findings.breaks("AUTH-20", PLACE, what);
        }
        BasicError::Utf8 => findings.breaks("AUTH-15", PLACE, "holds a username and password that are not UTF-8"),
        other => findings.breaks("AUTH-19", PLACE, other.to_string()),
    }
}
