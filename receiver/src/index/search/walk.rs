//! Walks over the messages of an index, newest or oldest first, in steps that are short enough to end in time.

use std::{
    collections::HashSet,
    ops::Range,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter, types::Value};

use super::{
    super::{
        IndexError, Message, Reader,
        message::{MESSAGE_COLUMNS, timestamp},
        part::Part,
    },
    MAX_BODIES, Page, Search, Sources,
    plan::Plan,
};
use crate::log::Position;

/// Positions in the first step: those of some ten thousand messages. The next ones are longer or shorter by the time it took.
pub(super) const FIRST_STEP: i64 = 16 << 20;
const SHORT_STEP: Duration = Duration::from_millis(4);
const LONG_STEP: Duration = Duration::from_millis(30);

/// Why a walk goes no further.
pub(super) enum End {
    /// There is nothing more.
    Complete,
    /// The page is full, and there is at least one more message.
    Full,
    /// The time or the bodies are used up.
    Spent,
}

/// Positions, by what can be there.
struct Ranges {
    /// Messages.
    all: Range<i64>,
    /// Messages before those that arrived again in their range.
    earlier: Range<i64>,
}

/// Whether to go on with the next candidate.
pub(super) type Flow = Result<Option<End>, IndexError>;

pub(super) struct Walk<'w, 's> {
    pub(super) reader: &'w Reader,
    pub(super) connection: &'w Connection,
    search: &'w Search<'w>,
    pub(super) plan: &'w Plan,
    pub(super) sources: &'w mut Sources<'s>,
    pub(super) parts: Vec<Part>,
    /// Positions of the index.
    pub(super) known: Range<i64>,
    pub(super) deadline: Option<Instant>,
    bodies_left: usize,
    found: Vec<Message>,
    /// What was found in no order, so that it is not found again.
    pub(super) seen: HashSet<i64>,
    /// All up to here was looked at; a page goes on here.
    pub(super) reached: i64,
}

impl<'w, 's> Walk<'w, 's> {
    pub(super) fn new(
        reader: &'w Reader,
        connection: &'w Connection,
        search: &'w Search<'w>,
        plan: &'w Plan,
        sources: &'w mut Sources<'s>,
    ) -> Result<Self, IndexError> {
        let known =
            connection.query_row("SELECT start, position FROM cursor", [], |row| Ok(row.get(0)?..row.get(1)?))?;
        let deadline = Instant::now().checked_add(search.budget);
        Ok(Self {
            reader,
            connection,
            search,
            plan,
            sources,
            parts: Part::all(connection)?,
            known,
            deadline,
            bodies_left: MAX_BODIES,
            found: Vec::new(),
            seen: HashSet::new(),
            reached: 0,
        })
    }

    /// Walks until a page is full, or all was looked at.
    pub(super) fn page(mut self) -> Result<Page, IndexError> {
        let end = match self.ranges()? {
            Some(ranges) if !self.plan.is_empty => {
                self.reached = if self.ascending() { ranges.earlier.start - 1 } else { ranges.all.end };
                self.reader.deadline.set(self.deadline);
                let ended = self.walk(ranges);
                self.reader.deadline.clear();
                match ended {
                    Err(IndexError::Interrupted) => End::Spent,
                    ended => ended?,
                }
            }
            _ => End::Complete,
        };
        let next = match end {
            End::Complete => None,
            End::Full => self.found.last().map(|message| message.position),
            End::Spent => Some(Position(self.reached.cast_unsigned())),
        };
        let searched_back_to = match end {
            End::Spent => self.time_at(self.reached)?,
            End::Complete | End::Full => None,
        };
        let indexed = Position(self.known.end.cast_unsigned().saturating_sub(1));
        Ok(Page { messages: self.found, next, searched_back_to, indexed })
    }

    pub(super) fn ascending(&self) -> bool {
        self.search.after.is_some()
    }

    /// Where messages can be; `None` if none can.
    fn ranges(&self) -> Result<Option<Ranges>, IndexError> {
        let position = |sql: &str, at: i64| -> rusqlite::Result<Option<i64>> {
            self.connection.prepare_cached(sql)?.query_row([at], |row| row.get(0))
        };
        let after = self.search.after.map_or(i64::MIN, |after| after.0.cast_signed());
        let low = self.known.start.max(after.saturating_add(1));
        let mut high = self.search.before.map_or(self.known.end, |before| before.0.cast_signed().min(self.known.end));
        if let Some(until) = self.plan.until {
            let last = position("SELECT max(first) FROM span WHERE earliest < ?1", until)?;
            let Some(last) = last else { return Ok(None) };
            high = high.min(position("SELECT min(first) FROM span WHERE first > ?1", last)?.unwrap_or(i64::MAX));
        }
        let Some(since) = self.plan.since else { return Ok(Some(Ranges { all: low..high, earlier: low..low })) };
        let first = position("SELECT min(first) FROM span WHERE latest >= ?1", since)?;
        let Some(first) = first.map(|first| first.max(low)) else { return Ok(None) };
        Ok(Some(Ranges { all: first..high, earlier: low..first.min(high) }))
    }

