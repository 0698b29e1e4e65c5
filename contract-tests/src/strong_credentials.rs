//! Credentials with which every case of the catalogue applies: of the maximum length of the product's form, with characters
//! of one to four bytes, letters of both cases, accents that Unicode writes in two ways, and colons. Also the advice to run
//! again with another credential.

use schemas::{Authentication, BasicCredentials, ClientSecret};

/// Maximum number of characters of a client secret.
const SECRET_CHARACTERS: usize = 250;
/// Maximum number of characters of a username and of a password.
const PAIR_CHARACTERS: usize = 100;
/// One or more characters of every kind, each of which is in every credential.
const REQUIRED_CHARACTERS: [char; 24] = [
    'a', 'B', 'c', 'D', 'e', 'F', 'g', 'H', '2', '3', '-', '.', '_', '+', 'é', 'Ü', 'ñ', 'Ω', 'ж', '€', '語', '漢',
    '😀', '🔑',
];
/// The rest of a credential: long characters, so that a limit in bytes would cut it.
const FILL_CHARACTERS: [char; 6] = ['字', '€', '🌊', '🧭', '😀', '🔑'];

/// A client secret of 250 characters.
///
/// # Panics
/// Never: the limits of the product's form are kept.
pub fn client_secret() -> ClientSecret {
    ClientSecret::new(random(SECRET_CHARACTERS, "")).expect("it has 250 characters and no control character")
}

/// A username and a password of 100 characters each; the password has colons.
///
/// # Panics
/// Never: the limits of the product's form are kept.
pub fn basic() -> BasicCredentials {
    // Some cases need base64 with padding, which depends on the number of bytes.
    loop {
        let (username, password) = (random(PAIR_CHARACTERS, ""), random(PAIR_CHARACTERS, ":"));
        if (username.len() + 1 + password.len()) % 3 != 0 {
            return BasicCredentials::new(username, password).expect("each has 100 characters, and no forbidden one");
        }
    }
}

/// All required characters and some more in random order. It begins and ends with a letter, because other cases are about
/// spaces and punctuation there.
fn random(characters: usize, more: &str) -> String {
    let mut middle: Vec<char> = REQUIRED_CHARACTERS.into_iter().chain(more.chars()).chain(more.chars()).collect();
    while middle.len() < characters - 2 {
        middle.push(FILL_CHARACTERS[fastrand::usize(..FILL_CHARACTERS.len())]);
    }
    fastrand::shuffle(&mut middle);
    let end = || REQUIRED_CHARACTERS[fastrand::usize(..8)];
    std::iter::once(end()).chain(middle).chain([end()]).collect()
}

/// The advice to run again with another credential, if that would prove more; `not_run` cases need a longer or more varied
/// one.
pub(crate) fn advice(authentication: &Authentication, not_run: usize) -> Option<String> {
    let is_ascii = match authentication {
        Authentication::None => return None,
        Authentication::ClientSecret { client_secret } => client_secret.expose().is_ascii(),
        Authentication::Basic(basic) => basic.username().is_ascii() && basic.expose_password().is_ascii(),
    };
    let cases = if not_run == 1 { "1 case needs".to_owned() } else { format!("{not_run} cases need") };
    let strong = "one from `webhook-contract credentials`";
    match (not_run > 0, is_ascii) {
        (true, true) => Some(format!("{cases} a longer or more varied credential: run again with {strong}.")),
        (true, false) => Some(format!(
            "{cases} a longer or more varied credential: run again with {strong}, and once more with 12 to 72 ASCII characters."
        )),
        (false, false) => Some(
            "Also run with a credential of 12 to 72 ASCII characters: only that shows whether the endpoint accepts it from a \
             header."
                .to_owned(),
        ),
        (false, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Case,
        case::{AuthenticationKind, Changes},
        credential,
    };

    #[test]
    fn a_run_with_one_kind_of_credential_asks_for_the_other() {
        let ascii = || Authentication::Basic(BasicCredentials::new("jo", "an ascii password".to_owned()).unwrap());
        let drawn = || Authentication::ClientSecret { client_secret: client_secret() };
        for (authentication, not_run, expected) in [
            (ascii(), 14, Some("14 cases need a longer or more varied credential: run again with one from")),
            (drawn(), 0, Some("Also run with a credential of 12 to 72 ASCII characters")),
            (drawn(), 1, Some("1 case needs a longer or more varied credential")),
            (ascii(), 0, None),
            (Authentication::None, 0, None),
        ] {
            let advice = advice(&authentication, not_run);
            match expected {
                Some(start) => assert!(advice.as_ref().unwrap().starts_with(start), "{advice:?}"),
                None => assert_eq!(advice, None),
            }
        }
    }

    #[test]
    fn every_case_applies() {
        for _ in 0..100 {
            let given =
                [Authentication::ClientSecret { client_secret: client_secret() }, Authentication::Basic(basic())];
            for authentication in given {
                let kind = AuthenticationKind::from(&authentication);
                for case in Case::all().iter().filter(|case| case.runs_with(kind)) {
                    for condition in case.needs.iter().filter(|condition| condition.is_met_by_strong_credentials()) {
                        assert!(
                            credential::meets(&authentication, &Changes::default(), condition),
                            "{}: {condition}",
                            case.id
                        );
                    }
                }
            }
        }
    }
}
