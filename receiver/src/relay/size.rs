//! Size limit of a card, and shortening a message to fit.
//!
//! Teams refuses a post whose card exceeds 28 672 bytes after expansion; 24 453 bytes sent were seen to become 28 897.
//! So the limit, in bytes of UTF-8 JSON, is well below.

use std::{fmt, num::ParseIntError, str::FromStr};

/// Maximum size of a post in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget(usize);

impl Budget {
    /// The smallest budget: every message fits.
    pub const MIN: Self = Self(4_096);
    /// The size that Teams accepts if it expands a post as much as observed: 28 672 / 1.182.
    pub const MAX: Self = Self(24_000);

    /// A budget in bytes.
    ///
    /// # Errors
    /// When it is not between [`Self::MIN`] and [`Self::MAX`].
    pub fn new(bytes: usize) -> Result<Self, BudgetError> {
        let budget = Self(bytes);
        if (Self::MIN..=Self::MAX).contains(&budget) { Ok(budget) } else { Err(BudgetError::Range { bytes }) }
    }

    pub fn bytes(self) -> usize {
        self.0
    }

    /// The next smaller budget, for another attempt after Teams refused the size; `None` after the smallest.
    pub fn smaller(self) -> Option<Self> {
        (self > Self::MIN).then(|| Self(self.0 / 2).max(Self::MIN))
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(20_000)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Budget {
    type Err = BudgetError;

    fn from_str(bytes: &str) -> Result<Self, BudgetError> {
        Self::new(bytes.parse()?)
    }
}

/// Invalid budget for a card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    #[error("the budget must be between {} and {} bytes, not {bytes}", Budget::MIN.0, Budget::MAX.0)]
    Range { bytes: usize },
    #[error("the budget must be a number of bytes, such as 20000")]
    Number(#[from] ParseIntError),
}

/// Limits for the shown parts of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CardLimits {
    /// Maximum number of characters of a value or comment.
    pub(super) value: usize,
    /// Maximum number of characters of a name.
    pub(super) name: usize,
    /// Maximum number of fields of a step.
    pub(super) fields: usize,
    /// Maximum number of decisions of a step.
    pub(super) decisions: usize,
}

impl CardLimits {
    pub(super) const UNLIMITED: Self =
        Self { value: usize::MAX, name: usize::MAX, fields: usize::MAX, decisions: usize::MAX };
    /// Values are cut below this length only after all fields were dropped.
    const READABLE_CHARACTERS: usize = 120;
    /// Tried in this order, if cutting values is not enough.
    const STRICT_LIMITS: [Self; 3] = [
        Self { value: Self::READABLE_CHARACTERS, name: 100, fields: 0, decisions: 10 },
        Self { value: 60, name: 60, fields: 0, decisions: 3 },
        Self { value: 20, name: 20, fields: 0, decisions: 1 },
    ];
}

/// What was left out of a card so that it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shortened {
    /// Number of values, names or comments that were cut.
    Texts(usize),
    /// Number of fields dropped from the end.
    Fields(usize),
    /// Number of decisions dropped from the end.
    Decisions(usize),
    /// The custom template is too large by itself, so the default card replaces it.
    Template,
}

impl fmt::Display for Shortened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |count: &usize| if *count == 1 { "" } else { "s" };
        match self {
            Self::Texts(count) => write!(f, "{count} long text{} cut", s(count)),
            Self::Fields(count) => write!(f, "{count} more field{} not shown", s(count)),
            Self::Decisions(count) => write!(f, "{count} more decision{} not shown", s(count)),
            Self::Template => f.write_str("the template's own card is too large"),
        }
    }
}

/// The largest result of `attempt` within the budget; `attempt` returns `None` if it runs out of fuel. Long values are
/// cut first, then fields are dropped from the end.
///
/// # Errors
/// The error of an attempt.
pub(super) fn fit<T, E>(
    budget: Budget,
    longest_value: usize,
    fields: usize,
    size: impl Fn(&T) -> usize,
    attempt: impl Fn(CardLimits) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let within = |limits| attempt(limits).map(|made| made.filter(|made| size(made) <= budget.bytes()));
    if let Some(whole) = within(CardLimits::UNLIMITED)? {
        return Ok(Some(whole));
    }
    // Texts longer than the budget cannot fit, nor more fields than fit in their shortest form.
    let (longest_value, fields) = (longest_value.min(budget.bytes()), fields.min(budget.bytes() / 8));
    let cut_to = |value| CardLimits { value, ..CardLimits::UNLIMITED };
    if longest_value > CardLimits::READABLE_CHARACTERS
        && let Some(cut) = largest(CardLimits::READABLE_CHARACTERS, longest_value, |value| within(cut_to(value)))?
    {
        return Ok(Some(cut));
    }
    for tight in CardLimits::STRICT_LIMITS {
        if let Some(fewer) = largest(0, fields, |fields| within(CardLimits { fields, ..tight }))? {
            return Ok(Some(fewer));
        }
    }
    Ok(None)
}

/// Binary search in `low..high`: the result for the largest limit that still fits.
fn largest<T, E>(
    mut low: usize,
    mut high: usize,
    attempt: impl Fn(usize) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let Some(mut best) = attempt(low)? else { return Ok(None) };
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match attempt(middle)? {
            Some(made) => (best, low) = (made, middle),
            None => high = middle,
        }
    }
    Ok(Some(best))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 fields with values of 1000 characters each, as large as they sound.
    fn fitted(budget: usize) -> Option<CardLimits> {
        let size = |limits: &CardLimits| 1_000 + limits.fields.min(100) * (20 + limits.value.min(1_000));
        fit(Budget(budget), 1_000, 100, size, |limits| Ok::<_, ()>(Some(limits))).unwrap()
    }

    #[test]
    fn values_are_cut_before_fields_are_dropped() {
        assert_eq!(fitted(200_000), Some(CardLimits::UNLIMITED));
        assert_eq!(fitted(53_000), Some(CardLimits { value: 500, ..CardLimits::UNLIMITED }));
        assert_eq!(fitted(9_000), Some(CardLimits { fields: 57, ..CardLimits::STRICT_LIMITS[0] }));
        assert_eq!(fitted(1_000), Some(CardLimits::STRICT_LIMITS[0]));
        assert_eq!(fitted(999), None);
    }

    #[test]
    fn a_budget_is_one_that_teams_takes() {
        assert_eq!(Budget::new(20_000), Ok(Budget::default()));
        assert!(
            "4095".parse::<Budget>().is_err() && "24001".parse::<Budget>().is_err() && "x".parse::<Budget>().is_err()
        );
        let budgets: Vec<_> = std::iter::successors(Some(Budget::default()), |budget| budget.smaller()).collect();
        assert_eq!(budgets, [Budget(20_000), Budget(10_000), Budget(5_000), Budget::MIN]);
    }
}
