//! A card for Microsoft Teams as people see it: the elements that the relay's templates use. Nothing of it is loaded from
//! elsewhere, and what a click would show is shown folded.

use maud::{Markup, html};
use schemas::text::escape;
use serde_json::Value;

/// Maximum depth of elements to show.
const MAX_DEPTH: usize = 16;

/// The card in a post for Teams.
pub(super) fn card(post: &[u8]) -> Option<Markup> {
    let post: Value = serde_json::from_slice(post).ok()?;
    let card = &post["attachments"][0]["content"];
    Some(html! {
        div.card role="group" aria-label="Card" {
            (elements(&card["body"], MAX_DEPTH))
            (actions(&card["actions"], MAX_DEPTH))
        }
    })
}

fn elements(list: &Value, depth: usize) -> Markup {
    html! { @for element in list.as_array().into_iter().flatten() { (element_of(element, depth)) } }
}

fn element_of(element: &Value, depth: usize) -> Markup {
    if depth == 0 {
        return html! {};
    }
    let content = match element["type"].as_str() {
        Some("TextBlock") => html! { p.(text_classes(element)) { (markdown(text(&element["text"]))) } },
        Some("RichTextBlock") => html! {
            p { @for run in element["inlines"].as_array().into_iter().flatten() {
                span.(text_classes(run)) { (escape(run.as_str().unwrap_or_else(|| text(&run["text"])))) }
            } }
        },
        Some("FactSet") => html! {
            dl.facts { @for fact in element["facts"].as_array().into_iter().flatten() {
                div { dt { (markdown(text(&fact["title"]))) } dd { (markdown(text(&fact["value"]))) } }
            } }
        },
        Some("Container" | "Column") => html! { div.(style(element)) { (elements(&element["items"], depth - 1)) } },
        Some("ColumnSet") => html! {
            div.columns.(style(element)) { @for column in element["columns"].as_array().into_iter().flatten() {
                div { (elements(&column["items"], depth - 1)) }
            } }
        },
        Some("ActionSet") => actions(&element["actions"], depth),
        Some("Image") => {
            html! { p.quiet { "Image: " (escape(text(&element["altText"]))) " " code { (escape(text(&element["url"]))) } } }
        }
        other => html! { p.quiet { "Element " (escape(other.unwrap_or("without a type"))) } },
    };
    if element["isVisible"] == Value::Bool(false) {
        return html! { details { summary { "Shown after a click" } (content) } };
    }
    content
}

fn actions(list: &Value, depth: usize) -> Markup {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    html! {
        @if !list.is_empty() {
            ul.actions { @for action in list {
                li { @match action["type"].as_str() {
                    Some("Action.OpenUrl") => { (escape(text(&action["title"]))) ": " code { (escape(text(&action["url"]))) } }
                    Some("Action.ShowCard") if depth > 0 => {
                        details { summary { (escape(text(&action["title"]))) } (elements(&action["card"]["body"], depth - 1)) }
                    }
                    _ => (escape(text(&action["title"]))),
                } }
            } }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn text_classes(element: &Value) -> String {
    let mut classes = String::new();
    for (key, value, class) in [
        ("weight", "Bolder", "strong "),
        ("size", "Large", "large "),
        ("size", "ExtraLarge", "large "),
        ("size", "Small", "small "),
        ("color", "Attention", "bad "),
        ("color", "Good", "good "),
        ("color", "Warning", "warn "),
        ("color", "Accent", "accent "),
    ] {
        if text(&element[key]).eq_ignore_ascii_case(value) {
            classes.push_str(class);
        }
    }
    if element["isSubtle"] == Value::Bool(true) {
        classes.push_str("quiet ");
    }
    classes.trim_end().to_owned()
}

fn style(element: &Value) -> &'static str {
    match text(&element["style"]).to_ascii_lowercase().as_str() {
        "attention" => "box attention",
        "good" => "box holds",
        "warning" => "box warning",
        "accent" => "box accented",
        "emphasis" => "box",
        _ => "plain",
    }
}

/// The part of Markdown that the kit's templates and escapes use: `**bold**`, escapes by a backslash, `&lt;` and `&amp;`, and an
/// empty line between paragraphs.
fn markdown(text: &str) -> Markup {
    let mut parts: Vec<(bool, String)> = vec![(false, String::new())];
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let is_bold = parts.last().is_some_and(|(is_bold, _)| *is_bold);
        let (plain, length) = match character {
            '\\' => match rest[1..].chars().next() {
                Some(next) if next.is_ascii_punctuation() => (next, 2),
                _ => ('\\', 1),
            },
            '*' if rest.starts_with("**") && (is_bold || rest[2..].contains("**")) => {
                parts.push((!is_bold, String::new()));
                rest = &rest[2..];
                continue;
            }
            '&' if rest.starts_with("&lt;") => ('<', 4),
            '&' if rest.starts_with("&amp;") => ('&', 5),
            '\n' if rest.starts_with("\n\n") => ('\n', 2),
            other => (other, other.len_utf8()),
        };
        if let Some((_, part)) = parts.last_mut() {
            part.push(plain);
        }
        rest = &rest[length..];
    }
    html! { @for (is_bold, part) in &parts { @if *is_bold { b { (escape(part)) } } @else { (escape(part)) } } }
}

#[cfg(test)]
mod tests {
    use schemas::{Profile, Sample};

    use super::*;
    use crate::relay::{Budget, MessageMetadata, Template, View};

    #[test]
    fn markdown_of_the_templates_is_shown_and_nothing_else_is_obeyed() {
        for (text, shown) in [
            ("plain", "plain"),
            ("**a** b", "<b>a</b> b"),
            (r"\*\*a\*\*", "**a**"),
            ("2 ** 3", "2 ** 3"),
            ("&lt;b>&amp;amp;", "&lt;b&gt;&amp;amp;"),
            ("<script>", "&lt;script&gt;"),
            ("a\n\nb", "a\nb"),
            ("\u{202e}x", "\\u{202e}x"),
            ("[a](https://example.com)", "[a](https://example.com)"),
        ] {
            let markup = markdown(text).into_string();
            assert_eq!(markup, shown);
        }
    }

    #[test]
    fn the_default_card_of_every_sample_is_shown_completely() {
        for sample in Sample::valid() {
            let view = View::of(sample.body, Profile::v1(), &MessageMetadata::default()).unwrap();
            let post = Template::default_card().card(&view, Budget::default()).unwrap();
            let shown = card(&post.body).unwrap().into_string();
            assert!(!shown.contains("Element "), "{}: {shown}", sample.name);
        }
    }
}
