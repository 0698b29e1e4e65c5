//! The filters and tests that the relay adds to the template language. Each treats a missing value (`none`, such as a
//! field that a form does not have) as empty; an unknown name is an error.

use minijinja::{
    Environment, Error, ErrorKind, State, filters,
    value::{Rest, Value, ValueKind, ValueOrKwargs},
};

use super::{
    flow_url, format, number, sanitize, taint,
    template_format::TemplateFormat,
    value_type::{ValueType, given},
    view::number_text,
};

/// Adds the filters and tests.
pub(super) fn add(environment: &mut Environment<'static>) {
    // Any printed value may come from a message.
    environment.remove_filter("safe");
    // The built-in ones would not mark untrusted text.
    for name in ["json", "tojson"] {
        environment.add_filter(name, |value: &Value| marked_json(value).map(Value::from_safe_string));
    }
    environment.add_filter("markdown", markdown);
    environment.add_filter("date", |state: &State<'_, '_>, value: &Value| text(state, value, format::form_date));
    environment.add_filter("isodate", |state: &State<'_, '_>, value: &Value| text(state, value, format::iso_date));
    environment.add_filter("time", |state: &State<'_, '_>, value: &Value| text(state, value, format::time));
    environment.add_filter("money", |state: &State<'_, '_>, value: &Value| {
        let digits = |number: &Value| number_text(number).unwrap_or_else(|| number.to_string());
        Ok::<_, Error>(given(state, value)?.map_or_else(String::new, |number| format::money(&digits(number))))
    });
    environment.add_filter("number", |state: &State<'_, '_>, value: &Value| match given(state, value)? {
        Some(value) => number::of(value),
        None => Ok(Value::from(())),
    });
    environment.add_filter("tick", |state: &State<'_, '_>, value: &Value| given(state, value)?.map_or(Ok(""), tick));
    environment.add_filter("shorten", |state: &State<'_, '_>, value: &Value, length: usize| {
        Ok::<_, Error>(given(state, value)?.map_or_else(String::new, |text| shorten(&text.to_string(), length)))
    });
    environment.add_filter("tone", |state: &State<'_, '_>, value: &Value| {
        Ok::<_, Error>(tone(given(state, value)?.and_then(Value::as_str)))
    });
    environment.add_filter("runs", |state: &State<'_, '_>, items: &Value, attribute: &str| {
        given(state, items)?.map_or_else(|| Ok(Value::from(Vec::<Value>::new())), |items| runs(items, attribute))
    });
    environment.add_test("web", |url: &Value| url.as_str().is_some_and(flow_url::is_web));
    add_text_filters(environment);
}

/// Built-in filters that convert any value to text, and would convert a missing one to "none".
fn add_text_filters(environment: &mut Environment<'static>) {
    for (name, original) in [
        ("capitalize", Value::from_function(filters::capitalize)),
        ("lower", Value::from_function(filters::lower)),
        ("replace", Value::from_function(filters::replace)),
        ("string", Value::from_function(filters::string)),
        ("title", Value::from_function(filters::title)),
        ("trim", Value::from_function(filters::trim)),
        ("upper", Value::from_function(filters::upper)),
        ("urlencode", Value::from_function(filters::urlencode)),
    ] {
        let of_given = move |state: &mut State<'_, '_>, value: Value, more: Rest<ValueOrKwargs>| {
            if given(state, &value)?.is_none() {
                return Ok(Value::from(""));
            }
            let arguments: Vec<Value> = std::iter::once(value).chain(more.into_values()).collect();
            original.call(state, &arguments)
        };
        environment.add_filter(name, of_given);
    }
}

fn text(state: &State<'_, '_>, value: &Value, read: impl Fn(&str) -> String) -> Result<String, Error> {
    match given(state, value)? {
        None => Ok(String::new()),
        Some(value) => value.as_str().map(read).ok_or_else(|| {
            let what = format!("this filter takes a text, not {}", ValueType::of(value));
            Error::new(ErrorKind::InvalidOperation, what)
        }),
    }
}

/// The template's own Markdown. Only cards, which are JSON, are read as Markdown.
fn markdown(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    let text = text(state, value, sanitize::clean)?;
    Ok(match TemplateFormat::of(state.name()) {
        TemplateFormat::Json => Value::from_safe_string(schemas::json::escape(&text)),
        _ => text.into(),
    })
}

/// The value as JSON, its numbers as [`taint::MARKED_DIGITS`] reads them.
pub(super) fn to_json(value: &Value) -> Result<serde_json::Value, Error> {
    match value.kind() {
        ValueKind::Number => {
            let number = number_text(value).unwrap_or_default();
            // JSON has no infinite numbers.
            let is_json = serde_json::from_str::<serde_json::Number>(&number).is_ok();
            Ok(if is_json { taint::MARKED_DIGITS.value(&number) } else { serde_json::Value::Null })
        }
        ValueKind::Seq | ValueKind::Iterable => value.try_iter()?.map(|element| to_json(&element)).collect(),
        ValueKind::Map => {
            let member = |name: Value| Ok((name.to_string(), to_json(&value.get_item(&name)?)?));
            value.try_iter()?.map(member).collect::<Result<serde_json::Map<_, _>, Error>>().map(Into::into)
        }
        _ => serde_json::to_value(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string())),
    }
}

