//! The texts of a message that can be searched: values and names of fields, comments, subjects and names.

use schemas::{
    Document, Profile, Role, Violation,
    document::Node,
    profile::{FieldForm, FieldKey, Part, Subject},
};

use super::token::{TOKEN_LEAD, Token};
use crate::{log::Record, query::State};

/// Maximum number of bytes of a message's texts and tokens in the index.
pub(super) const MAX_TEXT_BYTES: usize = 64 << 10;

/// Maximum number of bytes of one of its texts: a long one leaves room for the others.
const MAX_ONE_TEXT_BYTES: usize = 16 << 10;

/// The roles whose texts are searched, besides fields and decisions.
const TEXT_ROLES: [Role; 10] = [
    Role::FlowIdentifier,
    Role::FlowSubject,
    Role::FlowName,
    Role::FlowInitiator,
    Role::WebhookName,
    Role::WebhookDescription,
    Role::Step(Subject::Step, Part::Identifier),
    Role::Step(Subject::Step, Part::CompletedBy),
    Role::Step(Subject::PreviousStep, Part::Identifier),
    Role::Step(Subject::PreviousStep, Part::CompletedBy),
];

/// A text of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text<'t> {
    FieldName(&'t str),
    Other(&'t str),
}

/// What the text index takes of a message.
#[derive(Debug, Default)]
pub(super) struct IndexedText {
    /// Tokens and texts.
    pub(super) text: String,
    /// Whether something was left out.
    pub(super) is_cut: bool,
}

impl IndexedText {
    /// The tokens of a record, and with `texts` its texts.
    pub(super) fn of(record: &Record, document: Option<&Document<'_>>, violations: &[Violation], texts: bool) -> Self {
        let mut indexed = Self::default();
        let header = &record.header;
        indexed.push_token(Token::Endpoint(&header.endpoint));
        let verdict = match (header.captured.is_some(), violations) {
            (true, _) => State::Captured,
            (false, []) => State::Holds,
            (false, _) => State::Broken,
        };
        indexed.push_token(Token::Verdict(verdict));
        if let Some(trigger) = header.trigger {
            indexed.push_token(Token::Trigger(trigger));
        }
        if let Some(flow) = &header.flow {
            indexed.push_token(Token::Flow(flow));
        }
        if let Some(step) = &header.step {
            indexed.push_token(Token::Step(step));
        }
        for violation in violations {
            indexed.push_token(Token::Clause(&violation.clause));
        }
        if texts {
            each_text(record, document, &mut |text| match text {
                Text::FieldName(name) => {
                    indexed.push_token(Token::Field(name));
                    indexed.push(name);
                }
                Text::Other(text) => indexed.push(text),
            });
        }
        indexed
    }

    fn push_token(&mut self, token: Token<'_>) {
        let length = self.text.len();
        token.write(&mut self.text);
        self.text.push(' ');
        if self.text.len() > MAX_TEXT_BYTES {
            self.text.truncate(length);
            self.is_cut = true;
        }
    }

    fn push(&mut self, text: &str) {
        let room = MAX_TEXT_BYTES.saturating_sub(self.text.len() + 1);
        if room == 0 {
            self.is_cut = true;
            return;
        }
        let mut end = text.len().min(room).min(MAX_ONE_TEXT_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.is_cut |= end < text.len();
        let text = &text[..end];
        if text.contains(TOKEN_LEAD) {
            self.text.extend(text.chars().filter(|character| *character != TOKEN_LEAD));
        } else {
            self.text.push_str(text);
        }
        self.text.push(' ');
    }
}

/// Reads a record's body.
pub(super) fn document<'r>(record: &'r Record, profile: &'r Profile) -> Option<Document<'r>> {
    Document::read(&record.body, profile).ok()
}

/// Visits the texts of a record: those of a message by its profile, and every string of a capture that is not a message.
pub(super) fn each_text(record: &Record, document: Option<&Document<'_>>, visit: &mut dyn FnMut(Text<'_>)) {
    match document {
        Some(document) if record.header.captured.is_none() || is_understood(document) => of_message(document, visit),
        Some(document) => of_node(document.root(), visit),
        None => {
            if let Ok(text) = str::from_utf8(&record.body) {
                visit(Text::Other(text));
            }
        }
    }
}

/// Whether the profile finds what every message has.
fn is_understood(document: &Document<'_>) -> bool {
    Role::REQUIRED.into_iter().all(|role| document.get(role).is_some())
}

fn of_message(document: &Document<'_>, visit: &mut dyn FnMut(Text<'_>)) {
    for text in TEXT_ROLES.into_iter().filter_map(|role| document.text(role)) {
        visit(Text::Other(text));
    }
    for subject in [Subject::Step, Subject::PreviousStep] {
        if let Some(decisions) = document.get(Role::Step(subject, Part::Decisions)) {
            of_node(decisions, visit);
        }
        if let Some(fields) = document.get(Role::Step(subject, Part::Fields)) {
            of_fields(fields, document.profile().field_form(), visit);
        }
    }
}