    fn walk(&mut self, ranges: Ranges) -> Result<End, IndexError> {
        let Ranges { all, earlier } = ranges;
        let both = earlier.start..all.end;
        if let Some(positions) = self.by_id()? {
            return self.listed(positions.into_iter().filter(|position| both.contains(position)));
        }
        if !self.ascending()
            && let Some(end) = self.by_deliveries(both)?
        {
            return Ok(end);
        }
        let first_of_all = all.start.max(earlier.end);
        let end = match self.ascending() {
            true => match self.arrived_again(first_of_all, earlier)? {
                None => self.source(all)?,
                end => end,
            },
            false => match self.source(all)? {
                None => self.arrived_again(first_of_all, earlier)?,
                end => end,
            },
        };
        Ok(end.unwrap_or(End::Complete))
    }

    /// Walks over the parts of the text index that a range reaches into.
    pub(super) fn in_parts(
        &mut self,
        range: Range<i64>,
        mut visit: impl FnMut(&mut Self, &str, Range<i64>) -> Flow,
    ) -> Flow {
        let ends = self.parts.iter().skip(1).map(|next| next.first).chain([i64::MAX]);
        let mut parts: Vec<(Part, Range<i64>)> = self
            .parts
            .iter()
            .zip(ends)
            .map(|(part, end)| (*part, part.first.max(range.start)..end.min(range.end)))
            .filter(|(_, range)| !range.is_empty())
            .collect();
        if !self.ascending() {
            parts.reverse();
        }
        for (part, range) in parts {
            if let Some(end) = visit(self, &part.table(), range)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// Walks over a range in steps, each as long as is looked at in some milliseconds.
    pub(super) fn steps(&mut self, range: Range<i64>, mut visit: impl FnMut(&mut Self, Range<i64>) -> Flow) -> Flow {
        let mut step = FIRST_STEP;
        let mut rest = range;
        while !rest.is_empty() {
            let began = Instant::now();
            let (now, later) = match self.ascending() {
                true => {
                    let end = rest.end.min(rest.start.saturating_add(step));
                    (rest.start..end, end..rest.end)
                }
                false => {
                    let start = rest.start.max(rest.end.saturating_sub(step));
                    (start..rest.end, rest.start..start)
                }
            };
            if let Some(end) = visit(self, now.clone())? {
                return Ok(Some(end));
            }
            if let Some(end) = self.completed(&now) {
                return Ok(Some(end));
            }
            rest = later;
            match began.elapsed() {
                short if short < SHORT_STEP => step = step.saturating_mul(4),
                long if long > LONG_STEP => step = (step / 4).max(1),
                _ => {}
            }
        }
        Ok(None)
    }

    pub(super) fn select(&self) -> String {
        let Plan { conditions, .. } = self.plan;
        format!(
            "SELECT {MESSAGE_COLUMNS} FROM message CROSS JOIN endpoint ON endpoint.number = message.endpoint WHERE TRUE{conditions}"
        )
    }

    /// Looks at a message that the text index has not confirmed.
    pub(super) fn candidate(&mut self, position: i64) -> Flow {
        if let Some(expression) = self.plan.text_check()
            && !self.has_text(&expression, position)?
        {
            return self.passed(position);
        }
        self.matched(position)
    }

    /// Looks at the row of a position: none if it is that of a later arrival.
    pub(super) fn matched(&mut self, position: i64) -> Flow {
        let sql = format!("{} AND message.position = ?", self.select());
        let mut statement = self.connection.prepare_cached(&sql)?;
        let values = self.plan.values.iter().cloned().chain([Value::from(position)]);
        let mut rows = statement.query(params_from_iter(values))?;
        match rows.next()? {
            Some(row) => self.row(row),
            None => self.passed(position),
        }
    }

    /// Looks at a row for which all conditions hold.
    pub(super) fn row(&mut self, row: &Row<'_>) -> Flow {
        let message = Message::of(row)?;
        let position = message.position.0.cast_signed();
        if !self.is_delivered(&message)? {
            return self.passed(position);
        }
        if !self.plan.phrases.is_empty() {
            if self.bodies_left == 0 {
                return Ok(Some(End::Spent));
            }
            self.bodies_left -= 1;
            if !self.has_phrases(&message)? {
                return self.passed(position);
            }
        }
        if self.found.len() == self.search.limit {
            return Ok(Some(End::Full));
        }
        self.found.push(message);
        self.passed(position)
    }

    /// Goes on after a range in which all was looked at.
    pub(super) fn completed(&mut self, range: &Range<i64>) -> Option<End> {
        self.reached = if self.ascending() { range.end - 1 } else { range.start };
        self.is_late().then_some(End::Spent)
    }

    fn passed(&mut self, position: i64) -> Flow {
        self.reached = position;
        Ok(self.is_late().then_some(End::Spent))
    }

    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// When the message at or after a position arrived, or the newest.
    fn time_at(&self, position: i64) -> Result<Option<Timestamp>, IndexError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT received_at FROM message WHERE position >= min(?1, (SELECT max(position) FROM message))
             ORDER BY position LIMIT 1",
        )?;
        Ok(statement.query_row([position], |row| row.get(0).map(timestamp)).optional()?)
    }
}
