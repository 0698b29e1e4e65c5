//! What templates and filters can do: the language (minijinja), and the filters that cards need.
//!
//! In a template whose output is JSON every printed text is escaped and marked as a text of others (see
//! `marked.rs`); a number or truth is printed as JSON has it, and none prints nothing.

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior,
    syntax::SyntaxConfig,
    value::{Value, ValueKind},
};

use super::{flow_url, marked, plain, readable, view::number_text};

/// What one rendering may cost, in instructions of the template engine: far more than any card needs, and an end for a
/// loop without one.
const FUEL: u64 = 20_000_000;

/// The auto-escaping of JSON.
pub(super) const JSON: &str = "json";

/// The environment of templates and of `when` expressions.
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    environment.set_fuel(Some(FUEL));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters are fine"));
    environment.set_auto_escape_callback(escaping);
    environment.set_formatter(print);
    // Whatever is printed may come from a message.
    environment.remove_filter("safe");
    environment.add_filter("json", |value: &Value| marked_json(value).map(Value::from_safe_string));
    environment.add_filter("markdown", |text: &str| Value::from_safe_string(marked::escaped(&plain::clean(text))));
    environment.add_filter("date", |text: &str| readable::form_date(text));
    environment.add_filter("time", |text: &str| readable::time(text));
    environment.add_filter("money", |number: &Value| {
        readable::money(&number_text(number).unwrap_or_else(|| number.to_string()))
    });
    environment.add_filter("tick", |value: &Value| if value.is_true() { "☑ Yes" } else { "☐ No" });
    environment.add_filter("shorten", |text: &Value, length: usize| shorten(text, length));
    environment.add_filter("tone", |decision: &Value| tone(decision.as_str()));
    environment.add_filter("runs", runs);
    environment.add_test("web", |url: &Value| url.as_str().is_some_and(flow_url::is_web));
    environment
}

/// Whether a template of this name makes JSON.
pub(super) fn makes_json(name: &str) -> bool {
    matches!(escaping(name), AutoEscape::Custom(_))
}

/// A template that is to be text or HTML says so in its name; every other one makes JSON.
fn escaping(name: &str) -> AutoEscape {
    let name = name.strip_suffix(".jinja").or_else(|| name.strip_suffix(".j2")).unwrap_or(name);
    match name.rsplit_once('.') {
        Some((_, "txt" | "text" | "md")) => AutoEscape::None,
        Some((_, "html" | "htm")) => AutoEscape::Html,
        _ => AutoEscape::Custom(JSON.into()),
    }
}

fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_none() || value.is_undefined() {
        return Ok(());
    }
    // As JSON spells it, and not as Python does.
    if value.kind() == ValueKind::Bool {
        return written(out, if value.is_true() { "true" } else { "false" });
    }
    if let Some(number) = number_text(value) {
        return written(out, &number);
    }
    // By the name, so that a template cannot switch it off.
    if !makes_json(state.name()) {
        return minijinja::escape_formatter(out, state, value);
    }
    let printed = match (value.as_str(), value.kind()) {
        (Some(text), _) if value.is_safe() => text.to_owned(),
        (Some(text), _) => marked::in_json_string(text),
        (None, ValueKind::Seq | ValueKind::Map | ValueKind::Iterable) => {
            marked::in_json_string(&marked::DIGITS.to_json(&to_json(value)?))
        }
        (None, _) => value.to_string(),
    };
    written(out, &printed)
}

fn written(out: &mut Output<'_>, text: &str) -> Result<(), Error> {
    out.write_str(text).map_err(|error| Error::new(ErrorKind::WriteFailure, error.to_string()))
}

