//! The body of a request: a sample with the property names of the profile, the case's changes and the credential. No two
//! are equal: each has its own flow identifier.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use schemas::{Pointer, Profile, Role, Sample, StepMessage};
use serde_json::{Map, Value};

use crate::{
    case::{AuthenticationKind, Member, Position, RequestForm},
    credential::{Credential, PlaceholderContext},
    secret_encodings::escaped,
    text::{FILLER, Text},
};

const PLAIN_SAMPLE: &str = "step-completed-customer-set-up";
/// A text that no message has, replaced by the member with the secret.
const SECRET_MARK: &str = "@member-with-the-secret@";
/// The text that is lengthened to make a message large: a field of the plain sample with several lines.
const LONG_TEXT: &str = "/step/fields/7/value";

#[derive(Debug, thiserror::Error)]
pub(crate) enum FormError {
    #[error("there is no sample `{0}`")]
    Sample(String),
    #[error("`{0}` is not a JSON Pointer")]
    Pointer(String),
    /// The body is not base64.
    #[error("the body is not base64")]
    Base64,
    /// The profile cannot represent the message.
    #[error("the changed sample is not a message that a profile can carry: {0}")]
    Profile(serde_json::Error),
}

/// Builds the body of one request; `flow` is its flow number.
pub(crate) fn make(
    form: &RequestForm,
    credential: &Credential<'_>,
    kind: AuthenticationKind,
    profile: &Profile,
    flow: u64,
) -> Result<Text, FormError> {
    let flow = format!("FLOW-{flow}");
    if let Some(encoded) = &form.body_base64 {
        return Ok(finish(form, Text::plain(STANDARD.decode(encoded).map_err(|_| FormError::Base64)?)));
    }
    let template = match &form.body {
        Some(text) => text.replace("{flow}", &flow).repeat(form.repeat.unwrap_or(1)),
        None => message(form, kind, profile, &flow)?,
    };
    Ok(finish(form, credential.fill(&template, PlaceholderContext::Body)))
}

fn finish(form: &RequestForm, text: Text) -> Text {
    let mut whole = Text::plain(form.before.clone().into_bytes());
    whole.append(text);
    whole.push_plain(&form.then);
    whole.cut(form.cut);
    whole
}

/// A sample as it is sent, with placeholders for the credential.
fn message(form: &RequestForm, kind: AuthenticationKind, profile: &Profile, flow: &str) -> Result<String, FormError> {
    let name = form.sample.as_deref().unwrap_or(PLAIN_SAMPLE);
    let sample = Sample::find(name).ok_or_else(|| FormError::Sample(name.to_owned()))?;
    let mut value: Value = serde_json::from_slice(sample.body).map_err(FormError::Profile)?;
    remove(&mut value, &Role::ClientSecret.to_string());
    pointer("/flow/flowIdentifier")?.set(&mut value, flow.into());
    for edit in &form.edits {
        let at = pointer(&edit.at)?;
        match &edit.json {
            Some(json) => at.set(&mut value, json.clone()),
            None => {
                let parent = at.parent().unwrap_or_default();
                let name = at.tokens().last().cloned().unwrap_or_default();
                if let Some(mut around) = parent.get(&value).cloned() {
                    remove(&mut around, &name);
                    parent.set(&mut value, around);
                }
            }
        }
    }
    let long_text = pointer(LONG_TEXT)?;
    if form.size.is_some() {
        long_text.set(&mut value, SECRET_MARK.into());
    }

    if !profile.is_canonical() {
        let message: StepMessage = serde_json::from_value(value).map_err(FormError::Profile)?;
        value = profile.write(&message).body;
    }
    let text = value.to_string();
    let mut text = match form.size {
        // The credential is added to this, so the size is a minimum.
        Some(size) => {
            let missing = size.saturating_sub(text.len() - SECRET_MARK.len());
            text.replace(SECRET_MARK, &FILLER.repeat(missing / FILLER.len() + 1)[..missing])
        }
        None => text,
    };
    let default = Member { values: vec!["{given}".to_owned()], names: Vec::new(), position: Position::Last };
    let member = match (&form.secret, kind) {
        (Some(member), _) => Some(member),
        (None, AuthenticationKind::ClientSecret) => Some(&default),
        (None, AuthenticationKind::None | AuthenticationKind::Basic) => None,
    };
    if let Some(member) = member.filter(|member| !member.values.is_empty()) {
        text = with_member(&text, member, profile)?;
    }
    // Parsing has removed the escapes that such a sample is about.
    let is_escaped = sample.body.windows(2).any(|pair| pair == b"\\u");
    Ok(if is_escaped { escaped(&text) } else { text })
}

