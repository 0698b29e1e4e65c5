//! Commands to paste into a shell.

use std::{env, path::Path};

/// How this shell starts a program of the kit: a user who came by cargo has none in the search path.
pub fn program(package: &str) -> String {
    if env::var_os("CARGO").is_some() { format!("cargo run -q -p {package} --") } else { format!("webhook-{package}") }
}

/// A path as one word of a POSIX shell.
pub fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |character: char| character.is_alphanumeric() || "/._-+:@%".contains(character);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word() {
        for (path, word_of_shell) in
            [("/a/b-c.d", "/a/b-c.d"), ("/my hooks/x", "'/my hooks/x'"), ("it's", r"'it'\''s'")]
        {
            assert_eq!(word(Path::new(path)), word_of_shell);
        }
    }
}
