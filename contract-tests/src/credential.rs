//! The credential of a run, and the placeholders through which a case uses it: `{right}`, `{wrong}` and `{given}` (the
//! right one with the changes of the case), each with an optional encoding after a colon.
//!
//! In a body a placeholder becomes a JSON string, in a header the base64 of `username:password`. [`Text`]
//! separates credentials from the rest, so that it can be shown without them.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use schemas::{Authentication, json};

use crate::{
    case::{Change, Changes, Condition, CredentialPart},
    change::{Shell, latin_1, other_case, percent_encoded},
    text::Text,
};

/// Where a placeholder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceholderContext {
    Body,
    Header,
}

/// The username with a client secret that a case sends as Basic.
const SECRET_USERNAME: &str = "webhook";

/// The credential of a run, with the changes of a case.
pub(crate) struct Credential<'a> {
    authentication: &'a Authentication,
    changes: &'a Changes,
    /// The difference between the right credential and the one given; usually none.
    base: Changes,
}

/// Whether the credential meets a condition; true for conditions about something else. `base` is the difference between
/// the right credential and the one given.
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
        (CredentialPart::Secret, Authentication::ClientSecret { client_secret }) => {
            (client_secret.expose(), base.secret)
        }
        (CredentialPart::Username, Authentication::Basic(basic)) => (basic.username(), base.username),
        (CredentialPart::Password, Authentication::Basic(basic)) => (basic.expose_password(), base.password),
        _ => return false,
    };
    change.map_or_else(|| property.holds(text), |change| property.holds(&change.of(text)))
}

/// The shell variables for the credential in a command line. Not `USERNAME`: setting that in zsh changes the user.
pub(crate) const SECRET_VARIABLE: &str = "CLIENT_SECRET";
pub(crate) const USERNAME_VARIABLE: &str = "BASIC_USERNAME";
pub(crate) const PASSWORD_VARIABLE: &str = "BASIC_PASSWORD";

/// A username, password or secret, and the shell expression for it, inside double quotes.
struct CredentialValue {
    text: String,
    shell: Option<String>,
}

impl CredentialValue {
    /// A text that the shell takes as it is.
    fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), shell: Some(text.to_owned()) }
    }
}

impl<'a> Credential<'a> {
    pub(crate) fn new(authentication: &'a Authentication, changes: &'a Changes) -> Self {
        Self { authentication, changes, base: Changes::default() }
    }

    /// Sets the difference between the right credential and the one given.
    pub(crate) fn based_on(self, base: Changes) -> Self {
        Self { base, ..self }
    }

    /// A description of the changes that a shell cannot express.
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

    pub(crate) fn fill(&self, template: &str, place: PlaceholderContext) -> Text {
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

    fn put(&self, text: &mut Text, name: &str, encoding: &str, place: PlaceholderContext) {
        match place {
            PlaceholderContext::Body => {
                let mut value = self.secret(name);
                // The variable holds the secret with JSON escapes, so changing it gives another text.
                let is_variable =
                    value.shell.as_ref().is_some_and(|shell| shell.starts_with("${") && shell.ends_with('}'));
                if json::escape(&value.text) != value.text && !is_variable {
                    value.shell = None;
                }
                let escaped = json::escape(&value.text).into_bytes();
                let (content, shell) = match encoding {
                    "escaped" => (Change::JsonEscaped.of(&value.text).into_bytes(), None),
                    "notutf8" => ([&escaped[..], b"\xff"].concat(), None),
                    _ => (escaped, value.shell),
                };
                let quote = if encoding == "bare" { "" } else { "\"" };
                text.push_plain(quote);
                text.push_credential(content, shell);
                text.push_plain(quote);
                text.credentials.push(value.text.into());
            }
            PlaceholderContext::Header => {
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

    /// The shell expression for the value of a header, inside double quotes.
    fn in_header(&self, username: &CredentialValue, password: &CredentialValue, encoding: &str) -> Option<String> {
        // The variable holds the secret with JSON escapes, which are wrong in a header.
        let is_escaped = |secret: &str| json::escape(secret) != secret;
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

    /// The secret or the password for a placeholder's name.
    fn secret(&self, name: &str) -> CredentialValue {
        match self.authentication {
            Authentication::Basic(_) => self.pair(name).1,
            Authentication::ClientSecret { client_secret } => {
                value(name, client_secret.expose(), SECRET_VARIABLE, [self.base.secret, self.changes.secret])
            }
            Authentication::None => value("wrong", "", SECRET_VARIABLE, [None, None]),
        }
    }

    fn pair(&self, name: &str) -> (CredentialValue, CredentialValue) {
        match self.authentication {
            Authentication::Basic(basic) => {
                // A wrong pair has the right username, so only the password makes it wrong.
                let of_username = if name == "wrong" { "right" } else { name };
                let (username, password) = (basic.username(), basic.expose_password());
                let changes = |part: fn(&Changes) -> Option<Change>| [part(&self.base), part(self.changes)];
                (
                    value(of_username, username, USERNAME_VARIABLE, changes(|changes| changes.username)),
                    value(name, password, PASSWORD_VARIABLE, changes(|changes| changes.password)),
                )
            }
            Authentication::ClientSecret { .. } | Authentication::None => {
                (CredentialValue::plain(SECRET_USERNAME), self.secret(name))
            }
        }
    }
}

fn value(name: &str, right: &str, variable: &str, [base, change]: [Option<Change>; 2]) -> CredentialValue {
    let change = match name {
        "right" => None,
        "given" => change,
        _ => return CredentialValue::plain("wrong-credential-7f3b"),
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
    CredentialValue { text: change.map_or(right.clone(), |change| change.of(&right)), shell }
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

/// The pair with its colon one character earlier; without the colon it would be the same.
fn shifted(username: &str, password: &str) -> String {
    let last = username.char_indices().last().map_or(0, |(at, _)| at);
    format!("{}:{}{password}", &username[..last], &username[last..])
}

/// The base64 with padding bits that are not zero. A pair without padding has none and is unchanged.
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

/// The text before the next placeholder, its name and encoding, and the text after it.
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
mod tests;
