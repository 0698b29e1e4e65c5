//! JSON as coloured lines, with each violation of the contract below the line of its place.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};
use schemas::{
    Violation,
    json::pretty,
    pointer::escape as escape_token,
    text::{escape, escape_json},
};

use super::contract;

/// Maximum number of lines to show.
const MAX_LINES: usize = 5000;
/// Larger bodies are not laid out.
pub(super) const MAX_BYTES: usize = 256 << 10;
/// How much of a larger body is shown.
const BEGINNING_BYTES: usize = 64 << 10;

/// What precedes a value on its line.
struct JsonLine<'t> {
    indent: &'t str,
    name: Option<&'t str>,
    value: &'t str,
    comma: bool,
}

/// The body, and a sentence if it is not shown completely.
pub(super) fn body(body: &[u8], violations: &[Violation]) -> Markup {
    if body.is_empty() {
        return html! { p { "The body is empty." } };
    }
    if body.len() > MAX_BYTES {
        let beginning = String::from_utf8_lossy(&body[..BEGINNING_BYTES]);
        return html! {
            p { "The body has " (body.len()) " bytes. These are the first " (BEGINNING_BYTES) "; the download has all." }
            pre.json tabindex="0" role="region" aria-label="Beginning of the body" { (escape(&beginning)) }
        };
    }
    match pretty(body) {
        Some(text) => json(&escape_json(&text), violations),
        None => html! {
            p { "The body is not JSON." }
            pre.json tabindex="0" role="region" aria-label="Body" { (escape(&String::from_utf8_lossy(body))) }
        },
    }
}

fn json(text: &str, violations: &[Violation]) -> Markup {
    let lines = text.lines().count();
    let shown: Vec<_> = placed(text).take(MAX_LINES).collect();
    let places: HashSet<&str> = shown.iter().filter_map(|(_, place)| place.as_deref()).collect();
    let mut by_place: HashMap<&str, Vec<&Violation>> = HashMap::new();
    for violation in violations {
        by_place.entry(nearest(&violation.pointer, &places)).or_default().push(violation);
    }
    html! {
        @if lines > MAX_LINES {
            p { "The body has " (lines) " lines. These are the first " (MAX_LINES) "; the download has all." }
        }
        pre.json tabindex="0" role="region" aria-label="Body" {
            @for (line, place) in &shown {
                @match place.as_deref().and_then(|place| by_place.get(place)) {
                    None => { (coloured(line)) "\n" }
                    Some(broken) => {
                        mark { (coloured(line)) }
                        "\n"
                        @for violation in broken {
                            span.note id=(anchor(violation)) {
                                "▲ " (escape(&violation.pointer)) " " (escape(&violation.message)) " ("
                                (contract::link(&violation.clause)) ")"
                            }
                            "\n"
                        }
                    }
                }
            }
        }
    }
}

/// Each line with the JSON Pointer of the value that begins on it; `None` where an object or array ends.
fn placed(text: &str) -> impl Iterator<Item = (JsonLine<'_>, Option<String>)> {
    // The length of the pointer of each open container, and the next index of an array.
    let mut containers: Vec<(usize, Option<usize>)> = Vec::new();
    let mut pointer = String::new();
    text.lines().map(move |line| {
        let line = JsonLine::read(line);
        if matches!(line.value, "}" | "]") {
            containers.pop();
            return (line, None);
        }
        if let Some((length, next)) = containers.last_mut() {
            pointer.truncate(*length);
            pointer.push('/');
            match next {
                Some(next) => {
                    pointer.push_str(&next.to_string());
                    *next += 1;
                }
                None => {
                    let name: String = line.name.and_then(|name| serde_json::from_str(name).ok()).unwrap_or_default();
                    pointer.push_str(&escape_token(&name));
                }
            }
        }
        match line.value {
            "{" => containers.push((pointer.len(), None)),
            "[" => containers.push((pointer.len(), Some(0))),
            _ => {}
        }
        (line, Some(pointer.clone()))
    })
}

/// The place itself, or the innermost one around a member that is missing.
fn nearest<'p>(pointer: &'p str, places: &HashSet<&str>) -> &'p str {
    let mut nearest = pointer;
    while !places.contains(nearest) {
        match nearest.rfind('/') {
            Some(end) => nearest = &nearest[..end],
            None => return "",
        }
    }
    nearest
}

/// Where a violation is explained in the body.
pub(super) fn anchor(violation: &Violation) -> String {
    format!("at{}", violation.pointer.replace(|character: char| !character.is_ascii_alphanumeric(), "-"))
}

impl<'t> JsonLine<'t> {
    /// Reads a line as `json::pretty` writes it.
    fn read(line: &'t str) -> Self {
        let text = line.trim_start_matches(' ');
        let indent = &line[..line.len() - text.len()];
        let (text, comma) = text.strip_suffix(',').map_or((text, false), |text| (text, true));
        let name = text.starts_with('"').then(|| end_of_string(text)).filter(|end| text[*end..].starts_with(": "));
        let (name, value) = match name {
            Some(end) => (Some(&text[..end]), &text[end + 2..]),
            None => (None, text),
        };
        Self { indent, name, value, comma }
    }
}

/// After the closing quote.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return at + 1,
            _ => escaped = !escaped && character == '\\',
        }
    }
    text.len()
}

fn coloured(line: &JsonLine<'_>) -> Markup {
    let class = match line.value.as_bytes().first() {
        Some(b'"') => Some("s"),
        Some(b'0'..=b'9' | b'-') => Some("n"),
        Some(b't' | b'f' | b'n') => Some("l"),
        _ => None,
    };
    html! {
        (line.indent)
        @if let Some(name) = line.name { span.k { (name) } ": " }
        @if let Some(class) = class { span.(class) { (line.value) } } @else { (line.value) }
        @if line.comma { "," }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_the_place_of_its_value() {
        let text = pretty(br#"{"a":{"b/c":[1,{"~":"x, y"}],"":null},"d":[],"e\"":"\\"}"#).unwrap();
        let shown: Vec<String> =
            placed(&text).map(|(line, place)| format!("{:18} {}", place.unwrap_or_default(), line.value)).collect();
        insta::assert_snapshot!(shown.join("\n"));
    }
}
