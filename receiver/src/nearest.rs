//! The name that was probably meant, where one stands that there is not.

/// Of the names that are more like the word than this (from 0, nothing in common, to 1), the one that is most.
pub(crate) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>, likeness: f64) -> Option<&'n str> {
    let alike = names.map(|name| (strsim::jaro_winkler(word, name), name)).filter(|(alike, _)| *alike > likeness);
    alike.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_pen_is_understood_and_another_word_is_not() {
        let names = || ["listen", "admin", "limits"].into_iter();
        assert_eq!(nearest("lisen", names(), 0.8), Some("listen"));
        assert_eq!(nearest("limit", names(), 0.8), Some("limits"));
        assert_eq!(nearest("retention", names(), 0.8), None);
        assert_eq!(nearest("limits", names(), 1.0), None);
    }
}