fn of_fields(fields: &Node<'_>, form: &FieldForm, visit: &mut dyn FnMut(Text<'_>)) {
    match (form, fields) {
        (FieldForm::Array { keys }, Node::Array(fields)) => {
            for field in fields {
                let Node::Object(members) = field else {
                    of_node(field, visit);
                    continue;
                };
                let of_key = |key: FieldKey| {
                    let name = keys.get(&key)?;
                    members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
                };
                if let Some(Node::Text(name)) = of_key(FieldKey::Name) {
                    visit(Text::FieldName(name));
                }
                if let Some(value) = of_key(FieldKey::Value) {
                    of_node(value, visit);
                }
            }
        }
        (FieldForm::Map { .. }, Node::Object(members)) => {
            for (name, value) in members {
                visit(Text::FieldName(name));
                of_node(value, visit);
            }
        }
        (_, other) => of_node(other, visit),
    }
}

/// Every string and number; of the options of a list, the labels of the selected ones.
fn of_node(node: &Node<'_>, visit: &mut dyn FnMut(Text<'_>)) {
    match node {
        Node::Null | Node::Bool(_) => {}
        Node::Number(number) => visit(Text::Other(&number.to_string())),
        Node::Text(text) => visit(Text::Other(text)),
        Node::Array(elements) => elements.iter().for_each(|element| of_node(element, visit)),
        Node::Object(members) => {
            let member = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
            match (member("isSelected"), member("value")) {
                (Some(Node::Bool(false)), Some(_)) => {}
                (Some(Node::Bool(true)), Some(label)) => of_node(label, visit),
                _ => members.iter().for_each(|(_, value)| of_node(value, visit)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use schemas::Sample;

    use super::*;
    use crate::log::RecordHeader;

    fn texts(body: &'static [u8], captured: bool) -> Vec<String> {
        let mut header = RecordHeader::of_unreadable("hooks", None);
        header.captured = captured.then(|| Box::new(crate::log::Captured { headers: Vec::new(), quarantined: false }));
        let record = Record { header, body: Bytes::from_static(body) };
        let document = document(&record, Profile::v1());
        let mut texts = Vec::new();
        each_text(&record, document.as_ref(), &mut |text| {
            texts.push(match text {
                Text::FieldName(text) => format!("[{text}]"),
                Text::Other(text) => text.to_owned(),
            });
        });
        texts
    }

    #[test]
    fn the_texts_of_a_message_are_what_people_wrote_in_it() {
        insta::assert_snapshot!(texts(Sample::find("step-completed-all-field-types").unwrap().body, false).join("\n"));
        let approval = texts(Sample::find("step-completed-approval-rejected-and-sent-back").unwrap().body, false);
        assert!(approval.contains(&"The credit limit is too high: please lower it.".to_owned()));
    }

    #[test]
    fn a_capture_that_is_not_a_message_has_its_strings() {
        assert_eq!(texts(br#"{"a":{"b":["one",2,null,true]},"c":"three"}"#, true), ["one", "2", "three"]);
        assert_eq!(texts(b"name=Acme+Ltd&limit=5", true), ["name=Acme+Ltd&limit=5"]);
        assert_eq!(texts(b"\xff\xfe", true), [""; 0]);
    }

    #[test]
    fn long_texts_are_cut_and_cannot_forge_tokens() {
        let mut indexed = IndexedText::default();
        indexed.push("\u{e000}ehooks");
        assert_eq!(indexed.text, "ehooks ");
        assert!(!indexed.is_cut);
        indexed.push(&"ä".repeat(MAX_TEXT_BYTES));
        assert!(indexed.is_cut && indexed.text.len() < 2 * MAX_ONE_TEXT_BYTES);
        (0..9).for_each(|_| indexed.push(&"x".repeat(MAX_ONE_TEXT_BYTES)));
        indexed.push_token(Token::Endpoint("hooks"));
        assert!(indexed.text.len() <= MAX_TEXT_BYTES);
    }
}
