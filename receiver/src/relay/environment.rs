//! The environment of templates and conditions: minijinja, the filters that cards need, and strict comparisons.
//!
//! In a template for JSON, every printed text is escaped and marked as untrusted (see [`taint`]); numbers and
//! booleans are printed as in JSON, and `none` prints nothing.

use minijinja::{
    Environment, Error, ErrorKind, Output, State, UndefinedBehavior,
    syntax::SyntaxConfig,
    value::{Value, ValueKind},
};

use super::{comparison, filters, taint, template_format::TemplateFormat, view::number_text};

/// Maximum number of template engine instructions per rendering: far more than any card needs, to end infinite loops.
const MAX_INSTRUCTIONS: u64 = 20_000_000;

/// The environment of templates and of `when` expressions.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    environment.set_fuel(Some(MAX_INSTRUCTIONS));
    environment.set_syntax(syntax());
    environment.set_auto_escape_callback(|name| TemplateFormat::of(name).escaping());
    environment.set_formatter(print);
    filters::add(&mut environment);
    comparison::add(&mut environment);
    environment
}

/// Delimiters of the language and its handling of whitespace around them.
pub(super) fn syntax() -> SyntaxConfig {
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    syntax.expect("the usual delimiters are fine")
}

fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_none() || value.is_undefined() {
        return Ok(());
    }
    // By the name, so that a template cannot switch it off.
    let is_json = TemplateFormat::of(state.name()) == TemplateFormat::Json;
    let printed = match (value.kind(), value.as_str()) {
        // As in JSON, not as in Python.
        (ValueKind::Bool, _) => value.is_true().to_string(),
        (ValueKind::Number, _) => number_text(value).unwrap_or_default(),
        _ if !is_json => return minijinja::escape_formatter(out, state, value),
        (_, Some(text)) if value.is_safe() => text.to_owned(),
        (_, Some(text)) => taint::in_json_string(text),
        (ValueKind::Seq | ValueKind::Map | ValueKind::Iterable, None) => {
            taint::in_json_string(&taint::MARKED_DIGITS.to_json(&filters::to_json(value)?))
        }
        (_, None) => value.to_string(),
    };
    out.write_str(&printed).map_err(|error| Error::new(ErrorKind::WriteFailure, error.to_string()))
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
    fn the_page_lists_what_there_is() {
        let page = include_str!("../../../docs/relay.md");
        // The engine lists its filters and tests only in its `Debug` output.
        let environment = format!("{:?}", environment());
        for what in ["filters", "tests"] {
            let there = environment.split(&format!(" {what}: ")).nth(1).unwrap();
            let there = there[1..].split(['}', ']']).next().unwrap();
            let mut there: Vec<&str> = there.split(['"', ',', ' ']).filter(|name| !name.is_empty()).collect();
            there.sort_unstable();
            let line = page
                .lines()
                .skip_while(|line| !line.starts_with(&format!("All {what}:")))
                .collect::<Vec<_>>()
                .join(" ");
            let mut listed: Vec<&str> = line.split(". ").next().unwrap().split('`').skip(1).step_by(2).collect();
            listed.sort_unstable();
            assert_eq!(listed, there, "{what}");
        }
    }
}
