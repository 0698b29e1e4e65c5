//! The credential that a run was given, and the placeholders through which a case uses it: `{right}`, `{wrong}` and
//! `{given}` (the right one as the case changes it), each with an encoding after a colon.
//!
//! In a body a placeholder becomes a JSON string, in a header the base64 of `username:password`. Every text is made
//! twice: as it is sent, and as a shell's user may see it, with a variable in place of the credential.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use schemas::Authentication;
use secrecy::SecretString;

use crate::{
    case::{Change, Changes, Condition, Kind, Of},
    change::{Shell, latin_1, percent_encoded},
    spelling::in_json,
};

/// Where a placeholder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In JSON, inside single quotes of a shell.
    Body,
    /// In the value of a header, inside double quotes of a shell.
    Header,
}

/// A text as it is sent, and as it may be shown.
#[derive(Clone, Default)]
pub(crate) struct Text {
    pub(crate) sent: Vec<u8>,
    /// For a shell: inside single quotes in a body, inside double quotes in a header. `None` where only words could say
    /// it.
    pub(crate) shown: Option<String>,
    /// The credentials that it holds, as plain text.
    pub(crate) credentials: Vec<SecretString>,
}

/// The user that stands beside a client secret where a case sends that as Basic.
const STAND_IN: &str = "webhook";

/// The credential given, with the changes of a case.
pub(crate) struct Credential<'a> {
    authentication: &'a Authentication,
    changes: &'a Changes,
    /// How what is right for the endpoint differs from what was given; usually not at all.
    base: Changes,
}

/// The kind of an authentication.
pub(crate) fn kind(authentication: &Authentication) -> Kind {
    match authentication {
        Authentication::None => Kind::None,
        Authentication::ClientSecret { .. } => Kind::ClientSecret,
        Authentication::Basic(_) => Kind::Basic,
    }
}

/// Whether the credential given has what a condition asks for; the other conditions are not its matter. `base` is how
/// what is right for the endpoint differs from what was given.
pub(crate) fn meets(authentication: &Authentication, base: &Changes, condition: &Condition) -> bool {
    let in_pair = |marks: &[char]| match authentication {
        Authentication::Basic(basic) => {
            let changed = |change: Option<Change>, text: &str| change.map_or(text.to_owned(), |change| change.of(text));
            let (username, password) =
                (changed(base.username, basic.username()), changed(base.password, basic.expose_password()));
            STANDARD.encode(format!("{username}:{password}")).contains(marks)
        }
        Authentication::None | Authentication::ClientSecret { .. } => false,
    };
    let (of, property) = match condition {
        Condition::Credential(of, property) => (of, property),
        Condition::Padding => return in_pair(&['=']),
        Condition::PlusOrSlash => return in_pair(&['+', '/']),
        Condition::Https | Condition::Http2 | Condition::ProfileV1 => return true,
    };
    let (text, change) = match (of, authentication) {
        (Of::Secret, Authentication::ClientSecret { client_secret }) => (client_secret.expose(), base.secret),
        (Of::Username, Authentication::Basic(basic)) => (basic.username(), base.username),
        (Of::Password, Authentication::Basic(basic)) => (basic.expose_password(), base.password),
        _ => return false,
    };
    change.map_or_else(|| property.holds(text), |change| property.holds(&change.of(text)))
}

/// One half of a pair, or a secret alone, as sent and as shown inside double quotes.
struct Half {
    text: String,
    shown: Option<String>,
}

impl<'a> Credential<'a> {
    pub(crate) fn new(authentication: &'a Authentication, changes: &'a Changes) -> Self {
        Self { authentication, changes, base: Changes::default() }
    }

    /// The same, where what is right for the endpoint differs from what was given.
    pub(crate) fn based_on(self, base: Changes) -> Self {
        Self { base, ..self }
    }

