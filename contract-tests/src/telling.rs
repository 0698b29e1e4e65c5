//! Credentials with which every case of the catalogue tells something: as long as the product's form takes them, with
//! characters of one to four bytes, letters of both cases, accents that Unicode writes in two ways, and colons.

use schemas::{BasicCredentials, ClientSecret};

/// Most characters of a client secret; of a username and of a password.
const MOST: (usize, usize) = (250, 100);
/// Of every kind of character one or more: each stands in every credential.
const ALPHABET: [char; 22] =
    ['a', 'B', 'c', 'D', 'e', 'F', 'g', 'H', '2', '3', '-', '.', 'é', 'Ü', 'ñ', 'Ω', 'ж', '€', '語', '漢', '😀', '🔑'];
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

#[cfg(test)]
mod tests {
    use schemas::Authentication;

    use super::*;
    use crate::{Case, case::Changes, credential};

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
