//! A query as the index answers it: an expression for the text index, conditions on the rows, and what only the log or the
//! relay's store knows.

use rusqlite::types::Value;
use uuid::Uuid;

use super::super::{
    message::{ids_beginning_with, trigger_number},
    token::{Token, prefix_expression},
    tokenizer::Tokenizer,
};
use crate::query::{Bounds, Pattern, Predicate, Query, RelayFilter, State, Term, Time};

/// How to find the messages of a query.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Parts of the text index's expression that must all hold, other than those that most messages have.
    words: Vec<String>,
    /// The same, that most messages may have: the rows have them too.
    common: Vec<String>,
    /// Those that begin with a text: the rows have them too, and few or most messages may match.
    prefixes: Vec<String>,
    /// Parts that must not hold.
    excluded: Vec<String>,
    /// Conditions on rows, each with ` AND ` before it.
    pub(super) conditions: String,
    /// The values of their parameters.
    pub(super) values: Vec<Value>,
    /// Phrases, and whether there must be none such.
    pub(super) phrases: Vec<(Vec<String>, bool)>,
    /// Deliveries, and whether there must be none such.
    pub(super) deliveries: Vec<(RelayFilter, bool)>,
    /// Bounds of an arrival's id.
    pub(super) ids: Option<(Uuid, Uuid)>,
    /// The last arrival is at or after this.
    pub(super) since: Option<i64>,
    /// The first arrival is before this.
    pub(super) until: Option<i64>,
    /// Only messages with several arrivals.
    pub(super) is_repeated: bool,
    /// No message matches.
    pub(super) is_empty: bool,
}

/// Where candidates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The text index, by an expression.
    Text(String),
    /// The text index, by an expression that may take long to begin.
    Prefix(String),
    /// The messages with several arrivals.
    Repeats,
    /// All messages.
    Rows,
}

impl Plan {
    pub(super) fn of(query: &Query, tokenizer: &Tokenizer) -> rusqlite::Result<Self> {
        let mut plan = Self::default();
        for Term { negated, predicate } in query.terms() {
            plan.add(predicate, *negated, tokenizer)?;
        }
        Ok(plan)
    }

    /// Where to look for messages.
    pub(super) fn source(&self) -> Source {
        if !self.words.is_empty() || !self.excluded.is_empty() {
            return Source::Text(self.expression(self.words.iter().chain(&self.common)));
        }
        if self.is_repeated {
            return Source::Repeats;
        }
        if !self.prefixes.is_empty() {
            return Source::Prefix(self.expression(self.prefixes.iter().chain(&self.common)));
        }
        if !self.common.is_empty() {
            return Source::Text(self.expression(self.common.iter()));
        }
        Source::Rows
    }

    /// What the text index must confirm of a message that was found elsewhere.
    pub(super) fn text_check(&self) -> Option<String> {
        let needed = !self.words.is_empty() || !self.excluded.is_empty();
        needed.then(|| self.expression(self.words.iter()))
    }

