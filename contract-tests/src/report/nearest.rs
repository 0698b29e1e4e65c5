//! The number that somebody may have meant.

use schemas::Clause;

use crate::Case;

/// Below this likeness a number is not meant.
const LIKENESS_MIN: f64 = 0.5;

/// The case or clause whose number is most like this one, which neither has.
pub(crate) fn id(name: &str) -> Option<&'static str> {
    let name = name.to_uppercase();
    let clauses = Clause::all().iter().map(|clause| clause.id);
    let ids = clauses.chain(Case::all().iter().map(|case| case.id.as_str()));
    let padded = padded(&name);
    let likeness = |id: &str| {
        let same_number = padded.as_deref() == Some(id);
        if same_number { 1.0 } else { strsim::normalized_damerau_levenshtein(&name, id) }
    };
    let alike = ids.map(|id| (likeness(id), id)).filter(|(likeness, _)| *likeness > LIKENESS_MIN);
    // The first of several that are as like.
    alike
        .fold(None, |best: Option<(f64, &str)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        })
        .map(|(_, id)| id)
}

/// The number with three digits, as cases have it.
fn padded(name: &str) -> Option<String> {
    let (area, number) = name.rsplit_once('-')?;
    let number: u32 = number.parse().ok()?;
    Some(format!("{area}-{number:03}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_number_is_found() {
        for (name, expected) in [
            ("http-34", Some("HTTP-034")),
            ("HTPP-034", Some("HTTP-034")),
            ("AUTH-99", Some("AUTH-9")),
            ("auth-basc-007", Some("AUTH-BASIC-007")),
            ("OPS5", Some("OPS-5")),
            ("pineapple", None),
        ] {
            assert_eq!(id(name), expected, "{name}");
        }
    }
}
