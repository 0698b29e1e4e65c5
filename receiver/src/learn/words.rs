//! Splits a property's name into words, whatever its casing, and lists the words that hint at a meaning.

pub(super) const PREVIOUS: &[&str] = &["previous", "prev", "prior", "preceding", "former", "last"];
pub(super) const STEP: &[&str] = &["step", "task", "activity", "current"];
pub(super) const FLOW: &[&str] = &["flow", "workflow", "process", "case", "instance"];
pub(super) const HOOK: &[&str] = &["webhook", "hook", "integration"];
pub(super) const IDENTIFIER: &[&str] = &["identifier", "id", "number", "reference", "ref", "key", "no", "code"];
pub(super) const NAME: &[&str] = &["name", "title", "label", "caption"];
pub(super) const SECRET: &[&str] = &["secret", "token", "password", "apikey"];
pub(super) const OTHER_FLOW: &[&str] = &["related", "parent", "child", "children", "linked", "root", "links", "origin"];
pub(super) const CREATED: &[&str] = &["created", "create", "creation", "started", "start", "opened", "assigned"];
pub(super) const COMPLETED: &[&str] =
    &["completed", "complete", "completion", "submitted", "finished", "finish", "done", "ended", "closed"];

/// `flowIdentifier`, `FlowIdentifier`, `flow_identifier` and `flow-identifier` become `flow`, `identifier`.
pub(super) fn split(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let (mut words, mut word) = (Vec::new(), String::new());
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let after_lower = before.is_some_and(|before| before.is_lowercase() || before.is_numeric());
        let before_lower = characters.get(index + 1).is_some_and(|next| next.is_lowercase());
        let begins =
            character.is_uppercase() && (after_lower || (before.is_some_and(char::is_uppercase) && before_lower));
        if (begins || !character.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The word with a capital first letter.
pub(super) fn capitalize(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// Whether any of the words is one of these.
pub(super) fn any<'w>(words: impl IntoIterator<Item = &'w String>, of: &[&str]) -> bool {
    words.into_iter().any(|word| of.contains(&word.as_str()))
}

/// Whether the last of the words is one of these.
pub(super) fn last(words: &[String], of: &[&str]) -> bool {
    words.last().is_some_and(|word| of.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_casing_has_the_same_words() {
        for name in ["flowIdentifier", "FlowIdentifier", "flow_identifier", "FLOW-IDENTIFIER", "flow identifier"] {
            assert_eq!(split(name), ["flow", "identifier"], "{name}");
        }
        assert_eq!(split("HTTPServerID2"), ["http", "server", "id2"]);
        assert_eq!(split("$type"), ["type"]);
        assert!(split("!").is_empty());
    }
}
