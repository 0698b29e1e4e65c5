//! The catalogue: every case of `schemas/cases/`, read once, the selection of a run, and suggestions for mistyped ids.

use std::sync::LazyLock;

use schemas::{CaseFile, Clause, Level, suggest::closest};

use crate::{
    case::{Action, Case, Connections},
    target::Target,
};

static CATALOGUE: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let mut files: Vec<CaseFile> = CaseFile::all().collect();
    files.sort_by_key(|file| file.area);
    let read = |file: CaseFile| -> Vec<Case> {
        serde_json::from_str(file.text).expect("the embedded catalogue is tested to be whole")
    };
    let mut cases: Vec<Case> = files.into_iter().flat_map(read).collect();
    for case in &mut cases {
        if let Action::Send(exchange) = &mut case.action {
            exchange.request.is_one_of_several = exchange.after.is_some() || exchange.connections != Connections::Own;
        }
    }
    let place = |case: &Case| Clause::all().iter().position(|clause| clause.id == case.clause);
    cases.sort_by_key(place);
    cases
});

impl Case {
    /// Every case, in the order of the contract.
    pub fn all() -> &'static [Self] {
        &CATALOGUE
    }

    /// Its level, which is that of its clause.
    ///
    /// # Panics
    /// When the contract has no such clause; the catalogue is tested to name none.
    pub fn level(&self) -> Level {
        self.of_clause().level
    }

    /// The clause that it tests.
    ///
    /// # Panics
    /// When the contract has no such clause; the catalogue is tested to name none.
    pub(crate) fn of_clause(&self) -> &'static Clause {
        Clause::find(&self.clause).expect("the catalogue is tested to name clauses of the contract only")
    }

    /// Whether its number or clause matches a pattern, in which `*` matches any text.
    pub(crate) fn fits(&self, pattern: &str) -> bool {
        matches(pattern, &self.id) || matches(pattern, &self.clause)
    }

    /// Whether a run includes it.
    pub(crate) fn is_wanted(&self, target: &Target) -> bool {
        self.is_selected(target) && !target.skip.iter().any(|pattern| self.fits(pattern))
    }

    /// The `--skip` pattern that excludes it, if nothing else does.
    pub(crate) fn excluded_by<'t>(&self, target: &'t Target) -> Option<&'t str> {
        let pattern = target.skip.iter().find(|pattern| self.fits(pattern))?;
        self.is_selected(target).then_some(pattern)
    }

    /// Whether all options except `--skip` include it.
    fn is_selected(&self, target: &Target) -> bool {
        let harmless = self.safe || matches!(self.action, Action::Check(_));
        (target.only.is_empty() || target.only.iter().any(|pattern| self.fits(pattern)))
            && self.level() <= target.level
            && (harmless || !target.safe)
            && (target.slow || !self.slow)
    }
}

/// Whether a text matches a pattern whose `*` matches any text, ignoring letter case.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_uppercase(), text.to_ascii_uppercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = pattern.rsplit('*').next().filter(|_| pattern.contains('*')) else { return rest.is_empty() };
    let middle: Vec<&str> = parts.collect();
    for part in &middle[..middle.len() - 1] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The id of a case or clause that is closest to an unknown one.
pub(crate) fn suggest(name: &str) -> Option<&'static str> {
    let name = name.to_uppercase();
    let clauses = Clause::all().iter().map(|clause| clause.id);
    let ids = clauses.chain(Case::all().iter().map(|case| case.id.as_str()));
    let padded = padded(&name);
    let same_number = ids.clone().find(|id| padded.as_deref() == Some(*id));
    same_number.or_else(|| closest(&name, ids))
}

/// The id with three digits, as cases have it.
fn padded(name: &str) -> Option<String> {
    let (area, number) = name.rsplit_once('-')?;
    let number: u32 = number.parse().ok()?;
    Some(format!("{area}-{number:03}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_text() {
        for (pattern, text, expected) in [
            ("AUTH-*", "AUTH-7", true),
            ("auth-*", "AUTH-BASIC-007", true),
            ("AUTH-7", "AUTH-7", true),
            ("AUTH-7", "AUTH-70", false),
            ("*-007", "AUTH-BASIC-007", true),
            ("*BASIC*", "AUTH-BASIC-007", true),
            ("A*B*7", "AUTH-BASIC-007", true),
            ("A*Z*7", "AUTH-BASIC-007", false),
            ("*", "", true),
            ("", "AUTH-7", false),
            ("A*A", "A", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_closest_id_is_suggested() {
        for (name, expected) in [
            ("http-34", Some("HTTP-034")),
            ("HTPP-034", Some("HTTP-034")),
            ("AUTH-99", Some("AUTH-9")),
            ("auth-basc-007", Some("AUTH-BASIC-007")),
            ("OPS5", Some("OPS-5")),
            ("pineapple", None),
        ] {
            assert_eq!(suggest(name), expected, "{name}");
        }
    }
}