/// Writes the member with the secret into a message's text, with its names and values.
fn with_member(text: &str, member: &Member, profile: &Profile) -> Result<String, FormError> {
    let Some(at) = profile.pointer(Role::ClientSecret) else { return Ok(text.to_owned()) };
    let mut value: Value = serde_json::from_str(text).map_err(FormError::Profile)?;
    at.set(&mut value, SECRET_MARK.into());
    let own = at.tokens().last().cloned().unwrap_or_default();
    if member.position == Position::First {
        let parent = at.parent().unwrap_or_default();
        if let Some(Value::Object(around)) = parent.get(&value).cloned() {
            let (secret, others): (Map<_, _>, Map<_, _>) = around.into_iter().partition(|(name, _)| *name == own);
            parent.set(&mut value, Value::Object(secret.into_iter().chain(others).collect()));
        }
    }
    let own = Value::from(own).to_string();
    let members = member.values.iter().enumerate().map(|(index, json)| {
        let name = member.names.get(index).or(member.names.last()).map(|name| format!("\"{name}\""));
        format!("{}:{json}", name.as_ref().unwrap_or(&own))
    });
    let members: Vec<String> = members.collect();
    Ok(value.to_string().replacen(&format!("{own}:\"{SECRET_MARK}\""), &members.join(","), 1))
}

fn pointer(text: &str) -> Result<Pointer, FormError> {
    text.parse().map_err(|_| FormError::Pointer(text.to_owned()))
}

fn remove(value: &mut Value, name: &str) {
    match value {
        Value::Object(members) => {
            members.shift_remove(name);
        }
        Value::Array(elements) => {
            if let Ok(index) = name.parse::<usize>()
                && index < elements.len()
            {
                elements.remove(index);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use schemas::{Authentication, ClientSecret};

    use super::*;
    use crate::case::Changes;

    fn made(form: &str) -> String {
        let form: RequestForm = serde_json::from_str(form).unwrap();
        let authentication =
            Authentication::ClientSecret { client_secret: ClientSecret::new("s3".to_owned()).unwrap() };
        let changes = Changes::default();
        let credential = Credential::new(&authentication, &changes);
        let text = make(&form, &credential, AuthenticationKind::ClientSecret, Profile::v1(), 7).unwrap();
        String::from_utf8(text.sent()).unwrap()
    }

    #[test]
    fn a_sample_about_escapes_is_sent_with_escapes() {
        let sent = made(r#"{"sample":"step-completed-escaped-text"}"#);
        assert!(sent.contains(r"\ud83d\ude00") && sent.is_ascii(), "{sent}");
    }

    #[test]
    fn a_body_is_the_sample_with_the_changes_of_the_case() {
        const START: &str = r#"{"trigger":"stepCompleted","flow":{"flowIdentifier":"FLOW-7"},"step":{"stepIdentifier":"Step 1","fields":[]}"#;
        let minimal: Value = serde_json::from_slice(Sample::find("step-completed-minimal").unwrap().body).unwrap();
        let start = |more: &str| {
            let mut due = minimal.clone();
            due["flow"]["flowIdentifier"] = "FLOW-7".into();
            let text = due.to_string();
            format!("{}{more}", &text[..text.len() - 1])
        };
        assert!(start("").starts_with(&START[..20]));
        for (form, expected) in [
            (r#"{}"#, start(r#","clientSecret":"s3"}"#)),
            (r#"{"secret":{"values":[]}}"#, start("}")),
            (
                r#"{"secret":{"values":["{wrong}","{right}"]}}"#,
                start(r#","clientSecret":"wrong-credential-7f3b","clientSecret":"s3"}"#),
            ),
            (
                r#"{"secret":{"values":["{right}"],"names":["client\\u0053ecret"]}}"#,
                start(r#","client\u0053ecret":"s3"}"#),
            ),
            (
                r#"{"edits":[{"at":"/more","json":{"b":"{right:bare}"}}]}"#,
                start(r#","more":{"b":"s3"},"clientSecret":"s3"}"#),
            ),
            (r#"{"cut":3}"#, start(r#","clientSecret":"s"#)),
            (r#"{"before":"[","then":"]"}"#, format!("[{}]", start(r#","clientSecret":"s3"}"#))),
            (r#"{"body":"{flow} {right}"}"#, "FLOW-7 \"s3\"".to_owned()),
        ] {
            let form = form.replacen('{', r#"{"sample":"step-completed-minimal","#, 1).replace(",}", "}");
            assert_eq!(made(&form), expected, "{form}");
        }
        let first = made(r#"{"sample":"step-completed-minimal","secret":{"values":["{right}"],"position":"first"}}"#);
        assert!(first.starts_with(r#"{"clientSecret":"s3","#), "{first}");
    }

    #[test]
    fn a_large_body_is_at_least_that_large_and_json() {
        for size in [10_000, 65_000, 1_000_000] {
            let body = made(&format!(r#"{{"size":{size}}}"#));
            assert!((size..size + 40).contains(&body.len()), "{} for {size}", body.len());
            assert!(serde_json::from_str::<Value>(&body).is_ok());
        }
    }
}
