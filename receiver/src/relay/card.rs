//! A card for Microsoft Teams: from a template's output to the post.

use bytes::Bytes;
use schemas::{json::compact, text::escape_json};
use serde_json::{Map, Value, json};

use super::{flow_url, markdown, size::Shortened, taint};

const ADAPTIVE_CARD_TYPE: &str = "application/vnd.microsoft.card.adaptive";

/// A post for Teams' "When a Teams webhook request is received".
#[derive(Clone, Debug)]
pub struct Card {
    /// The whole post, as JSON.
    pub body: Bytes,
    /// What was left out so that it fits.
    pub shortened: Vec<Shortened>,
}

/// A template's output is not an Adaptive Card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardProblem {
    #[error("the output is not JSON near {found}: {why}; put quotes around texts, as in \"{{{{ flow.name }}}}\"")]
    Json { found: String, why: String },
    #[error("the template makes the whole post; make only the Adaptive Card, the relay adds the post")]
    Post,
    #[error("by its name this template does not make JSON; end the name of a card's template in .json.jinja")]
    Name,
    #[error("the output is not an object with \"type\": \"AdaptiveCard\"")]
    NoCard,
}

impl Card {
    /// The post for a template's output, or the problem and its place in the output.
    pub(super) fn of_output(output: &str, shortened: Vec<Shortened>) -> Result<Self, (usize, CardProblem)> {
        let mut card = json(output)?;
        is_card(&card)?;
        escape_untrusted(&mut card);
        if let Some(notice) = notice(&shortened)
            && let Some(body) = card["body"].as_array_mut()
        {
            body.push(notice);
        }
        Ok(Self { body: post(&card), shortened })
    }

    /// A card that fits every message: it only announces it.
    pub(super) fn last_resort() -> Self {
        let text = "A message of a flow arrived that is too large to show here.";
        let card = json!({
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [{ "type": "TextBlock", "text": text, "wrap": true }],
        });
        Self { body: post(&card), shortened: vec![Shortened::Template] }
    }

    pub fn size(&self) -> usize {
        self.body.len()
    }
}

fn is_card(value: &Value) -> Result<(), (usize, CardProblem)> {
    match value["type"].as_str() {
        Some("AdaptiveCard") => Ok(()),
        Some("message") => Err((0, CardProblem::Post)),
        _ => Err((0, CardProblem::NoCard)),
    }
}

/// The JSON text of an output, character for character, and the card in it with untrusted texts unescaped.
pub(super) fn parse(output: &str) -> Result<(String, Value), (usize, CardProblem)> {
    let card = json(output)?;
    is_card(&card)?;
    Ok((tidied(output), unmarked(card)))
}

fn unmarked(value: Value) -> Value {
    match value {
        Value::String(text) => taint::unmarked(&text).into(),
        Value::Array(elements) => elements.into_iter().map(unmarked).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (taint::unmarked(&name), unmarked(member)))
            .collect::<Map<_, _>>()
            .into(),
        plain => plain,
    }
}

/// The JSON value of an output, or the offset in characters of what is wrong.
pub(super) fn json(output: &str) -> Result<Value, (usize, CardProblem)> {
    let tidy = tidied(output);
    serde_json::from_str(&tidy).map_err(|source| {
        let mut lines = tidy.split_inclusive('\n');
        let before: usize = lines.by_ref().take(source.line() - 1).map(|line| line.chars().count()).sum();
        let line = lines.next().unwrap_or_default();
        let column = line.char_indices().take_while(|(byte, _)| byte + 1 < source.column()).count();
        let found: String = line.chars().skip(column.saturating_sub(20)).take(60).collect();
        let found = format!("`{}`", escape_json(taint::unmarked(&found).trim()));
        (before + column, CardProblem::Json { found, why: without_place(&source) })
    })
}

/// The JSON of an output on one line, numbers with their digits.
pub(super) fn json_text(output: &str) -> Result<String, (usize, CardProblem)> {
    let value = json(output)?;
    Ok(compact(tidied(output).as_bytes()).unwrap_or_else(|| value.to_string()))
}

