//! Credentials that tell much: as long as may be, with characters of every length in UTF-8 before and behind each place
//! where programs cut, in both letter cases, with spaces, quotes, colons and whatever a format escapes.

use std::sync::LazyLock;

const ALPHABET: &str = "aB3é ЖqZ€漢\"R7🐎\\ßx/Q&ü<%+'K9:;Å𐍈mT_w";

/// 250 characters.
pub(crate) static SECRET: LazyLock<String> = LazyLock::new(|| mixed(250, 1, ALPHABET));

/// 100 characters, without a colon.
pub(crate) static USERNAME: LazyLock<String> = LazyLock::new(|| mixed(100, 2, &ALPHABET.replace(':', "")));

/// 100 characters, with colons.
pub(crate) static PASSWORD: LazyLock<String> = LazyLock::new(|| mixed(100, 3, &ALPHABET.replace('Q', ":")));

/// So many characters; the first and the last are letters, and no space follows another.
fn mixed(length: usize, start: usize, alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let character = |at: usize| match at {
        0 => 'S',
        at if at + 1 == length => 'e',
        at => alphabet[(at * 5 + at / alphabet.len() + start) % alphabet.len()],
    };
    (0..length).map(character).collect()
}

#[test]
fn credentials_tell_much() {
    for (text, length) in [(&SECRET, 250), (&USERNAME, 100), (&PASSWORD, 100)] {
        assert_eq!(text.chars().count(), length);
        assert!((1..=4).all(|size| text.chars().any(|character| character.len_utf8() == size)), "{}", **text);
        assert!(!text.contains("  ") && text.trim() == text.as_str());
    }
    assert!(PASSWORD.matches(':').count() > 1 && !USERNAME.contains(':'));
}
