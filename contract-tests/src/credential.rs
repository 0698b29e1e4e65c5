//! The credential that a run was given, and the placeholders through which a case uses it: `{right}`, `{wrong}` and
//! `{given}` (the right one as the case changes it), each with an encoding after a colon.
//!
//! In a body a placeholder becomes a JSON string, in a header the base64 of `username:password`. A text keeps apart what
//! is a credential in it ([`Text`]), so that it can be shown without.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use schemas::Authentication;

use crate::{
    case::{Change, Changes, Condition, Kind, Of},
    change::{Shell, latin_1, other_case, percent_encoded},
    spelling::in_json,
    text::Text,
};

/// Where a placeholder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In JSON.
    Body,
    /// In the value of a header.
    Header,
}

/// The username that goes with a client secret where a case sends that as Basic.
const USER_OF_SECRET: &str = "webhook";

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

/// The variables of the shell that are the credential in a command line. Not `USERNAME`: in zsh, setting that changes the
/// user.
pub(crate) const SECRET_VARIABLE: &str = "CLIENT_SECRET";
pub(crate) const USERNAME_VARIABLE: &str = "BASIC_USERNAME";
pub(crate) const PASSWORD_VARIABLE: &str = "BASIC_PASSWORD";

/// One half of a pair, or a secret alone, and how a shell makes it, inside double quotes.
struct Half {
    text: String,
    shell: Option<String>,
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
        let mut text = Text::default();
        let mut rest = template;
        while let Some((before, name, encoding, after)) = next_placeholder(rest) {
            text.push_plain(before);
            self.put(&mut text, name, encoding, place);
            rest = after;
        }
        text.push_plain(rest);
        text
    }

    fn put(&self, text: &mut Text, name: &str, encoding: &str, place: Place) {
        match place {
            Place::Body => {
                let mut half = self.secret(name);
                // The variable is the secret as JSON has it: what is changed then is another text.
                let is_variable =
                    half.shell.as_ref().is_some_and(|shell| shell.starts_with("${") && shell.ends_with('}'));
                if in_json(&half.text) != half.text && !is_variable {
                    half.shell = None;
                }
                match encoding {
                    "escaped" => {
                        let units = half.text.encode_utf16().fold(String::new(), |mut escapes, unit| {
                            let _ = write!(escapes, "\\u{unit:04x}");
                            escapes
                        });
                        text.push_plain("\"");
                        text.push_credential(units.into_bytes(), None);
                        text.push_plain("\"");
                    }
                    "bare" => text.push_credential(in_json(&half.text).into_bytes(), half.shell),
                    "notutf8" => {
                        text.push_plain("\"");
                        text.push_credential([in_json(&half.text).as_bytes(), b"\xff"].concat(), None);
                        text.push_plain("\"");
                    }
                    _ => {
                        text.push_plain("\"");
                        text.push_credential(in_json(&half.text).into_bytes(), half.shell);
                        text.push_plain("\"");
                    }
                }
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
                text.push_credential(encode(&pair, encoding), self.in_header(&username, &password, encoding));
                text.credentials.push(password.text.into());
            }
        }
    }

    /// How a shell makes what a header has, inside double quotes.
    fn in_header(&self, username: &Half, password: &Half, encoding: &str) -> Option<String> {
        // The variable is the secret as JSON has it: in a header that is another one, if JSON has escapes for it.
        let is_escaped = |secret: &str| in_json(secret) != secret;
        if matches!(self.authentication, Authentication::ClientSecret { client_secret } if is_escaped(client_secret.expose()))
        {
            return None;
        }
        let (username, password) = (username.shell.as_deref()?, password.shell.as_deref()?);
        let base64 = |made: String, then: &str| format!("$({made} | base64 | tr -d '{then}')");
        let text = |text: &str| format!("printf %s \"{text}\"");
        let pair = format!("{username}:{password}");
        Some(match encoding {
            "" => base64(text(&pair), "\\n"),
            "unpadded" => base64(text(&pair), "=\\n"),
            "nocolon" => base64(text(username), "\\n"),
            "onlypassword" => base64(text(password), "\\n"),
            "latin1" => base64(format!("{} | iconv -f UTF-8 -t ISO-8859-1", text(&pair)), "\\n"),
            "utf16" => base64(format!("{} | iconv -f UTF-8 -t UTF-16LE", text(&pair)), "\\n"),
            "notutf8" => base64(format!("printf '%s\\377' \"{pair}\""), "\\n"),
            "bare" => password.to_owned(),
            "plain" => pair,
            _ => return None,
        })
    }

    /// The secret, or the password, by the name of a placeholder.
    fn secret(&self, name: &str) -> Half {
        match self.authentication {
            Authentication::Basic(_) => self.pair(name).1,
            Authentication::ClientSecret { client_secret } => {
                half(name, client_secret.expose(), SECRET_VARIABLE, [self.base.secret, self.changes.secret])
            }
            Authentication::None => half("wrong", "", SECRET_VARIABLE, [None, None]),
        }
    }

    fn pair(&self, name: &str) -> (Half, Half) {
        match self.authentication {
            Authentication::Basic(basic) => {
                // A wrong pair has the right username: the password alone must be able to make it wrong.
                let of_username = if name == "wrong" { "right" } else { name };
                (
                    half(of_username, basic.username(), USERNAME_VARIABLE, [self.base.username, self.changes.username]),
                    half(name, basic.expose_password(), PASSWORD_VARIABLE, [self.base.password, self.changes.password]),
                )
            }
            Authentication::ClientSecret { .. } | Authentication::None => {
                (Half { text: USER_OF_SECRET.to_owned(), shell: Some(USER_OF_SECRET.to_owned()) }, self.secret(name))
            }
        }
    }
}

