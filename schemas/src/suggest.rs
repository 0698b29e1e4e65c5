//! "Did you mean": the known name that somebody has misspelt.

/// Below this similarity, from 0 (nothing in common) to 1, a name is another word and not a misspelling.
const MIN_SIMILARITY: f64 = 0.6;

/// The name that is closest to the word, if one is close; letter case does not count.
pub fn closest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let word = word.to_lowercase();
    let similarity = |name: &str| strsim::normalized_damerau_levenshtein(&word, &name.to_lowercase());
    let close =
        names.into_iter().map(|name| (similarity(name), name)).filter(|(similarity, _)| *similarity > MIN_SIMILARITY);
    // The first of several that are equally close.
    close.min_by(|(a, _), (b, _)| b.total_cmp(a)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_misspelling_is_recognised_and_another_word_is_not() {
        let names = ["listen", "admin", "limits", "AUTH-9", "HTTP-034", "step-completed-customer-set-up"];
        for (word, expected) in [
            ("lisen", Some("listen")),
            ("LISTEN", Some("listen")),
            ("ilmits", Some("limits")),
            ("limit", Some("limits")),
            ("limits", Some("limits")),
            ("auth-99", Some("AUTH-9")),
            ("HTPP-034", Some("HTTP-034")),
            ("step-completed-costumer-setup", Some("step-completed-customer-set-up")),
            ("retention", None),
            ("pineapple", None),
            ("", None),
        ] {
            assert_eq!(closest(word, names), expected, "{word}");
        }
        assert_eq!(closest("hops", ["hop", "shops"]), Some("shops"));
        assert_eq!(closest("catt", ["cart", "cast"]), Some("cart"), "the first");
    }
}
