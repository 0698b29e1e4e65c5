//! A log line as one flat JSON object: time, level, and the event's fields in their order. `tracing-subscriber` has such
//! a form too; this one writes straight into the line, which for one line a request is worth it.

use std::fmt::{self, Write};

use jiff::Timestamp;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext,
        format::{FormatEvent, FormatFields, Writer},
    },
    registry::LookupSpan,
};

/// The form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write!(line, r#"{{"timestamp":"{:.6}","level":"{}""#, Timestamp::now(), event.metadata().level())?;
        let mut members = Members { line: &mut line, result: Ok(()) };
        event.record(&mut members);
        members.result?;
        line.write_str("}\n")
    }
}

/// Writes an event's fields as members.
struct Members<'l, W> {
    line: &'l mut W,
    result: fmt::Result,
}

impl<W: Write> Members<'_, W> {
    fn member(&mut self, field: &Field, value: impl FnOnce(&mut W) -> fmt::Result) {
        self.result = self.result.and_then(|()| {
            // Names of fields are written in this program, and none needs an escape.
            self.line.write_str(",\"")?;
            self.line.write_str(field.name())?;
            self.line.write_str("\":")?;
            value(self.line)
        });
    }
}

impl<W: Write> Visit for Members<'_, W> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |line| string(line, |text| text.write_str(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |line| write!(line, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |line| write!(line, "{value}"));
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
    write(&mut Escaped(line))?;
    line.write_char('"')
}

/// Text inside a JSON string.
struct Escaped<'l, W>(&'l mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            let (plain, from) = rest.split_at(at);
            let (special, behind) = from.split_at(1);
            self.0.write_str(plain)?;
            match special {
                "\"" => self.0.write_str("\\\"")?,
                "\\" => self.0.write_str("\\\\")?,
                "\n" => self.0.write_str("\\n")?,
                control => write!(self.0, "\\u{:04x}", control.as_bytes()[0])?,
            }
            rest = behind;
        }
        self.0.write_str(rest)
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

    #[test]
    fn a_line_is_a_json_object_of_what_was_logged() {
        let file: Arc<fs::File> = Arc::new(tempfile::tempfile().unwrap());
        let subscriber = tracing_subscriber::fmt().with_writer(file.clone()).event_format(Json).finish();
        let text = "a \"quoted\" \\ line\nä\u{1b}[2J\t\0\u{7f}";
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(text, absent = None::<&str>, shown = %text, number = 7_u64, below = -1, yes = true, "{text}");
        });
        (&*file).rewind().unwrap();
        let line = io::read_to_string(&*file).unwrap();
        let mut line: Value = serde_json::from_str(line.strip_suffix('\n').unwrap()).unwrap();
        let time = line.as_object_mut().unwrap().shift_remove("timestamp").unwrap();
        assert_eq!(time.as_str().unwrap().len(), "2026-11-24T12:00:00.000000Z".len());
        assert_eq!(
            line,
            json!({"level": "INFO", "message": text, "text": text, "shown": text, "number": 7, "below": -1, "yes": true})
        );
    }
}
