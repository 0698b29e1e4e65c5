//! Credentials with which every case of the catalogue applies: as long as the product's form takes them, with characters
//! of one to four bytes, letters of both cases, accents that Unicode writes in two ways, and colons. And which run is still
//! to be done with another credential.

use schemas::{Authentication, BasicCredentials, ClientSecret};

/// Maximum number of characters of a client secret; of a username and of a password.
const MOST: (usize, usize) = (250, 100);
/// Of every kind of character one or more: each is in every credential.
const ALPHABET: [char; 24] = [
    'a', 'B', 'c', 'D', 'e', 'F', 'g', 'H', '2', '3', '-', '.', '_', '+', 'é', 'Ü', 'ñ', 'Ω', 'ж', '€', '語', '漢',
    '😀', '🔑',
];
/// What fills them up: most of a credential is where a limit in bytes would cut it.
const WIDE: [char; 6] = ['字', '€', '🌊', '🧭', '😀', '🔑'];

/// A client secret of 250 characters.
///
/// # Panics
/// Never: the limits of the product's form are kept.
pub fn client_secret() -> ClientSecret {
    ClientSecret::new(drawn(MOST.0, "")).expect("it has 250 characters and no control character")
}

/// A username and a password of 100 characters each; the password has colons.
///
/// # Panics
/// Never: the limits of the product's form are kept.
pub fn basic() -> BasicCredentials {
    // Whether base64 has padding, which some cases want, depends on the number of bytes.
    loop {
        let (username, password) = (drawn(MOST.1, ""), drawn(MOST.1, ":"));
        if (username.len() + 1 + password.len()) % 3 != 0 {
            return BasicCredentials::new(username, password).expect("each has 100 characters, and no forbidden one");
        }
    }
}

/// Every character of the alphabet and some more, in a drawn order. The ends are letters: spaces and marks there would
/// belong to another case.
fn drawn(characters: usize, more: &str) -> String {
    let mut middle: Vec<char> = ALPHABET.into_iter().chain(more.chars()).chain(more.chars()).collect();
    while middle.len() < characters - 2 {
        middle.push(WIDE[fastrand::usize(..WIDE.len())]);
    }
    fastrand::shuffle(&mut middle);
    let end = || ALPHABET[fastrand::usize(..8)];
    std::iter::once(end()).chain(middle).chain([end()]).collect()
}

/// Which run with another credential shows what this one cannot, as one sentence; `not_run` cases need a longer or more
/// varied credential than this one.
pub(crate) fn other_run(authentication: &Authentication, not_run: usize) -> Option<String> {
    let is_ascii = match authentication {
        Authentication::None => return None,
        Authentication::ClientSecret { client_secret } => client_secret.expose().is_ascii(),
        Authentication::Basic(basic) => basic.username().is_ascii() && basic.expose_password().is_ascii(),
    };
    let cases = if not_run == 1 { "1 case needs".to_owned() } else { format!("{not_run} cases need") };
    let drawn = "one that `webhook-contract credentials` makes for a test endpoint";
    match (not_run > 0, is_ascii) {
        (true, true) => Some(format!("{cases} a longer or more varied credential: run again with {drawn}.")),
        (true, false) => Some(format!(
            "{cases} a longer or more varied credential: run again with {drawn}, and once more with 12 to 72 ASCII characters."
        )),
        (false, false) => Some(
            "Run again with a credential of 12 to 72 ASCII characters, too: that one is taken from a header is seen with \
             such a one only."
                .to_owned(),
        ),
        (false, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Case, case::Changes, credential};

    #[test]
    fn a_run_with_one_kind_of_credential_asks_for_the_other() {
        let ascii = || Authentication::Basic(BasicCredentials::new("jo", "an ascii password".to_owned()).unwrap());
        let drawn = || Authentication::ClientSecret { client_secret: client_secret() };
        for (authentication, not_run, expected) in [
            (ascii(), 14, Some("14 cases need a longer or more varied credential: run again with one that")),
            (drawn(), 0, Some("Run again with a credential of 12 to 72 ASCII characters, too")),
            (drawn(), 1, Some("1 case needs a longer or more varied credential")),
            (ascii(), 0, None),
            (Authentication::None, 0, None),
        ] {
            let advice = other_run(&authentication, not_run);
            match expected {
                Some(start) => assert!(advice.as_ref().unwrap().starts_with(start), "{advice:?}"),
                None => assert_eq!(advice, None),
            }
        }
    }

    #[test]
    fn every_case_tells_something() {
        for _ in 0..100 {
            let given =
                [Authentication::ClientSecret { client_secret: client_secret() }, Authentication::Basic(basic())];
            for authentication in given {
                let kind = credential::kind(&authentication);
                for case in Case::all().iter().filter(|case| case.runs_with(kind)) {
                    for condition in case.needs.iter().filter(|condition| condition.is_of_telling_credentials()) {
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