    fn expression<'p>(&'p self, parts: impl Iterator<Item = &'p String>) -> String {
        let all: Vec<&str> = parts.map(String::as_str).collect();
        let all = match all.as_slice() {
            // There is no negation alone.
            [] => [State::Holds, State::Broken, State::Captured]
                .map(|state| Token::Verdict(state).expression())
                .join(" OR "),
            all => all.join(" AND "),
        };
        self.excluded.iter().fold(format!("({all})"), |expression, part| format!("({expression} NOT {part})"))
    }

    fn add(&mut self, predicate: &Predicate, negated: bool, tokenizer: &Tokenizer) -> rusqlite::Result<()> {
        match predicate {
            Predicate::Endpoint(pattern) => self.name("endpoint.name", |name| Token::Endpoint(name), pattern, negated),
            Predicate::Flow(pattern) => self.name("message.flow", |flow| Token::Flow(flow), pattern, negated),
            Predicate::Step(pattern) => self.name("message.step", |step| Token::Step(step), pattern, negated),
            Predicate::Trigger(trigger) => {
                self.condition("message.trigger = ?", [trigger_number(*trigger).into()], negated);
                self.common(Token::Trigger(*trigger), negated);
            }
            Predicate::Is(state) => self.state(*state, negated),
            Predicate::Clause(clause) => self.token(Token::Clause(clause), negated),
            Predicate::Field(name) => self.token(Token::Field(name), negated),
            Predicate::Relay(filter) => self.deliveries.push((filter.clone(), negated)),
            Predicate::Since(Time { at, .. }) => {
                self.condition("message.last_arrival >= ?", [at.as_microsecond().into()], negated);
                self.since = self.since.max((!negated).then(|| at.as_microsecond()));
            }
            Predicate::Until(Time { at, .. }) => {
                self.condition("message.received_at < ?", [at.as_microsecond().into()], negated);
                self.until = [self.until, (!negated).then(|| at.as_microsecond())].into_iter().flatten().min();
            }
            Predicate::Size(bounds) => self.bounds("message.size", *bounds, negated),
            Predicate::Arrivals(bounds) => {
                self.bounds("message.arrivals", *bounds, negated);
                self.is_repeated |= !negated && bounds.min.is_some_and(|min| min > 1);
            }
            Predicate::Id(beginning) => self.id(beginning, negated),
            Predicate::Word(text) | Predicate::Phrase(text) => self.text(tokenizer.words(text)?, negated),
        }
        Ok(())
    }

    fn condition<const N: usize>(&mut self, condition: &str, values: [Value; N], negated: bool) {
        let condition =
            if negated { format!(" AND NOT coalesce({condition}, FALSE)") } else { format!(" AND {condition}") };
        self.conditions.push_str(&condition);
        self.values.extend(values);
    }

    fn name(&mut self, column: &str, token: for<'v> fn(&'v str) -> Token<'v>, pattern: &Pattern, negated: bool) {
        match pattern {
            Pattern::Exact(name) => {
                self.condition(&format!("{column} = ?"), [name.clone().into()], negated);
                match token(name) {
                    Token::Endpoint(_) => self.common(token(name), negated),
                    _ if negated => {}
                    selective => self.words.push(selective.expression()),
                }
            }
            Pattern::Prefix(prefix) => {
                let value = Value::from(prefix.clone());
                let condition = format!("substr({column}, 1, length(?)) = ?");
                self.condition(&condition, [value.clone(), value], negated);
                if !negated {
                    self.prefixes.push(prefix_expression(token, prefix));
                }
            }
        }
    }

    /// What the rows know too, so that its negation need not be in the expression.
    fn common(&mut self, token: Token<'_>, negated: bool) {
        if !negated {
            self.common.push(token.expression());
        }
    }

    /// What only the text index knows.
    fn token(&mut self, token: Token<'_>, negated: bool) {
        if negated { &mut self.excluded } else { &mut self.words }.push(token.expression());
    }

    fn state(&mut self, state: State, negated: bool) {
        let condition = match state {
            State::Holds => "(NOT message.captured AND message.violations IS NULL)",
            State::Broken => "message.violations IS NOT NULL",
            State::Captured => "message.captured",
            State::Repeated => "message.arrivals > 1",
        };
        self.condition(condition, [], negated);
        match state {
            State::Repeated => self.is_repeated |= !negated,
            _ => self.common(Token::Verdict(state), negated),
        }
    }

    fn bounds(&mut self, column: &str, bounds: Bounds, negated: bool) {
        let limit = |limit: Option<u64>, otherwise: i64| {
            Value::from(limit.map_or(otherwise, |it| i64::try_from(it).unwrap_or(i64::MAX)))
        };
        let values = [limit(bounds.min, 0), limit(bounds.max, i64::MAX)];
        self.condition(&format!("{column} BETWEEN ? AND ?"), values, negated);
    }

    fn id(&mut self, beginning: &str, negated: bool) {
        let Some((first, last)) = ids_beginning_with(beginning) else {
            self.is_empty |= !negated;
            return;
        };
        let [lower, upper] = [first, last].map(|id| Value::from(id.as_bytes().to_vec()));
        self.condition(
            "(message.id BETWEEN ? AND ? OR EXISTS (
                 SELECT 1 FROM repeat WHERE repeat.message = message.position AND repeat.id BETWEEN ? AND ?
             ))",
            [lower.clone(), upper.clone(), lower, upper],
            negated,
        );
        if !negated {
            self.ids = Some((first, last));
        }
    }

    fn text(&mut self, words: Vec<String>, negated: bool) {
        let quoted = words.iter().map(|word| format!("\"{word}\""));
        match words.as_slice() {
            [] => self.is_empty |= !negated,
            [_] if negated => self.excluded.extend(quoted),
            [_] => self.words.extend(quoted),
            _ => {
                if !negated {
                    self.words.extend(quoted);
                }
                self.phrases.push((words, negated));
            }
        }
    }
}