fn half(name: &str, right: &str, variable: &str, [base, change]: [Option<Change>; 2]) -> Half {
    let change = match name {
        "right" => None,
        "given" => change,
        _ => return Half { text: "wrong-credential-7f3b".to_owned(), shell: Some("wrong-credential-7f3b".to_owned()) },
    };
    let right = base.map_or_else(|| right.to_owned(), |base| base.of(right));
    let shell = match (base, change) {
        (None, None) => Some(format!("${{{variable}}}")),
        (None, Some(change)) | (Some(change), None) => match change.shell(variable) {
            Shell::Quoted(shell) => Some(shell),
            Shell::InWords(_) => None,
        },
        (Some(_), Some(_)) => None,
    };
    Half { text: change.map_or(right.clone(), |change| change.of(&right)), shell }
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
        "swapped" => standard.chars().map(other_case).collect::<String>().into_bytes(),
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
        (String::from_utf8(text.sent()).unwrap(), text.word())
    }

    #[test]
    fn placeholders_become_what_is_sent_and_what_may_be_shown() {
        let secret = Authentication::ClientSecret { client_secret: ClientSecret::new("s\"é".to_owned()).unwrap() };
        let plain = Authentication::ClientSecret { client_secret: ClientSecret::new("s-é".to_owned()).unwrap() };
        let basic = Authentication::Basic(BasicCredentials::new("jo", "päss".to_owned()).unwrap());
        let append = Changes { secret: Some(Change::Append), password: Some(Change::Append), ..Changes::default() };
        for (authentication, template, place, sent, shown) in [
            (&secret, r#"{"a":{right}}"#, Place::Body, r#"{"a":"s\"é"}"#, Some(r#"'{"a":"'"${CLIENT_SECRET}"'"}'"#)),
            (&secret, "{given}", Place::Body, r#""s\"éx""#, None),
            (&plain, "{given}", Place::Body, r#""s-éx""#, Some(r#"'"'"${CLIENT_SECRET}x"'"'"#)),
            (&secret, "{right:escaped}", Place::Body, r#""\u0073\u0022\u00e9""#, None),
            (
                &secret,
                "it's {x} {wrong}",
                Place::Body,
                "it's {x} \"wrong-credential-7f3b\"",
                Some("'it'\\''s {x} \"wrong-credential-7f3b\"'"),
            ),
            (&secret, "basic {right}", Place::Header, "basic d2ViaG9vazpzIsOp", None),
            (
                &basic,
                "basic {right}",
                Place::Header,
                "basic am86cMOkc3M=",
                Some("'basic '\"$(printf %s \"${BASIC_USERNAME}:${BASIC_PASSWORD}\" | base64 | tr -d '\\n')\""),
            ),
            (
                &basic,
                "basic {right:unpadded}",
                Place::Header,
                "basic am86cMOkc3M",
                Some("'basic '\"$(printf %s \"${BASIC_USERNAME}:${BASIC_PASSWORD}\" | base64 | tr -d '=\\n')\""),
            ),
            (&basic, "basic {right:restbits}", Place::Header, "basic am86cMOkc3N=", None),
            (
                &basic,
                "basic {right:latin1}",
                Place::Header,
                "basic am86cORzcw==",
                Some(
                    "'basic '\"$(printf %s \"${BASIC_USERNAME}:${BASIC_PASSWORD}\" | iconv -f UTF-8 -t ISO-8859-1 | base64 | tr -d '\\n')\"",
                ),
            ),
            (&basic, "basic {right:swapped}", Place::Header, "basic AM86CmoKC3m=", None),
            (
                &basic,
                "{right:nocolon}",
                Place::Header,
                "am8=",
                Some("\"$(printf %s \"${BASIC_USERNAME}\" | base64 | tr -d '\\n')\""),
            ),
            (&basic, "{right:shifted}", Place::Header, "ajpvcMOkc3M=", None),
            (&basic, "{right:bare}", Place::Header, "päss", Some("\"${BASIC_PASSWORD}\"")),
            (&secret, "?s={right:percent}", Place::Header, "?s=%73%22%C3%A9", None),
        ] {
            let (is_sent, word) = filled(authentication, &append, template, place);
            assert_eq!((is_sent.as_str(), word.as_deref()), (sent, shown), "{template}");
        }
    }
}
