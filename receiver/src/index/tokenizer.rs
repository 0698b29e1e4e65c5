//! The words of a text as the text index has them: SQLite itself reads them, in a database in memory.

use rusqlite::{Connection, OptionalExtension as _};

use super::token::TOKEN_LEAD;

/// Splits texts into words, and finds phrases in them, as the text index does.
#[derive(Debug)]
pub(super) struct Tokenizer {
    connection: Connection,
}

impl Tokenizer {
    pub(super) fn new() -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(
            "CREATE VIRTUAL TABLE probe USING fts5(text, tokenize = 'unicode61 remove_diacritics 2');
             CREATE VIRTUAL TABLE word USING fts5vocab(probe, instance);",
        )?;
        Ok(Self { connection })
    }

    /// The words of a text, in their order.
    pub(super) fn words(&self, text: &str) -> rusqlite::Result<Vec<String>> {
        let transaction = self.connection.unchecked_transaction()?;
        transaction.prepare_cached("INSERT INTO probe (text) VALUES (?1)")?.execute([text.replace(TOKEN_LEAD, "")])?;
        let mut statement = transaction.prepare_cached("SELECT term FROM word ORDER BY offset")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }

    /// For each phrase of words, whether one of the texts has it.
    pub(super) fn find<'p>(
        &self,
        texts: &[String],
        phrases: impl IntoIterator<Item = &'p [String]>,
    ) -> rusqlite::Result<Vec<bool>> {
        // A phrase does not reach over the character that no text has.
        let mut text = String::new();
        for part in texts {
            text.extend(part.chars().filter(|character| *character != TOKEN_LEAD));
            text.extend([' ', TOKEN_LEAD, ' ']);
        }
        self.hold(&text, phrases.into_iter().map(|words| format!("\"{}\"", words.join(" "))))
    }

    /// For each expression, whether it holds for what the text index has of a message.
    pub(super) fn hold(
        &self,
        text: &str,
        expressions: impl IntoIterator<Item = String>,
    ) -> rusqlite::Result<Vec<bool>> {
        let transaction = self.connection.unchecked_transaction()?;
        transaction.prepare_cached("INSERT INTO probe (text) VALUES (?1)")?.execute([text])?;
        let mut statement = transaction.prepare_cached("SELECT 1 FROM probe WHERE probe MATCH ?1 LIMIT 1")?;
        let found = expressions
            .into_iter()
            .map(|expression| Ok(statement.query_row([expression], |_| Ok(())).optional()?.is_some()));
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_phrases_are_those_of_the_index() {
        let tokenizer = Tokenizer::new().unwrap();
        assert_eq!(tokenizer.words("Jo@Example.com, ÉTÉ \u{e000}e1").unwrap(), ["jo", "example", "com", "ete", "e1"]);
        assert_eq!(tokenizer.words("\u{e000} -").unwrap(), [""; 0]);
        let texts = ["The credit limit is high".to_owned(), "Café Olé".to_owned()];
        for (phrase, expected) in
            [("Credit  Limit", true), ("limit credit", false), ("cafe ole", true), ("high cafe", false)]
        {
            let words = tokenizer.words(phrase).unwrap();
            assert_eq!(tokenizer.find(&texts, [words.as_slice()]).unwrap(), [expected], "{phrase}");
        }
    }
}
