//! A range of numbers, as `size:` and `arrivals:` take it.

use std::fmt::{self, Display};

/// Units after a number, longest first where one ends with another. Those with `i` are powers of 1024.
const UNITS: [(&str, u64); 6] =
    [("ki", 1 << 10), ("mi", 1 << 20), ("gi", 1 << 30), ("k", 1000), ("m", 1_000_000), ("g", 1_000_000_000)];

/// The numbers from `min` to `max`, both inclusive; without limits every number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The smallest.
    pub min: Option<u64>,
    /// The largest.
    pub max: Option<u64>,
}

/// Why a text is not a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
    /// No number is in it.
    #[error("no number is in this range")]
    Empty,
    /// It has another form.
    #[error("this is not a number or a range")]
    Form,
    /// A number is larger than 2⁶⁴ - 1.
    #[error("the number is too large")]
    TooLarge,
}

impl Bounds {
    /// Whether a number is in the range.
    pub fn contains(self, number: u64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }

    /// The numbers that are in both ranges; `None` if there are none.
    #[must_use]
    pub fn intersect(self, other: Self) -> Option<Self> {
        let both = Self { min: self.min.max(other.min), max: [self.max, other.max].into_iter().flatten().min() };
        (!both.is_empty()).then_some(both)
    }

    fn is_empty(self) -> bool {
        self.min.zip(self.max).is_some_and(|(min, max)| min > max)
    }

    /// Reads `3`, `2..5`, `2..`, `..5`, `>2`, `>=2`, `<5` or `<=5`, in which a number may have a unit.
    pub(super) fn parse(text: &str) -> Result<Self, BoundsError> {
        let limit = |text: &str| if text.is_empty() { Ok(None) } else { number(text).map(Some) };
        let bounds = if let Some(min) = text.strip_prefix(">=") {
            Self { min: Some(number(min)?), max: None }
        } else if let Some(max) = text.strip_prefix("<=") {
            Self { min: None, max: Some(number(max)?) }
        } else if let Some(below) = text.strip_prefix('>') {
            Self { min: Some(number(below)?.checked_add(1).ok_or(BoundsError::Empty)?), max: None }
        } else if let Some(above) = text.strip_prefix('<') {
            Self { min: None, max: Some(number(above)?.checked_sub(1).ok_or(BoundsError::Empty)?) }
        } else if let Some((min, max)) = text.split_once("..") {
            Self { min: limit(min)?, max: limit(max)? }
        } else {
            let number = Some(number(text)?);
            Self { min: number, max: number }
        };
        if bounds == Self::default() {
            Err(BoundsError::Form)
        } else {
            Some(bounds).filter(|bounds| !bounds.is_empty()).ok_or(BoundsError::Empty)
        }
    }
}

impl Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (Some(min), Some(max)) if min == max => write!(f, "{min}"),
            (Some(min), Some(max)) => write!(f, "{min}..{max}"),
            (None, Some(max)) => write!(f, "<={max}"),
            (min, None) => write!(f, ">={}", min.unwrap_or_default()),
        }
    }
}

/// A whole number; one with a unit may have decimals, such as `1.5M`.
fn number(text: &str) -> Result<u64, BoundsError> {
    let lower = text.to_ascii_lowercase();
    let amount = lower.strip_suffix('b').unwrap_or(&lower);
    let with_unit = UNITS.iter().find_map(|(unit, factor)| Some((amount.strip_suffix(unit)?, *factor)));
    let (amount, factor) = with_unit.unwrap_or((amount, 1));
    let (whole, decimals) = amount.split_once('.').unwrap_or((amount, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(decimals) || decimals.len() > 9 {
        return Err(BoundsError::Form);
    }
    let whole: u64 = whole.parse().map_err(|_| BoundsError::TooLarge)?;
    let scale = 10_u64.pow(decimals.len().try_into().unwrap_or_default());
    let part = u128::from(decimals.parse::<u64>().unwrap_or_default()) * u128::from(factor);
    if part % u128::from(scale) != 0 {
        return Err(BoundsError::Form);
    }
    let total = u128::from(whole) * u128::from(factor) + part / u128::from(scale);
    total.try_into().map_err(|_| BoundsError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_printed() {
        for (text, min, max, canonical) in [
            ("3", Some(3), Some(3), "3"),
            ("0", Some(0), Some(0), "0"),
            ("2..5", Some(2), Some(5), "2..5"),
            ("2..2", Some(2), Some(2), "2"),
            ("2..", Some(2), None, ">=2"),
            ("..5", None, Some(5), "<=5"),
            (">10k", Some(10_001), None, ">=10001"),
            (">=10k", Some(10_000), None, ">=10000"),
            ("<1kB", None, Some(999), "<=999"),
            ("<=1M", None, Some(1_000_000), "<=1000000"),
            ("1.5M", Some(1_500_000), Some(1_500_000), "1500000"),
            ("1.5Ki..2GiB", Some(1536), Some(2 << 30), "1536..2147483648"),
            ("<=18446744073709551615", None, Some(u64::MAX), "<=18446744073709551615"),
        ] {
            let bounds = Bounds::parse(text);
            assert_eq!(bounds, Ok(Bounds { min, max }), "{text}");
            assert_eq!(bounds.map(|bounds| bounds.to_string()).as_deref(), Ok(canonical), "{text}");
            assert_eq!(Bounds::parse(canonical), bounds, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        use BoundsError::{Empty, Form, TooLarge};
        for (text, error) in [
            ("", Form),
            ("..", Form),
            (">", Form),
            ("=3", Form),
            ("> 3", Form),
            ("-3", Form),
            ("+3", Form),
            ("k", Form),
            ("b", Form),
            ("3kk", Form),
            ("1.5", Form),
            ("1.0001k", Form),
            ("1.k", Form),
            (".5k", Form),
            ("1e3", Form),
            ("٣", Form),
            ("1..2..3", Form),
            ("large", Form),
            ("5..2", Empty),
            ("<0", Empty),
            (">18446744073709551615", Empty),
            ("18446744073709551616", TooLarge),
            ("18446744073709551615k", TooLarge),
        ] {
            assert_eq!(Bounds::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_range_contains_its_limits() {
        let bounds = Bounds { min: Some(2), max: Some(5) };
        assert_eq!([1, 2, 5, 6].map(|number| bounds.contains(number)), [false, true, true, false]);
        let at_most_two = Bounds { min: None, max: Some(2) };
        assert_eq!(bounds.intersect(at_most_two), Some(Bounds { min: Some(2), max: Some(2) }));
        assert_eq!(bounds.intersect(Bounds { min: Some(6), max: None }), None);
        assert!(Bounds::default().contains(u64::MAX));
    }
}