/// What is wrong, without the line and column, which are the output's.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The output with each trailing comma, which templates need not avoid, and each of the template's own line breaks
/// inside a string replaced by a space, so that offsets stay the same.
fn tidied(output: &str) -> String {
    let mut tidied: Vec<char> = Vec::with_capacity(output.len());
    let (mut quoted, mut escaped, mut broken) = (false, false, false);
    // Place of the last comma that only whitespace follows, and whether an element can follow.
    let mut comma: Option<usize> = None;
    let mut opened = true;
    for character in output.chars() {
        if quoted {
            // A line break of a value is escaped.
            if character.is_control() || (broken && character == ' ') {
                tidied.push(if broken { taint::REMOVED_MARK } else { ' ' });
                broken = true;
                continue;
            }
            broken = false;
            quoted = escaped || character != '"';
            escaped = !escaped && character == '\\';
            tidied.push(character);
            continue;
        }
        match character {
            ',' if opened || comma.is_some() => {
                tidied.push(' ');
                continue;
            }
            ',' => comma = Some(tidied.len()),
            '}' | ']' => {
                if let Some(at) = comma.take() {
                    tidied[at] = ' ';
                }
                opened = false;
            }
            blank if blank.is_whitespace() => {}
            other => {
                (comma, opened) = (None, matches!(other, '{' | '['));
                quoted = other == '"';
            }
        }
        tidied.push(character);
    }
    tidied.into_iter().collect()
}

/// Makes the marked untrusted texts safe: escaped where Teams reads Markdown, plain elsewhere. Removes links to anything
/// but web addresses.
fn escape_untrusted(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            elements.iter_mut().for_each(escape_untrusted);
            elements.retain(|element| !has_unsafe_url(element));
        }
        Value::Object(members) => {
            let is_text_block = members.get("type").is_some_and(|kind| kind == "TextBlock");
            let is_fact =
                !members.contains_key("type") && members.contains_key("value") && members.contains_key("title");
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(text) => {
                        let is_markdown =
                            (is_text_block && name == "text") || (is_fact && (name == "title" || name == "value"));
                        *text = if is_markdown { markdown::escape(text) } else { taint::unmarked(text) };
                    }
                    other => escape_untrusted(other),
                }
            }
            members.retain(|name, member| name != "selectAction" || !has_unsafe_url(member));
        }
        Value::String(text) => *text = taint::unmarked(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn has_unsafe_url(element: &Value) -> bool {
    let opens = matches!(element["type"].as_str(), Some("Action.OpenUrl" | "Image"));
    opens && !element["url"].as_str().is_some_and(flow_url::is_web)
}

fn notice(shortened: &[Shortened]) -> Option<Value> {
    if shortened.is_empty() {
        return None;
    }
    let left_out: Vec<String> = shortened.iter().map(ToString::to_string).collect();
    let text = format!("Shortened to fit into Teams: {}.", left_out.join(", "));
    Some(
        json!({ "type": "TextBlock", "text": text, "size": "Small", "isSubtle": true, "wrap": true, "spacing": "Small" }),
    )
}

fn post(card: &Value) -> Bytes {
    let post = json!({
        "type": "message",
        "attachments": [{ "contentType": ADAPTIVE_CARD_TYPE, "contentUrl": null, "content": card }],
    });
    post.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_too_many_and_a_line_break_in_a_string_do_no_harm() {
        for (output, value) in [
            ("[1, 2, , 3,]", "[1,2,3]"),
            ("{, \"a\": 1,,}", "{\"a\":1}"),
            ("[ , ]", "[]"),
            ("{\"a\": [{\"b\": \",]\"},],}", "{\"a\":[{\"b\":\",]\"}]}"),
            ("{\"a\": \"x\n    y\\\\\",}", "{\"a\":\"x y\\\\\"}"),
        ] {
            assert_eq!(unmarked(json(output).unwrap()).to_string(), value, "{output}");
        }
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (output, place) in [("{\"ä\": 1,\n\"b\": x}", 14), ("", 0), ("{\"a\": \"", 6)] {
            assert_eq!(json(output).unwrap_err().0, place, "{output}");
        }
    }

    #[test]
    fn only_web_addresses_are_left() {
        let mut card = json!({"body": [
            {"type": "Image", "url": "data:image/png;base64,AAAA"},
            {"type": "Container", "items": [], "selectAction": {"type": "Action.OpenUrl", "url": "javascript:alert(1)"}},
            {"type": "ActionSet", "actions": [
                {"type": "Action.OpenUrl", "url": "https://acme.example/"},
                {"type": "Action.OpenUrl", "url": " https://acme.example/"},
                {"type": "Action.OpenUrl"},
            ]},
        ]});
        escape_untrusted(&mut card);
        let left = json!({"body": [
            {"type": "Container", "items": []},
            {"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "url": "https://acme.example/"}]},
        ]});
        assert_eq!(card, left);
    }
}