/// The value as JSON, its numbers as [`marked::DIGITS`] reads them.
fn to_json(value: &Value) -> Result<serde_json::Value, Error> {
    match value.kind() {
        ValueKind::Number => {
            let number = number_text(value).unwrap_or_default();
            // What is not finite has no digits in JSON.
            let is_json = serde_json::from_str::<serde_json::Number>(&number).is_ok();
            Ok(if is_json { marked::DIGITS.value(&number) } else { serde_json::Value::Null })
        }
        ValueKind::Seq | ValueKind::Iterable => value.try_iter()?.map(|element| to_json(&element)).collect(),
        ValueKind::Map => {
            let member = |name: Value| Ok((name.to_string(), to_json(&value.get_item(&name)?)?));
            value.try_iter()?.map(member).collect::<Result<serde_json::Map<_, _>, Error>>().map(Into::into)
        }
        _ => serde_json::to_value(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string())),
    }
}

/// A whole JSON value; a text that is JSON already, such as a macro's, goes into it as a text.
fn marked_json(value: &Value) -> Result<String, Error> {
    // In an HTML template it may stand in a script.
    Ok(marked::json(&to_json(value)?).replace('<', "\\u003c"))
}

/// The beginning of a text in one paragraph, for a preview.
fn shorten(text: &Value, length: usize) -> String {
    let text = if text.is_undefined() || text.is_none() { String::new() } else { text.to_string() };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(length) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line,
    }
}

/// The colour of a decision, in the words that Adaptive Cards have for colours and styles.
fn tone(decision: Option<&str>) -> &'static str {
    match decision {
        Some("approved") => "good",
        Some("rejectedAndSentBack" | "rejectedAndCompleted") => "attention",
        _ => "default",
    }
}

/// Neighbours with the same attribute, together: a list of `{key, items}` in the same order.
fn runs(items: &Value, attribute: &str) -> Result<Value, Error> {
    let mut runs: Vec<(Value, Vec<Value>)> = Vec::new();
    for item in items.try_iter()? {
        let key = item.get_attr(attribute)?;
        match runs.last_mut() {
            Some((last, together)) if *last == key => together.push(item),
            _ => runs.push((key, vec![item])),
        }
    }
    Ok(runs.into_iter().map(|(key, items)| minijinja::context! { key, items }).collect())
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn printed(name: &str, template: &str) -> String {
        let context = context! { text => "a\"\n<b>", number => 5000.5, none => Value::from(()), list => ["x"] };
        environment().render_named_str(name, template, context).unwrap()
    }

    #[test]
    fn values_are_printed_as_the_output_wants_them() {
        for (name, template, output) in [
            ("a.jinja", "{{ text }}", "\u{fdd0}a\\\"\\n<b>\u{fdd1}"),
            ("a.json", "{{ number }} {{ 1 == 1 }} {{ none }}", "5000.5 true "),
            ("a.json", "{{ list }}", "\u{fdd0}[\\\"x\\\"]\u{fdd1}"),
            ("a.json", "{{ list | json }}", "[\"\u{fdd0}x\u{fdd1}\"]"),
            ("a.json", "{% macro m() %}{{ text }}{% endmacro %}{{ m() }}", "\u{fdd0}a\\\"\\n<b>\u{fdd1}"),
            ("a.json", "{% autoescape false %}{{ text }}{% endautoescape %}", "\u{fdd0}a\\\"\\n<b>\u{fdd1}"),
            ("a.txt.jinja", "{{ text }}", "a\"\n<b>"),
            ("a.html", "{{ text }}", "a&quot;\n&lt;b&gt;"),
            ("a.txt", "{{ none | shorten(3) }}|{{ number | shorten(3) }}|{{ ' a  b c' | shorten(3) }}", "|500…|a b…"),
        ] {
            assert_eq!(printed(name, template), output, "{template}");
        }
    }

    #[test]
    fn neighbours_of_a_kind_stand_together() {
        let template = "{% for run in [{'k': 1}, {'k': 1}, {'k': 2}, {'k': 1}] | runs('k') %}{{ run.key }}x{{ run.items | length }} {% endfor %}";
        assert_eq!(printed("a.txt", template), "1x2 2x1 1x1 ");
    }
}
