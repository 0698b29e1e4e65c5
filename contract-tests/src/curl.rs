//! A request for a person to repeat: as a `curl` command line if that sends the same request, otherwise as raw bytes.
//! Neither has a credential.

use std::path::Path;

use delivery::EndpointUrl;

use crate::{
    case::{Framing, RequestForm},
    text::{Text, quoted, readable},
};

/// Maximum length of a command line.
const MAX_LINE_LEN: usize = 8000;
/// Maximum number of characters to show from the beginning and from the end of raw bytes.
const MAX_RAW_CHARACTERS: (usize, usize) = (1500, 400);
/// Body size from which some versions of `curl` send `Expect: 100-continue`.
const MIN_EXPECT_BYTES: usize = 1000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShownRequest {
    /// A command line, or raw bytes.
    pub(crate) request: String,
    /// A description of the request, as half a sentence.
    pub(crate) sent: String,
    /// The flow identifier, if the body has it.
    pub(crate) flow: Option<String>,
}

impl ShownRequest {
    /// A request that is only described.
    pub(crate) fn words(words: String) -> Self {
        Self { request: words, ..Self::default() }
    }
}

pub(crate) struct Command<'a> {
    pub(crate) method: &'a str,
    pub(crate) headers: &'a [(String, Text)],
    pub(crate) body: &'a Text,
    pub(crate) form: &'a RequestForm,
}

impl Command<'_> {
    /// The line, with `ca` as the PEM file with the authorities to trust. `None` if `curl` would send another request.
    pub(crate) fn line(&self, endpoint: &EndpointUrl, ca: Option<&Path>) -> Option<String> {
        let form = self.form;
        let is_plain_line = form
            .line
            .as_ref()
            .is_none_or(|line| line.split_once(' ').is_some_and(|(_, rest)| rest == "{path} HTTP/1.1"));
        let is_sendable = is_plain_line
            && form.pieces.is_empty()
            && !form.half_close
            && !form.is_one_of_several
            // `curl` sends one `Host`.
            && self.headers.iter().filter(|(name, _)| name == "host").count() == 1
            && matches!(&form.framing, Framing::Length | Framing::Chunked(_) if form.framing.has_one_chunk());
        if !is_sendable {
            return None;
        }
        let mut words = vec!["curl".to_owned(), "-i".to_owned()];
        if self.method != "POST" {
            words.push(format!("-X {}", self.method));
        }
        match (form.http2, endpoint.is_encrypted()) {
            (true, _) => words.push("--http2".to_owned()),
            (false, true) => words.push("--http1.1".to_owned()),
            (false, false) => {}
        }
        if let Some(ca) = ca {
            words.push(format!("--cacert {}", quoted(ca.to_str()?)));
        }
        // Remove what `curl` adds and the request does not have.
        for (name, without) in [("user-agent", "-A ''"), ("accept", "-H accept:"), ("content-type", "-H content-type:")]
        {
            if !self.headers.iter().any(|(known, _)| known == name) {
                words.push(without.to_owned());
            }
        }
        let sent_bytes = self.body.sent().len();
        if form.ask_to_continue {
            words.push(format!("-H '{}: 100-continue'", form.header_case.spell("expect")));
        } else if sent_bytes >= MIN_EXPECT_BYTES {
            words.push("-H expect:".to_owned());
        }
        if matches!(form.framing, Framing::Chunked(_)) {
            words.push(format!("-H '{}: chunked'", form.header_case.spell("transfer-encoding")));
        }
        let own_host = Text::plain(endpoint.host_header().into()).sent();
        for (name, value) in self.headers.iter().filter(|(name, value)| name != "host" || value.sent() != own_host) {
            words.push(format!("-H {}", header(&form.header_case.spell(name), value)?));
        }
        let is_omitted = |name: &&String| !self.headers.iter().any(|(known, _)| known == *name);
        for name in form.without.iter().filter(is_omitted) {
            words.push(format!("-H {name}:"));
        }
        let word = if sent_bytes <= MAX_LINE_LEN { self.body.word() } else { None };
        let body = word.filter(|word| word.len() <= MAX_LINE_LEN && !word.starts_with("'@"));
        let commands = match &body {
            Some(word) => {
                words.push(format!("--data-binary {word}"));
                None
            }
            None => {
                words.push("--data-binary @-".to_owned());
                Some(self.body.commands()?)
            }
        };
        let url = endpoint.to_string();
        if url.contains(['[', ']', '{', '}']) {
            words.push("-g".to_owned());
        }
        words.push(quoted(&url));
        let line = words.join(" ");
        let line = commands.map_or(line.clone(), |commands| format!("{commands} | {line}"));
        (line.len() <= 2 * MAX_LINE_LEN).then_some(line)
    }
}

/// A header as a shell word; without a value, `curl` requires a semicolon.
fn header(name: &str, value: &Text) -> Option<String> {
    if value.sent().is_empty() {
        return Some(quoted(&format!("{name};")));
    }
    let mut whole = Text::plain(format!("{name}: ").into_bytes());
    whole.append(value.clone());
    whole.word()
}

/// Masked head and body as readable text; the beginning and the end of a long one.
pub(crate) fn raw(head: &[u8], body: &[u8]) -> String {
    let text = readable(&[head, body].concat());
    let text = text.trim_end_matches('\n');
    let (first, last) = MAX_RAW_CHARACTERS;
    let characters = text.chars().count();
    if characters <= first + last + 40 {
        return text.to_owned();
    }
    let begin: String = text.chars().take(first).collect();
    let end: String = text.chars().skip(characters - last).collect();
    format!("{begin}<{} characters more>{end}", characters - first - last)
}

/// Whether a request is shown as a command line.
pub(crate) fn is_command_line(request: &str) -> bool {
    // Commands that print the body may come first.
    ["curl ", "printf ", "yes ", "head ", "{ "].iter().any(|start| request.starts_with(start))
        && request.contains("curl -i")
}

impl Framing {
    fn has_one_chunk(&self) -> bool {
        !matches!(self, Self::Chunked(sizes) if !sizes.is_empty())
    }
}

#[cfg(test)]
mod tests;