/// A JSON value; a text that is JSON already, such as a macro's output, becomes a string in it.
fn marked_json(value: &Value) -> Result<String, Error> {
    // In an HTML template it may be in a script.
    Ok(taint::json(&to_json(value)?).replace('<', "\\u003c"))
}

/// The beginning of a text in one paragraph, for a preview.
fn shorten(text: &str, length: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(length) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line,
    }
}

/// A boolean, or a check box's string for one with a profile without types. Any other text, such as `no`, is ambiguous;
/// the language would take it as true.
fn tick(value: &Value) -> Result<&'static str, Error> {
    let truth = match (value.kind(), value.as_str()) {
        (ValueKind::Bool, _) => Some(value.is_true()),
        (_, Some("true")) => Some(true),
        (_, Some("false")) => Some(false),
        _ => None,
    };
    truth.map(|truth| if truth { "☑ Yes" } else { "☐ No" }).ok_or_else(|| {
        let what = format!("{} is neither true nor false", ValueType::of(value));
        Error::new(ErrorKind::InvalidOperation, what)
    })
}

/// The colour of a decision, as an Adaptive Cards colour or style.
fn tone(decision: Option<&str>) -> &'static str {
    match decision {
        Some("approved") => "good",
        Some("rejectedAndSentBack" | "rejectedAndCompleted") => "attention",
        _ => "default",
    }
}

/// Groups adjacent items with the same attribute: a list of `{key, items}` in the same order.
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
    use minijinja::{ErrorKind, Value, context};

    use crate::relay::{environment::environment, taint};

    fn printed(name: &str, template: &str) -> Result<String, minijinja::Error> {
        let context = context! { none => Value::from(()), step => context! { name => "S" } };
        environment().render_named_str(name, template, context)
    }

    #[test]
    fn neighbours_of_a_kind_stand_together() {
        let template = "{% for run in [{'k': 1}, {'k': 1}, {'k': 2}, {'k': 1}] | runs('k') %}{{ run.key }}x{{ run.items | length }} {% endfor %}";
        assert_eq!(printed("a.txt", template).unwrap(), "1x2 2x1 1x1 ");
    }

    #[test]
    fn a_missing_value_is_empty_and_a_name_that_does_not_exist_an_error() {
        for (filter, empty) in [
            ("capitalize", ""),
            ("date", ""),
            ("isodate", ""),
            ("json", "null"),
            ("lower", ""),
            ("markdown", ""),
            ("money", ""),
            ("number", ""),
            ("replace('e', 'a')", ""),
            ("runs('k') | length", "0"),
            ("shorten(3)", ""),
            ("string", ""),
            ("tick", ""),
            ("time", ""),
            ("title", ""),
            ("tojson", "null"),
            ("tone", "default"),
            ("trim", ""),
            ("upper", ""),
            ("urlencode", ""),
        ] {
            for name in ["a.txt", "a.json", "a.html"] {
                let output = printed(name, &format!("{{{{ none | {filter} }}}}")).unwrap();
                assert_eq!(taint::unmarked(&output), empty, "{name}: {filter}");
            }
            if !filter.contains("json") {
                let error = printed("a.txt", &format!("{{{{ step.nmae | {filter} }}}}")).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::UndefinedError, "{filter}");
                assert!(error.to_string().contains("`step.nmae` is undefined"), "{filter}: {error}");
            }
        }
    }

    #[test]
    fn values_are_as_the_page_shows_them() {
        for (template, output) in [
            ("{{ '19/07/1990' | date }}", "19 Jul 1990"),
            ("{{ '02/07/2021 02:05:00 PM' | isodate }}", "2021-07-02T14:05:00"),
            ("{{ '2026-11-24T10:30:00Z' | time }}", "24 Nov 2026, 10:30 UTC"),
            ("{{ 5000.5 | money }}", "5,000.50"),
            ("{{ true | tick }} {{ false | tick }}", "☑ Yes ☐ No"),
            ("{{ 'true' | tick }} {{ 'false' | tick }}", "☑ Yes ☐ No"),
            ("{{ '5000.50' | number * 2 }}", "10001.0"),
            ("{{ 'Zoë & Söhne' | urlencode }}", "Zo%C3%AB%20%26%20S%C3%B6hne"),
            ("{{ '**bold**' | markdown }}", "**bold**"),
        ] {
            assert_eq!(printed("a.txt", template).unwrap(), output, "{template}");
        }
        for (template, error) in [
            ("{{ 7 | time }}", "this filter takes a text, not a number"),
            ("{{ '10,000' | number }}", "this text is not a number; write it as in JSON, such as 10000 or -0.5"),
            ("{{ [1] | number }}", "a list is not a number"),
            ("{{ 'no' | tick }}", "a text is neither true nor false"),
            ("{{ 1 | tick }}", "a number is neither true nor false"),
        ] {
            let found = printed("a.txt", template).unwrap_err().to_string();
            assert!(found.contains(error), "{template}: {found}");
        }
    }

    #[test]
    fn markdown_cannot_leave_a_page_of_html() {
        assert_eq!(printed("a.html", "{{ '<b>' | markdown }}").unwrap(), "&lt;b&gt;");
    }
}
