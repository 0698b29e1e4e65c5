//! Texts in links.

use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// The text as a value in a query, or as a segment of a path.
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}
