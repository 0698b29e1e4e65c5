//! "Did you mean" for the ids of cases and clauses.

use schemas::{Clause, suggest};

use crate::Case;

/// The id of a case or clause that is closest to an unknown one.
pub(crate) fn id(name: &str) -> Option<&'static str> {
    let name = name.to_uppercase();
    let clauses = Clause::all().iter().map(|clause| clause.id);
    let ids = clauses.chain(Case::all().iter().map(|case| case.id.as_str()));
    let padded = padded(&name);
    let same_number = ids.clone().find(|id| padded.as_deref() == Some(*id));
    same_number.or_else(|| suggest::closest(&name, ids))
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