    /// What is changed in a way that a shell cannot say, in words.
    pub(crate) fn change_in_words(&self) -> Option<String> {
        let parts = [&self.base, self.changes].map(|changes| {
            [("secret", changes.secret), ("username", changes.username), ("password", changes.password)]
        });
        let said = parts.into_iter().flatten().filter_map(|(name, change)| match change?.shell("") {
            Shell::Quoted(_) => None,
            Shell::InWords(words) => Some(format!("the {name} with {words}")),
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| said.join(" and "))
    }

    /// Fills in the placeholders of a text.
    pub(crate) fn fill(&self, template: &str, place: Place) -> Text {
        let mut text = Text { shown: Some(String::new()), ..Text::default() };
        let mut rest = template;
        while let Some((before, name, encoding, after)) = next_placeholder(rest) {
            text.push_plain(before, place);
            self.put(&mut text, name, encoding, place);
            rest = after;
        }
        text.push_plain(rest, place);
        text
    }

    fn put(&self, text: &mut Text, name: &str, encoding: &str, place: Place) {
        match place {
            Place::Body => {
                let half = self.secret(name);
                let sent = match encoding {
                    "escaped" => {
                        let units = half.text.encode_utf16().fold(String::new(), |mut escapes, unit| {
                            let _ = write!(escapes, "\\u{unit:04x}");
                            escapes
                        });
                        format!("\"{units}\"")
                    }
                    "bare" => in_json(&half.text),
                    _ => serde_json::Value::from(half.text.as_str()).to_string(),
                };
                text.sent.extend_from_slice(sent.as_bytes());
                let quoted = |shown: String| if encoding == "bare" { shown } else { format!("\"{shown}\"") };
                let shown = half.shown.filter(|_| encoding != "escaped").map(|shown| quoted(format!("'\"{shown}\"'")));
                text.show(shown);
                text.credentials.push(half.text.into());
            }
            Place::Header => {
                let (username, password) = self.pair(name);
                let pair = match encoding {
                    "nocolon" => username.text.clone(),
                    "onlypassword" => password.text.clone(),
                    "shifted" => shifted(&username.text, &password.text),
                    "bare" | "percent" => password.text.clone(),
                    _ => format!("{}:{}", username.text, password.text),
                };
                text.sent.extend_from_slice(&encode(&pair, encoding));
                let shown = username.shown.zip(password.shown).filter(|_| encoding.is_empty());
                let shown = shown.map(|(username, password)| {
                    format!("$(printf %s \"{username}:{password}\" | base64 | tr -d '\\n')")
                });
                text.show(shown);
                text.credentials.push(password.text.into());
            }
        }
    }

    /// The secret, or the password, by the name of a placeholder.
    fn secret(&self, name: &str) -> Half {
        match self.authentication {
            Authentication::Basic(_) => self.pair(name).1,
            Authentication::ClientSecret { client_secret } => {
                half(name, client_secret.expose(), "SECRET", [self.base.secret, self.changes.secret])
            }
            Authentication::None => half("wrong", "", "SECRET", [None, None]),
        }
    }

    fn pair(&self, name: &str) -> (Half, Half) {
        match self.authentication {
            Authentication::Basic(basic) => {
                // A wrong pair has the right username: the password alone must be able to make it wrong.
                let of_username = if name == "wrong" { "right" } else { name };
                (
                    half(of_username, basic.username(), "USERNAME", [self.base.username, self.changes.username]),
                    half(name, basic.expose_password(), "PASSWORD", [self.base.password, self.changes.password]),
                )
            }
            Authentication::ClientSecret { .. } | Authentication::None => {
                (Half { text: STAND_IN.to_owned(), shown: Some(STAND_IN.to_owned()) }, self.secret(name))
            }
        }
    }
}

fn half(name: &str, right: &str, variable: &str, [base, change]: [Option<Change>; 2]) -> Half {
    let change = match name {
        "right" => None,
        "given" => change,
        _ => return Half { text: "wrong-credential-7f3b".to_owned(), shown: Some("wrong-credential-7f3b".to_owned()) },
    };
    let right = base.map_or_else(|| right.to_owned(), |base| base.of(right));
    let shown = match (base, change) {
        (None, None) => Some(format!("${{{variable}}}")),
        (None, Some(change)) | (Some(change), None) => match change.shell(variable) {
            Shell::Quoted(shown) => Some(shown),
            Shell::InWords(_) => None,
        },
        (Some(_), Some(_)) => None,
    };
    Half { text: change.map_or(right.clone(), |change| change.of(&right)), shown }
}

fn encode(pair: &str, encoding: &str) -> Vec<u8> {
    let standard = STANDARD.encode(pair);
    match encoding {
        "plain" | "bare" => pair.to_owned().into_bytes(),
        "percent" => percent_encoded(pair).into_bytes(),
        "url" => URL_SAFE.encode(pair).into_bytes(),
        "unpadded" => STANDARD_NO_PAD.encode(pair).into_bytes(),
        "latin1" => STANDARD.encode(latin_1(pair).unwrap_or_else(|| pair.as_bytes().to_vec())).into_bytes(),
        "utf16" => {
            let bytes: Vec<u8> = pair.encode_utf16().flat_map(u16::to_le_bytes).collect();
            STANDARD.encode(bytes).into_bytes()
        }
        "notutf8" => STANDARD.encode([pair.as_bytes(), b"\xff"].concat()).into_bytes(),
        "restbits" => with_rest_bits(pair).into_bytes(),
        "spaced" => {
            let (start, end) = standard.split_at(standard.len() / 2);
            format!("{start} {end}").into_bytes()
        }
        _ => standard.into_bytes(),
    }
}

/// The pair with its colon one character earlier: without the colon it would be the same.
fn shifted(username: &str, password: &str) -> String {
    let last = username.char_indices().last().map_or(0, |(at, _)| at);
    format!("{}:{}{password}", &username[..last], &username[last..])
}

/// The base64 with padding and rest bits that are not zero. A pair without padding has none: it is left as it is.
fn with_rest_bits(pair: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encoded = STANDARD.encode(pair);
    let body = encoded.trim_end_matches('=');
    let padding = &encoded[body.len()..];
    let last = body.bytes().last().filter(|_| !padding.is_empty());
    let Some(next) = last.and_then(|last| ALPHABET.get(ALPHABET.iter().position(|known| *known == last)? + 1)) else {
        return encoded;
    };
    format!("{}{}{padding}", &body[..body.len() - 1], char::from(*next))
}

impl Text {
    fn push_plain(&mut self, plain: &str, place: Place) {
        self.sent.extend_from_slice(plain.as_bytes());
        let shown = match place {
            Place::Body => plain.replace('\'', "'\\''"),
            Place::Header => plain.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`"),
        };
        self.show(Some(shown));
    }

    fn show(&mut self, shown: Option<String>) {
        self.shown = self.shown.take().zip(shown).map(|(before, shown)| before + &shown);
    }
}

/// The text before the next placeholder, its name and encoding, and the text behind it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find('{')?;
        let close = open + text[open..].find('}')?;
        let (name, encoding) = text[open + 1..close].split_once(':').unwrap_or((&text[open + 1..close], ""));
        if matches!(name, "right" | "wrong" | "given") {
            return Some((&text[..open], name, encoding, &text[close + 1..]));
        }
        from = open + 1;
    }
}

#[cfg(test)]
mod tests {
    use schemas::{BasicCredentials, ClientSecret};

    use super::*;

    fn filled(
        authentication: &Authentication,
        changes: &Changes,
        template: &str,
        place: Place,
    ) -> (String, Option<String>) {
        let text = Credential::new(authentication, changes).fill(template, place);
        (String::from_utf8(text.sent).unwrap(), text.shown)
    }

    #[test]
    fn placeholders_become_what_is_sent_and_what_may_be_shown() {
        let secret = Authentication::ClientSecret { client_secret: ClientSecret::new("s\"é".to_owned()).unwrap() };
        let basic = Authentication::Basic(BasicCredentials::new("jo", "päss".to_owned()).unwrap());
        let append = Changes { secret: Some(Change::Append), password: Some(Change::Append), ..Changes::default() };
        for (authentication, template, place, sent, shown) in [
            (&secret, r#"{"a":{right}}"#, Place::Body, r#"{"a":"s\"é"}"#, Some(r#"{"a":"'"${SECRET}"'"}"#)),
            (&secret, "{given}", Place::Body, r#""s\"éx""#, Some(r#""'"${SECRET}x"'""#)),
            (&secret, "{right:escaped}", Place::Body, r#""\u0073\u0022\u00e9""#, None),
            (
                &secret,
                "it's {x} {wrong}",
                Place::Body,
                "it's {x} \"wrong-credential-7f3b\"",
                Some("it'\\''s {x} \"'\"wrong-credential-7f3b\"'\""),
            ),
            (
                &basic,
                "basic {right}",
                Place::Header,
                "basic am86cMOkc3M=",
                Some("basic $(printf %s \"${USERNAME}:${PASSWORD}\" | base64 | tr -d '\\n')"),
            ),
            (&basic, "basic {right:unpadded}", Place::Header, "basic am86cMOkc3M", None),
            (&basic, "basic {right:restbits}", Place::Header, "basic am86cMOkc3N=", None),
            (&basic, "basic {right:latin1}", Place::Header, "basic am86cORzcw==", None),
            (&basic, "{right:nocolon}", Place::Header, "am8=", None),
            (&basic, "{right:shifted}", Place::Header, "ajpvcMOkc3M=", None),
            (&basic, "{right:bare}", Place::Header, "päss", None),
            (&secret, "?s={right:percent}", Place::Header, "?s=%73%22%C3%A9", None),
        ] {
            let (is_sent, is_shown) = filled(authentication, &append, template, place);
            assert_eq!((is_sent.as_str(), is_shown.as_deref()), (sent, shown), "{template}");
        }
    }
}
