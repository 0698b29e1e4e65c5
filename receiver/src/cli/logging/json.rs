//! A log line as one flat JSON object: time, level, and the event's fields in their order. Unlike the format
//! of `tracing-subscriber`, this one writes directly into the line, which pays off with one line per request, and has no
//! member twice: of two, readers do not all keep the same one (RFC 8259 section 4).

use std::fmt::{self, Write};

use jiff::Timestamp;
use schemas::text::is_unsafe;
use tracing::{
    Event, Subscriber,
    field::{Field, FieldSet, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext,
        format::{FormatEvent, FormatFields, Writer},
    },
    registry::LookupSpan,
};

/// Members that every line has.
const RESERVED_NAMES: [&str; 2] = ["timestamp", "level"];

#[derive(Clone, Copy, Debug)]
pub(super) struct JsonFormat;

impl<S, N> FormatEvent<S, N> for JsonFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write!(line, r#"{{"timestamp":"{:.6}","level":"{}""#, Timestamp::now(), event.metadata().level())?;
        let mut members = JsonMembers { line: &mut line, fields: event.metadata().fields(), result: Ok(()) };
        event.record(&mut members);
        members.result?;
        line.write_str("}\n")
    }
}

/// Writes an event's fields as members.
struct JsonMembers<'l, W> {
    line: &'l mut W,
    /// All fields of the event.
    fields: &'l FieldSet,
    result: fmt::Result,
}

impl<W: Write> JsonMembers<'_, W> {
    fn member(&mut self, field: &Field, value: impl FnOnce(&mut W) -> fmt::Result) {
        self.result = self.result.and_then(|()| {
            // Names of fields are written in this program, and none needs an escape.
            self.line.write_str(",\"")?;
            self.line.write_str(field.name())?;
            if let Some(number) = number(self.fields, field) {
                write!(self.line, "_{number}")?;
            }
            self.line.write_str("\":")?;
            value(self.line)
        });
    }
}

/// The number to add to the name of a field if another member has that name. The text of an event is the field `message`,
/// which comes first and keeps its name.
fn number(fields: &FieldSet, field: &Field) -> Option<usize> {
    let name = field.name();
    let before = || fields.iter().take(field.index()).filter(|other| other.name() == name).count();
    let same = before() + usize::from(RESERVED_NAMES.contains(&name));
    let is_name = |number: &usize| {
        let longer = |other: &str| {
            other.strip_prefix(name).and_then(|rest| rest.strip_prefix('_')) == Some(&*number.to_string())
        };
        fields.iter().any(|other| longer(other.name()))
    };
    (same > 0).then(|| (same + 1..).find(|number| !is_name(number)).unwrap_or_default())
}

impl<W: Write> Visit for JsonMembers<'_, W> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |line| string(line, |text| text.write_str(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |line| write!(line, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |line| write!(line, "{value}"));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.member(field, |line| write!(line, "{value}"));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.member(field, |line| write!(line, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for what is not finite.
        self.member(
            field,
            |line| if value.is_finite() { write!(line, "{value}") } else { write!(line, "\"{value}\"") },
        );
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |line| write!(line, "{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field, |line| string(line, |text| write!(text, "{value:?}")));
    }
}

