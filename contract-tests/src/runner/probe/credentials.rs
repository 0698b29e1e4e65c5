//! Probes with the credential in other forms, in which an endpoint may have it.

use schemas::Authentication;

use super::{PLAIN_CASE, Probe};
use crate::{
    case::{Change, Changes, CredentialPart, Property},
    change::latin_1,
    variation::Difference,
};

/// Lengths at which programs cut or refuse a credential, in bytes and in characters.
const CUT_LENGTHS: [usize; 8] = [255, 250, 128, 100, 72, 64, 50, 32];

const COPY_FIX: &str =
    "Correct the endpoint's own copy of the credential; where it comes from a file, remove the line end at its end.";

pub(super) fn probes(authentication: &Authentication) -> Vec<Probe> {
    let (without, others) = match authentication {
        Authentication::None => return Vec::new(),
        Authentication::ClientSecret { client_secret } => ("the client secret", of_secret(client_secret.expose())),
        Authentication::Basic(basic) => {
            ("the `authorization` header", of_basic(basic.username(), basic.expose_password()))
        }
    };
    let cause = format!("The message is accepted without {without}, but not with it.");
    let fix = "Configure the endpoint for this kind of authentication, or test it with --no-authentication.";
    let none = Probe::new(Difference::NoCredential, PLAIN_CASE, format!("without {without}"), cause).with_fix(fix);
    let none = Probe { is_safe: false, ..none.for_diagnosis() };
    [none].into_iter().chain(others).collect()
}

fn of_secret(secret: &str) -> Vec<Probe> {
    let change = |change| Changes { secret: Some(change), ..Changes::default() };
    let mut probes = vec![
        changed(change(Change::LineEnd), CredentialPart::Secret, PLAIN_CASE, "with a line end after it")
            .with_fix(COPY_FIX),
    ];
    if !secret.is_ascii() {
        probes.push(Probe::new(
            Difference::EscapedSecret,
            "AUTH-SECRET-053",
            "the secret in escapes of JSON",
            "The secret is accepted in escapes such as `\\u00e4`, but not as its own characters: the body is not read as UTF-8.",
        ));
    }
    if Property::NormalForms.holds(secret) {
        probes.push(
            changed(
                change(Change::OtherForm),
                CredentialPart::Secret,
                PLAIN_CASE,
                "in its other Unicode normalization form",
            )
            .with_fix(COPY_FIX),
        );
    }
    for name in ["client_secret", "ClientSecret", "client-secret", "secret"] {
        let cause = format!("The member `{name}` is read, but `clientSecret` is not.");
        let fix =
            "Read the member `clientSecret`; if your messages have another name, pass a profile with it (--profile).";
        let variation = format!("the member `{name}` instead of `clientSecret`");
        probes.push(Probe::new(Difference::SecretName(name), PLAIN_CASE, variation, cause).with_fix(fix));
    }
    probes.extend(trimmed(secret, CredentialPart::Secret, change(Change::Trimmed)));
    probes.extend(cuts(secret, CredentialPart::Secret, &change, "AUTH-SECRET-048"));
    probes
}

fn of_basic(username: &str, password: &str) -> Vec<Probe> {
    let of_password = |change| Changes { password: Some(change), ..Changes::default() };
    let of_username = |change| Changes { username: Some(change), ..Changes::default() };
    let line_end = "with a line end after it";
    let mut probes =
        vec![changed(of_password(Change::LineEnd), CredentialPart::Password, PLAIN_CASE, line_end).with_fix(COPY_FIX)];
    let beyond_ascii = if password.is_ascii() { "AUTH-BASIC-009" } else { "AUTH-BASIC-008" };
    let pair = format!("{username}:{password}");
    if !pair.is_ascii() && latin_1(&pair).is_some() {
        probes.push(Probe::new(
            Difference::Latin1,
            beyond_ascii,
            "username and password in Latin-1",
            "Username and password are accepted in Latin-1, but not in UTF-8.",
        ));
    }
    for (text, of, change) in [
        (password, CredentialPart::Password, &of_password as &dyn Fn(Change) -> Changes),
        (username, CredentialPart::Username, &of_username),
    ] {
        if Property::NormalForms.holds(text) {
            let form = "in its other Unicode normalization form";
            probes.push(changed(change(Change::OtherForm), of, PLAIN_CASE, form).with_fix(COPY_FIX));
        }
        probes.extend(trimmed(text, of, change(Change::Trimmed)));
        let case = match of {
            CredentialPart::Username => "AUTH-BASIC-022",
            // The case about bytes needs a longer password.
            _ if text.chars().count() > 64 => "AUTH-BASIC-020",
            _ => "AUTH-BASIC-021",
        };
        probes.extend(cuts(text, of, change, case));
    }
    probes
}

fn trimmed(text: &str, of: CredentialPart, changes: Changes) -> Option<Probe> {
    Property::SpaceAround.holds(text).then(|| changed(changes, of, PLAIN_CASE, "without the spaces around it"))
}

/// The credential cut at the usual lengths, without repetitions.
fn cuts(text: &str, of: CredentialPart, changes: &dyn Fn(Change) -> Changes, case: &'static str) -> Vec<Probe> {
    let mut seen = vec![text.to_owned()];
    let mut probes = Vec::new();
    let cuts = CUT_LENGTHS.into_iter().flat_map(|length| {
        [(Change::CutToCharacters(length), length, "characters"), (Change::CutToBytes(length), length, "bytes")]
    });
    for (change, length, unit) in cuts {
        let cut = change.of(text);
        if seen.contains(&cut) {
            continue;
        }
        seen.push(cut);
        // Shorter ones have no case of their own.
        let case = if length < 64 { PLAIN_CASE } else { case };
        probes.push(changed(changes(change), of, case, &format!("cut at {length} {unit}")));
    }
    probes
}

/// A credential that differs from the one given.
fn changed(changes: Changes, of: CredentialPart, case: &'static str, how: &str) -> Probe {
    let cause = format!("The {of} is accepted {how}, but not as given.");
    Probe { is_safe: false, ..Probe::new(Difference::Credential(changes), case, format!("the {of} {how}"), cause) }
}
