//! Splits a query's text into terms and reads each of them.

use std::{ops::Range, str::Chars};

use jiff::Timestamp;
use schemas::suggest;

use super::{Key, MAX_CHARACTERS, MAX_TERMS, Predicate, Problem, Query, QueryError, Term, value};

/// A value or a text without its quotes.
pub(super) struct Text {
    pub(super) value: String,
    /// Whether it was in quotes.
    pub(super) is_quoted: bool,
    /// Whether `*` follows its closing quote.
    pub(super) has_star: bool,
}

/// A term before its value is read.
struct Token {
    place: Range<usize>,
    is_negated: bool,
    key: Option<Range<usize>>,
    text: Text,
    text_place: Range<usize>,
}

pub(super) fn parse(text: &str, now: Timestamp) -> Result<Query, QueryError> {
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARACTERS) {
        return Err(QueryError::new(end..text.len(), Problem::TooLong));
    }
    let mut scanner = Scanner { text, chars: text.chars() };
    let (mut terms, mut places) = (Vec::new(), Vec::new());
    while let Some(token) = scanner.next_token()? {
        if terms.len() == MAX_TERMS {
            return Err(QueryError::new(token.place.start..text.len(), Problem::TooManyTerms));
        }
        terms.push(term(text, &token, now)?);
        places.push(token.place);
    }
    let query = Query { terms };
    match query.contradiction() {
        Some(found) => Err(QueryError::new(places[found.index].clone(), Problem::Contradiction(found))),
        None => Ok(query),
    }
}

fn term(text: &str, token: &Token, now: Timestamp) -> Result<Term, QueryError> {
    let Some(key_place) = &token.key else { return words(text, token) };
    let name = &text[key_place.clone()];
    let in_quotes = || text[token.place.clone()].to_owned();
    let key = Key::find(name).ok_or_else(|| {
        let problem = match name {
            "" => Problem::MissingKey { text: in_quotes() },
            _ if name.eq_ignore_ascii_case("code") => Problem::RefusedRequests,
            _ => Problem::UnknownKey {
                key: name.to_owned(),
                nearest: suggest::closest(name, Key::ALL.map(Key::as_str)).and_then(Key::find),
                text: in_quotes(),
            },
        };
        let place = if name.is_empty() { token.place.clone() } else { key_place.clone() };
        QueryError::new(place, problem)
    })?;
    if token.text.value.trim().is_empty() {
        return Err(QueryError::new(token.place.clone(), Problem::EmptyValue { key }));
    }
    if token.is_negated && matches!(key, Key::Since | Key::Until) {
        return Err(QueryError::new(token.place.clone(), Problem::NegatedTime { key }));
    }
    let read = value::parse(key, &token.text, now);
    let predicate = read.map_err(|problem| QueryError::new(token.text_place.clone(), problem))?;
    Ok(Term { negated: token.is_negated, predicate })
}

fn words(text: &str, token: &Token) -> Result<Term, QueryError> {
    let error = |problem| QueryError::new(token.place.clone(), problem);
    if token.is_negated {
        return Err(error(Problem::NegatedText { text: text[token.place.clone()].to_owned() }));
    }
    let value = value::whole(None, &token.text).map_err(error)?;
    if !value.contains(char::is_alphanumeric) {
        return Err(error(Problem::NoWord));
    }
    Ok(if token.text.is_quoted { Predicate::Phrase(value) } else { Predicate::Word(value) }.into())
}

struct Scanner<'t> {
    text: &'t str,
    chars: Chars<'t>,
}

impl<'t> Scanner<'t> {
    fn next_token(&mut self) -> Result<Option<Token>, QueryError> {
        self.take_while(char::is_whitespace);
        let start = self.position();
        if self.rest().is_empty() {
            return Ok(None);
        }
        let is_negated = self.take('-');
        if is_negated && !self.rest().starts_with(|next: char| !next.is_whitespace()) {
            return Err(QueryError::new(start..self.position(), Problem::NothingNegated));
        }
        let mut key = None;
        let mut text_start = self.position();
        let text = if let Some(quoted) = self.quoted()? {
            quoted
        } else {
            let bare = self.bare();
            match bare.find(':') {
                None => self.unquoted(bare.to_owned())?,
                Some(colon) => {
                    key = Some(text_start..text_start + colon);
                    text_start += colon + 1;
                    self.chars = self.text[text_start..].chars();
                    match self.quoted()? {
                        Some(quoted) => quoted,
                        None => {
                            let value = self.bare().to_owned();
                            self.unquoted(value)?
                        }
                    }
                }
            }
        };
        let end = self.position();
        Ok(Some(Token { place: start..end, is_negated, key, text, text_place: text_start..end }))
    }

    /// The text in quotes that begins here, if one does. Phones and word processors turn quotes into typographic ones.
    fn quoted(&mut self) -> Result<Option<Text>, QueryError> {
        let start = self.position();
        let Some(opening) = self.rest().chars().next().filter(|next| is_opening_quote(*next)) else { return Ok(None) };
        self.chars.next();
        let closes = |next| if opening == '"' { next == '"' } else { matches!(next, '“' | '”') };
        let mut value = String::new();
        loop {
            match self.chars.next() {
                Some('\\') => match self.rest().chars().next().filter(|next| *next == '\\' || closes(*next)) {
                    Some(escaped) => {
                        self.chars.next();
                        value.push(escaped);
                    }
                    None => value.push('\\'),
                },
                Some(next) if closes(next) => break,
                Some(next) => value.push(next),
                None => return Err(QueryError::new(start..self.position(), Problem::OpenQuote)),
            }
        }
        let has_star = self.take('*');
        if self.rest().starts_with(|next: char| !next.is_whitespace()) {
            self.bare();
            return Err(QueryError::new(start..self.position(), Problem::TextAfterQuote));
        }
        Ok(Some(Text { value, is_quoted: true, has_star }))
    }

    fn unquoted(&self, value: String) -> Result<Text, QueryError> {
        if self.rest().starts_with('"') {
            let at = self.position();
            return Err(QueryError::new(at..at + 1, Problem::QuoteInside));
        }
        Ok(Text { value, is_quoted: false, has_star: false })
    }

    /// Everything up to a space or a quote.
    fn bare(&mut self) -> &'t str {
        self.take_while(|next| !next.is_whitespace() && next != '"')
    }

    fn take_while(&mut self, taken: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|next| !taken(next)).unwrap_or(rest.len());
        self.chars = rest[end..].chars();
        &rest[..end]
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_here = self.rest().starts_with(wanted);
        if is_here {
            self.chars.next();
        }
        is_here
    }

    fn rest(&self) -> &'t str {
        self.chars.as_str()
    }

    fn position(&self) -> usize {
        self.text.len() - self.rest().len()
    }
}

pub(super) fn is_opening_quote(character: char) -> bool {
    matches!(character, '"' | '“' | '”' | '„')
}