fn string<W: Write>(line: &mut W, write: impl FnOnce(&mut Escaped<'_, W>) -> fmt::Result) -> fmt::Result {
    line.write_char('"')?;
    let mut text = Escaped { line, room: MAX_FIELD_BYTES, is_after_hash: false };
    write(&mut text)?;
    if text.room == 0 {
        line.write_char('…')?;
    }
    line.write_char('"')
}

/// Maximum number of bytes of a field, before they are escaped: a last limit, whatever the text is.
const MAX_FIELD_BYTES: usize = 4 << 10;

/// Text inside a JSON string, as far as there is room.
struct Escaped<'l, W> {
    line: &'l mut W,
    room: usize,
    /// Whether the text so far ends in `#`. Two begin a command in the log of a CI job, such as `##[error]`, in the middle of a
    /// line, too.
    is_after_hash: bool,
}

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = &text[..text.floor_char_boundary(self.room)];
        self.room = if rest.len() < text.len() { 0 } else { self.room - rest.len() };
        // What a terminal obeys is escaped too: people read these lines there.
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'#');
        while let Some(at) = rest.bytes().position(|byte| !is_plain(byte)) {
            let (plain, from) = rest.split_at(at);
            self.line.write_str(plain)?;
            let mut characters = from.chars();
            let is_second_hash = self.is_after_hash && plain.is_empty();
            self.is_after_hash = from.starts_with('#');
            match characters.next() {
                Some('#') if is_second_hash => self.line.write_str("\\u0023")?,
                Some('"') => self.line.write_str("\\\"")?,
                Some('\\') => self.line.write_str("\\\\")?,
                Some('\n') => self.line.write_str("\\n")?,
                Some(character) if is_unsafe(character) => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(self.line, "\\u{unit:04x}")?;
                    }
                }
                Some(character) => self.line.write_char(character)?,
                None => {}
            }
            rest = characters.as_str();
        }
        self.is_after_hash &= rest.is_empty();
        self.line.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::{self, Seek as _},
        sync::Arc,
    };

    use serde_json::{Value, json};

    use super::*;

    fn line_of(log: impl FnOnce()) -> String {
        let file: Arc<fs::File> = Arc::new(tempfile::tempfile().unwrap());
        let subscriber = tracing_subscriber::fmt().with_writer(file.clone()).event_format(JsonFormat).finish();
        tracing::subscriber::with_default(subscriber, log);
        (&*file).rewind().unwrap();
        io::read_to_string(&*file).unwrap()
    }

    #[test]
    fn no_member_is_there_twice() {
        let message = "a field";
        for (case, line, expected) in [
            (
                "a field as the text",
                line_of(|| tracing::info!(message, "the text")),
                r#""message":"the text","message_2":"a field""#,
            ),
            (
                "fields as time and level",
                line_of(|| tracing::info!(level = 7, timestamp = 8, "the text")),
                r#""message":"the text","level_2":7,"timestamp_2":8"#,
            ),
            ("a field twice", line_of(|| tracing::info!(a = 1, b = 2, a = 3)), r#""a":1,"b":2,"a_2":3"#),
            ("a name that is taken", line_of(|| tracing::info!(a = 1, a_2 = 2, a = 3)), r#""a":1,"a_2":2,"a_3":3"#),
        ] {
            assert!(line.ends_with(&format!(",{expected}}}\n")), "{case}: {line}");
        }
    }

    #[test]
    fn a_field_has_a_limit_whatever_is_in_it() {
        for (text, expected) in [
            ("x".repeat(MAX_FIELD_BYTES - 1), "x".repeat(MAX_FIELD_BYTES - 1)),
            ("x".repeat(3 << 20), format!("{}…", "x".repeat(MAX_FIELD_BYTES))),
            ("ü".repeat(3 << 20), format!("{}…", "ü".repeat(MAX_FIELD_BYTES / 2))),
            ("\"".repeat(3 << 20), format!("{}…", "\\\"".repeat(MAX_FIELD_BYTES))),
        ] {
            let mut line = String::new();
            string(&mut line, |part| part.write_str(&text)).unwrap();
            assert_eq!(line, format!("\"{expected}\""));
        }
    }

    #[test]
    fn no_field_is_a_command_in_the_log_of_a_ci_job() {
        for (parts, expected) in [
            (&["so ##[error]x"][..], "so #\\u0023[error]x"),
            (&["##vso[a]", " ###[b]"], "#\\u0023vso[a] #\\u0023\\u0023[b]"),
            (&["a#", "#[error]"], "a#\\u0023[error]"),
            (&["a#", "b#[c] #1", "", "#"], "a#b#[c] #1#"),
            (&["#", "", "#[error]"], "#\\u0023[error]"),
        ] {
            let mut line = String::new();
            string(&mut line, |text| parts.iter().try_for_each(|part| text.write_str(part))).unwrap();
            assert_eq!(line, format!("\"{expected}\""));
            assert_eq!(serde_json::from_str::<String>(&line).unwrap(), parts.concat());
        }
    }

    #[test]
    fn a_line_is_a_json_object_of_what_was_logged() {
        let text = "a \"quoted\" \\ line\nä💧\u{1b}[2J\t\0\u{7f}\u{9b}\u{202e}";
        let line = line_of(|| {
            tracing::info!(text, absent = None::<&str>, shown = %text, number = 7_u64, below = -1, "{text}");
            tracing::info!(yes = true, part = 0.5, none = f64::NAN, took = 7_u128);
        });
        assert!(line.chars().all(|character| character == '\n' || !is_unsafe(character)), "{line:?}");
        let lines = line.strip_suffix('\n').unwrap().split('\n').map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let time = line.as_object_mut().unwrap().shift_remove("timestamp").unwrap();
            assert_eq!(time.as_str().unwrap().len(), "2026-11-24T12:00:00.000000Z".len());
            line
        });
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                json!({"level": "INFO", "message": text, "text": text, "shown": text, "number": 7, "below": -1}),
                json!({"level": "INFO", "yes": true, "part": 0.5, "none": "NaN", "took": 7})
            ]
        );
    }
}
