//! The text terms of a query on one record, judged as the text index judges them.

use schemas::{Document, Violation};

use super::{
    super::{IndexError, text::IndexedText, tokenizer::Tokenizer},
    plan::Plan,
};
use crate::{
    log::Record,
    query::{Predicate, Query},
};

/// The words, phrases and `field:` terms of a query.
#[derive(Debug)]
pub(crate) struct TextMatcher {
    tokenizer: Tokenizer,
    plan: Plan,
}

impl TextMatcher {
    /// The text terms of a query; `None` if it has none.
    ///
    /// # Errors
    /// When SQLite cannot open a database in memory.
    pub(crate) fn of(query: &Query) -> Result<Option<Self>, IndexError> {
        let terms = query.terms().iter().filter(|term| Self::decides(&term.predicate));
        let query: Query = terms.cloned().collect();
        if query.terms().is_empty() {
            return Ok(None);
        }
        let tokenizer = Tokenizer::new()?;
        let plan = Plan::of(&query, &tokenizer)?;
        Ok(Some(Self { tokenizer, plan }))
    }

    /// Whether a predicate is about texts.
    pub(crate) fn decides(predicate: &Predicate) -> bool {
        matches!(predicate, Predicate::Word(_) | Predicate::Phrase(_) | Predicate::Field(_))
    }

    /// Whether all text terms hold for a record. `document` is its body as its endpoint's profile reads it.
    ///
    /// # Errors
    /// When SQLite cannot search the text, such as for lack of memory.
    pub(crate) fn matches(
        &self,
        record: &Record,
        document: Option<&Document<'_>>,
        violations: &[Violation],
    ) -> Result<bool, IndexError> {
        if self.plan.is_empty {
            return Ok(false);
        }
        if let Some(expression) = self.plan.text_check() {
            let indexed = IndexedText::of(record, document, violations, true);
            if !self.tokenizer.hold(&indexed.text, [expression])?[0] {
                return Ok(false);
            }
        }
        Ok(self.plan.phrases.is_empty() || self.plan.has_phrases(&self.tokenizer, record, document)?)
    }
}
