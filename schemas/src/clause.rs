//! The clauses of `CONTRACT.md`, read from its text: group, number, level, title, text, source.

use std::{fmt, sync::LazyLock};

use serde::{Deserialize, Serialize};

const CONTRACT_TEXT: &str = include_str!("../CONTRACT.md");

static CLAUSES: LazyLock<Vec<Clause>> = LazyLock::new(|| {
    let mut sections = CONTRACT_TEXT.split("\n### ");
    let mut group = sections.next().and_then(next_group).unwrap_or_default();
    let clauses = sections.map(|section| {
        let clause = Clause::read(group, section).expect("the embedded contract is tested to be whole");
        group = next_group(section).unwrap_or(group);
        clause
    });
    clauses.collect()
});

/// The heading above the next clause, if a section of a clause ends with one.
fn next_group(section: &'static str) -> Option<&'static str> {
    section.rsplit_once("\n## ").map(|(_, heading)| heading.trim())
}

/// A clause of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number, such as `AUTH-14`, which never changes.
    pub id: &'static str,
    /// The heading of its group, such as `Authentication (AUTH)`.
    pub group: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Its title.
    pub title: &'static str,
    /// Its text.
    pub text: &'static str,
    /// Its source: the help page or another article with its section, or an RFC with its section.
    pub source: &'static str,
    /// How certain it is: `documented`, `public-api`, `assumed` or `standard`.
    pub provenance: &'static str,
    /// Why it matters, where the contract gives a reason.
    pub why: Option<&'static str>,
}

/// How binding a clause is (RFC 2119, RFC 8174).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Breaking it loses a documented message, accepts one wrongly or leaks a credential.
    Must,
    /// Good to have.
    Should,
    /// Left to the endpoint.
    May,
}

impl Clause {
    /// Every clause, in the order of the contract.
    pub fn all() -> &'static [Self] {
        &CLAUSES
    }

    /// The clause with this number.
    pub fn find(id: &str) -> Option<&'static Self> {
        CLAUSES.iter().find(|clause| clause.id == id)
    }

    fn read(group: &'static str, section: &'static str) -> Option<Self> {
        let section = section.split("\n## ").next()?;
        let (heading, rest) = section.split_once('\n')?;
        let mut heading = heading.splitn(3, " · ");
        let (id, level, title) = (heading.next()?, heading.next()?, heading.next()?);
        let named = |name: &str| rest.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some(Self {
            id,
            group,
            level: Level::ALL.into_iter().find(|known| known.to_string() == level)?,
            title,
            text: rest.split("\nSource: ").next()?.trim(),
            source: named("Source: ")?,
            provenance: named("Provenance: ")?,
            why: named("Why: "),
        })
    }
}

impl Level {
    /// Every level, the most binding first.
    pub const ALL: [Self; 3] = [Self::Must, Self::Should, Self::May];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The anchor of the clause in `CONTRACT.md`.
    fn anchor(clause: &Clause) -> String {
        let heading = format!("{} · {} · {}", clause.id, clause.level, clause.title).to_lowercase();
        let kept = heading.chars().filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-'));
        kept.map(|character| if character == ' ' { '-' } else { character }).collect()
    }

    #[test]
    fn the_contract_is_read_whole() {
        assert_eq!(Clause::all().len(), CONTRACT_TEXT.matches("\n### ").count());
        let clause = Clause::find("AUTH-14").unwrap();
        assert_eq!((clause.level, clause.title), (Level::Must, "The first colon separates"));
        assert_eq!((clause.source, clause.provenance), ("RFC 7617 section 2", "standard"));
        assert!(clause.text.starts_with("An endpoint that expects Basic splits"), "{}", clause.text);
        assert_eq!(Clause::find("HTTP-14").unwrap().why, None);
        assert!(Clause::find("AUTH-7").unwrap().why.unwrap().contains("bcrypt"));
        assert_eq!(Clause::find("AUTH-99"), None);
    }

    #[test]
    fn a_clause_is_in_the_group_of_its_number() {
        for clause in Clause::all() {
            let (prefix, _) = clause.id.split_once('-').unwrap();
            assert!(clause.group.ends_with(&format!(" ({prefix})")), "{}: {}", clause.id, clause.group);
        }
    }

    #[test]
    fn anchors_are_those_of_the_contracts_own_list() {
        for clause in Clause::all() {
            let link = format!("[{}](#{})", clause.id, anchor(clause));
            assert!(CONTRACT_TEXT.contains(&link), "{link}");
        }
    }
}
