//! Finds the client secret and the flow's identifier.

use schemas::{Pointer, Role, redaction::CLIENT_SECRET_PLACEHOLDER};
use serde_json::Value;

use super::{
    finding::{Candidate, RoleFinding, best},
    survey::MessageSurvey,
    words,
};

/// The client secret: where the placeholder is, or else by its name.
pub(super) fn client_secret(survey: &MessageSurvey<'_>) -> Option<RoleFinding> {
    let candidates = survey.places.iter().filter_map(|place| {
        let texts = place.texts();
        let marked =
            texts.as_ref().map_or(0, |texts| texts.iter().filter(|text| **text == CLIENT_SECRET_PLACEHOLDER).count());
        // An endpoint that does not capture empties the secret.
        let emptied = place.present().all(|value| value.as_str() == Some(""));
        let named = words::any(place.own(), words::SECRET) && (texts.is_some() || emptied);
        if marked == 0 && (!named || place.is_in_an_array()) {
            return None;
        }
        let mut candidate = Candidate::at(&place.pointer);
        let whole = marked == survey.messages.len();
        candidate.add(whole, 8, format!("the secret is there in {}", survey.all_messages()));
        candidate.add(marked > 0 && !whole, 5, format!("the secret is there in {marked} of the messages"));
        candidate.add(marked == 0, 2, format!("only by its name, {}: no secret was recognised there", place.name()));
        candidate.shift(marked > 0 && words::any(place.own(), words::SECRET), 2);
        candidate.shift(place.is_in_an_array(), -2);
        Some(candidate)
    });
    best(Role::ClientSecret, candidates, 2)
}

/// The flow's identifier, outside the fields.
pub(super) fn flow(survey: &MessageSurvey<'_>, is_in_fields: impl Fn(&Pointer) -> bool) -> Option<RoleFinding> {
    let candidates = survey.places.iter().filter(|place| !is_in_fields(&place.pointer)).filter_map(|place| {
        let texts = place.texts()?;
        let seen = texts.iter().all(|text| is_flow_identifier(text));
        let named = place.mentions(words::FLOW) && words::last(place.own(), words::IDENTIFIER);
        if !seen && !named {
            return None;
        }
        let mut candidate = Candidate::at(&place.pointer);
        candidate.add(seen, 5, format!("{} has the form FLOW-nnn", texts[0]));
        candidate.add(named, 2, format!("{} mentions flow and identifier", place.pointer));
        candidate.shift(seen && !named && place.mentions(words::FLOW), 1);
        candidate.shift(!seen, -1);
        candidate.shift(place.is_in_every_message(), 1);
        candidate.shift(place.is_in_an_array(), -4);
        candidate.shift(place.mentions(words::OTHER_FLOW) || place.mentions(words::PREVIOUS), -4);
        Some(candidate)
    });
    best(Role::FlowIdentifier, candidates, 2)
}

/// As the public API prints it: `FLOW-604`.
fn is_flow_identifier(text: &str) -> bool {
    let number = text.get(..5).filter(|start| start.eq_ignore_ascii_case("flow-")).map(|_| &text[5..]);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}

/// Whether a text is itself a JSON object: a profile cannot look into it.
pub(super) fn holds_json(value: &Value) -> bool {
    let text = value.as_str().filter(|text| text.trim_start().starts_with('{'));
    text.is_some_and(|text| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object()))
}
