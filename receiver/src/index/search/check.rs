//! What neither the rows nor the source of a candidate know of it.

use rusqlite::OptionalExtension as _;
use schemas::{Document, Profile};

use super::{
    super::{
        IndexError, Message,
        text::{self, Text},
        tokenizer::Tokenizer,
    },
    plan::Plan,
    walk::Walk,
};
use crate::log::{Entry, Position, Record};

impl Walk<'_, '_> {
    /// Whether the text index has an expression at a position.
    pub(super) fn has_text(&self, expression: &str, position: i64) -> Result<bool, IndexError> {
        let Some(part) = self.parts.iter().rfind(|part| part.first <= position) else { return Ok(false) };
        let table = part.table();
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT 1 FROM {table} WHERE {table} MATCH ?1 AND rowid = ?2"))?;
        Ok(statement.query_row((expression, position), |_| Ok(())).optional()?.is_some())
    }

    pub(super) fn is_delivered(&self, message: &Message) -> Result<bool, IndexError> {
        let deliveries = self.sources.deliveries;
        for (filter, negated) in &self.plan.deliveries {
            let mut has = false;
            if let Some(deliveries) = deliveries {
                for position in self.positions_of(message)? {
                    has = has || deliveries.has(filter, position).map_err(IndexError::Deliveries)?;
                }
            }
            if has == *negated {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn positions_of(&self, message: &Message) -> rusqlite::Result<Vec<Position>> {
        let mut positions = vec![message.position];
        if message.arrivals > 1 {
            let mut statement = self.connection.prepare_cached("SELECT position FROM repeat WHERE message = ?1")?;
            let mut rows = statement.query([message.position.0.cast_signed()])?;
            while let Some(row) = rows.next()? {
                positions.push(Position(row.get::<_, i64>(0)?.cast_unsigned()));
            }
        }
        Ok(positions)
    }

    /// Looks for phrases in the body. Without the record nothing is known, and the message is not found.
    pub(super) fn has_phrases(&mut self, message: &Message) -> Result<bool, IndexError> {
        let sources = &mut *self.sources;
        sources.log.go_to(message.position);
        let record = match sources.log.next_entry()? {
            Some(Entry::Record { at, record, .. }) if at == message.position => record,
            _ => return Ok(false),
        };
        let profile = (sources.profile_of)(&message.endpoint).unwrap_or_else(|| Profile::v1().clone());
        let document = text::document(&record, &profile);
        Ok(self.plan.has_phrases(&self.reader.tokenizer, &record, document.as_ref())?)
    }
}

impl Plan {
    /// Whether the texts of a record have the phrases that they must have, and no others.
    pub(super) fn has_phrases(
        &self,
        tokenizer: &Tokenizer,
        record: &Record,
        document: Option<&Document<'_>>,
    ) -> rusqlite::Result<bool> {
        let mut texts = Vec::new();
        text::each_text(record, document, &mut |text| {
            let (Text::FieldName(text) | Text::Other(text)) = text;
            texts.push(text.to_owned());
        });
        let found = tokenizer.find(&texts, self.phrases.iter().map(|(words, _)| words.as_slice()))?;
        Ok(found.iter().zip(&self.phrases).all(|(found, (_, negated))| found != negated))
    }
}
