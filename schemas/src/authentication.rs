//! The three ways a webhook authenticates (help page, *Authentication options*), their limits, and the one place where
//! a Basic header is written and read (RFC 7617).
//!
//! Nothing here decides whether a credential is right: that is the receiver's `Verifier`, in constant time.

pub mod hint;
mod presented;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use subtle::ConstantTimeEq as _;

pub use self::presented::{BASIC_PARAMETER_MAX, BasicError, PresentedBasic};
use crate::{edges::InvisibleEdges, reference::EXACT_PREFIX, wire};

/// Maximum length of a client secret in characters, not bytes (help page).
pub const CLIENT_SECRET_MAX_CHARACTERS: usize = 250;
/// Maximum length of a username in characters, not bytes (help page).
pub const USERNAME_MAX_CHARACTERS: usize = 100;
/// Maximum length of a password in characters, not bytes (help page).
pub const PASSWORD_MAX_CHARACTERS: usize = 100;

/// How a webhook authenticates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Authentication {
    /// No authentication: the default of a new webhook.
    #[default]
    None,
    /// A secret inside the message.
    ClientSecret {
        /// The secret.
        client_secret: ClientSecret,
    },
    /// Username and password in the `authorization` header.
    Basic(BasicCredentials),
}

/// How a webhook authenticates, without the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthenticationKind {
    /// It does not.
    None,
    /// By a secret inside the message.
    ClientSecret,
    /// By the `authorization` header.
    Basic,
}

impl AuthenticationKind {
    /// The kind as it is in configuration files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecret => "client-secret",
            Self::Basic => "basic",
        }
    }
}

impl Authentication {
    /// The kind of authentication.
    pub fn kind(&self) -> AuthenticationKind {
        match self {
            Self::None => AuthenticationKind::None,
            Self::ClientSecret { .. } => AuthenticationKind::ClientSecret,
            Self::Basic(_) => AuthenticationKind::Basic,
        }
    }
}

/// A credential breaks a limit of the product's webhook form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named after what they hold")]
#[non_exhaustive]
pub enum LimitError {
    /// It has no characters.
    #[error("the {what} is empty")]
    Empty { what: &'static str },
    /// It has more characters than the product's form takes.
    #[error("the {what} has {characters} characters; the product's form takes at most {limit}")]
    TooLong { what: &'static str, characters: usize, limit: usize },
    /// It has a control character, which Basic authentication cannot carry (RFC 7617 section 2).
    #[error("the {what} holds a control character, which Basic authentication cannot carry")]
    ControlCharacter { what: &'static str },
    /// It begins or ends with invisible characters. [`ClientSecret::exact`] and [`BasicCredentials::exact`] accept them.
    #[error("the {what} {edges}, which cannot be seen and is probably a mistake")]
    InvisibleEdges { what: &'static str, edges: InvisibleEdges },
    /// The username has a colon, so that the receiver would split it there (RFC 7617 section 2).
    #[error("the username holds a colon, which Basic authentication cannot carry")]
    UsernameColon,
}

fn free_of_controls(what: &'static str, text: &str) -> Result<(), LimitError> {
    if text.chars().any(char::is_control) { Err(LimitError::ControlCharacter { what }) } else { Ok(()) }
}

fn visible(what: &'static str, text: &str) -> Result<(), LimitError> {
    InvisibleEdges::of(text).map_or(Ok(()), |edges| Err(LimitError::InvisibleEdges { what, edges }))
}

fn within(what: &'static str, text: &str, limit: usize) -> Result<(), LimitError> {
    match text.chars().count() {
        0 => Err(LimitError::Empty { what }),
        characters if characters > limit => Err(LimitError::TooLong { what, characters, limit }),
        _ => Ok(()),
    }
}

fn limits_of_username(username: &str) -> Result<(), Vec<LimitError>> {
    let colon = if username.contains(':') { Err(LimitError::UsernameColon) } else { Ok(()) };
    let checks = [within("username", username, USERNAME_MAX_CHARACTERS), colon, free_of_controls("username", username)];
    let errors: Vec<LimitError> = checks.into_iter().filter_map(Result::err).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// A client secret of 1 to [`CLIENT_SECRET_MAX_CHARACTERS`] characters. `Debug` does not show it; `Serialize` does,
/// since it is part of the message.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct ClientSecret(SecretString);

impl ClientSecret {
    /// Checks the limits, and that nothing invisible was copied along.
    ///
    /// # Errors
    /// When the text is empty or too long, or begins or ends with invisible characters.
    pub fn new(text: impl Into<SecretString>) -> Result<Self, LimitError> {
        let text = text.into();
        visible("client secret", text.expose_secret())?;
        Self::exact(text)
    }

    /// Checks the limits only. The product's form takes any text, so a secret may begin or end with a blank; messages are
    /// read with this.
    ///
    /// # Errors
    /// When the text is empty or too long.
    pub fn exact(text: impl Into<SecretString>) -> Result<Self, LimitError> {
        let text = text.into();
        within("client secret", text.expose_secret(), CLIENT_SECRET_MAX_CHARACTERS)?;
        Ok(Self(text))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl TryFrom<String> for ClientSecret {
    type Error = LimitError;

    fn try_from(text: String) -> Result<Self, LimitError> {
        Self::exact(text)
    }
}

impl Serialize for ClientSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl PartialEq for ClientSecret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

/// A username and password within the product's limits. `Debug` shows the username only.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Pair")]
pub struct BasicCredentials {
    username: String,
    password: SecretString,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    username: String,
    password: String,
}

impl BasicCredentials {
    /// Checks the limits, and that nothing invisible was copied along.
    ///
    /// # Errors
    /// When either is empty, is too long, holds a control character, or begins or ends with invisible characters, or when
    /// the username holds a colon.
    pub fn new(username: impl Into<String>, password: impl Into<SecretString>) -> Result<Self, LimitError> {
        let (username, password) = (username.into(), password.into());
        visible("username", &username)?;
        visible("password", password.expose_secret())?;
        Self::exact(username, password)
    }

    /// Checks the limits only. The product's form takes any text, so either may begin or end with a blank.
    ///
    /// # Errors
    /// When either is empty, too long or holds a control character, or the username holds a colon.
    pub fn exact(username: impl Into<String>, password: impl Into<SecretString>) -> Result<Self, LimitError> {
        let (username, password) = (username.into(), password.into());
        limits_of_username(&username).map_err(|errors| errors[0])?;
        within("password", password.expose_secret(), PASSWORD_MAX_CHARACTERS)?;
        free_of_controls("password", password.expose_secret())?;
        Ok(Self { username, password })
    }

    /// Reads a username from an option or a configuration. After `exact:` it is taken as it is; this is not ambiguous,
    /// because a username cannot hold a colon.
    ///
    /// # Errors
    /// Every limit that it breaks; at least one.
    pub fn parse_username(text: &str) -> Result<&str, Vec<LimitError>> {
        let (username, edges) = match text.strip_prefix(EXACT_PREFIX) {
            Some(exact) => (exact, Ok(())),
            None => (text, visible("username", text)),
        };
        let limits = limits_of_username(username);
        match edges {
            Ok(()) => limits.map(|()| username),
            // A control character at an edge is reported already.
            Err(error) => Err(std::iter::once(error)
                .chain(
                    limits
                        .err()
                        .into_iter()
                        .flatten()
                        .filter(|limit| !matches!(limit, LimitError::ControlCharacter { .. })),
                )
                .collect()),
        }
    }

    /// The username.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The password itself.
    pub fn expose_password(&self) -> &str {
        self.password.expose_secret()
    }

    /// The value of the `authorization` header: `basic` and the base64 of `username:password`, as the help page
    /// writes it (RFC 7617 section 2, UTF-8).
    pub fn header(&self) -> SecretString {
        let pair = SecretString::from(format!("{}:{}", self.username, self.expose_password()));
        format!("{} {}", wire::BASIC_SCHEME, STANDARD.encode(pair.expose_secret())).into()
    }
}

impl TryFrom<Pair> for BasicCredentials {
    type Error = LimitError;

    fn try_from(pair: Pair) -> Result<Self, LimitError> {
        Self::exact(pair.username, pair.password)
    }
}

impl Serialize for BasicCredentials {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Pair { username: self.username.clone(), password: self.expose_password().to_owned() }.serialize(serializer)
    }
}

impl PartialEq for BasicCredentials {
    fn eq(&self, other: &Self) -> bool {
        let username = self.username.as_bytes().ct_eq(other.username.as_bytes());
        let password = self.expose_password().as_bytes().ct_eq(other.expose_password().as_bytes());
        (username & password).into()
    }
}

impl fmt::Debug for BasicCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicCredentials").field("username", &self.username).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_characters_not_bytes() {
        let four_bytes = |count: usize| "\u{1F30A}".repeat(count);
        assert!(ClientSecret::new(four_bytes(250)).is_ok());
        assert_eq!(
            ClientSecret::new(four_bytes(251)).unwrap_err(),
            LimitError::TooLong { what: "client secret", characters: 251, limit: 250 }
        );
        assert_eq!(ClientSecret::new("").unwrap_err(), LimitError::Empty { what: "client secret" });

        let credentials = BasicCredentials::new(four_bytes(100), four_bytes(100)).unwrap();
        let header = credentials.header();
        assert_eq!(header.expose_secret().len(), "basic ".len() + BASIC_PARAMETER_MAX);
        let presented = PresentedBasic::parse(header.expose_secret().as_bytes()).unwrap();
        assert_eq!((presented.username(), presented.expose_password()), (&*four_bytes(100), &*four_bytes(100)));

        assert_eq!(BasicCredentials::new("a:b", "c").unwrap_err(), LimitError::UsernameColon);
        assert!(BasicCredentials::new(four_bytes(101), "c").is_err());
        assert!(BasicCredentials::new("a", four_bytes(101)).is_err());
        assert!(BasicCredentials::new("a", "").is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let canary = "canary-6c1d";
        let credentials = BasicCredentials::new("jo", canary).unwrap();
        let presented = PresentedBasic::parse(credentials.header().expose_secret().as_bytes()).unwrap();
        let secret = ClientSecret::new(canary).unwrap();
        let shown =
            format!("{credentials:?} {presented:?} {secret:?} {:?}", Authentication::Basic(credentials.clone()));
        assert!(!shown.contains(canary), "{shown}");
    }

    #[test]
    fn the_form_of_a_configuration_is_the_help_pages() {
        let text = r#"{"type":"basic","username":"jo","password":"p"}"#;
        let basic: Authentication = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&basic).unwrap(), text);
        let text = r#"{"type":"clientSecret","clientSecret":"s"}"#;
        let secret: Authentication = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&secret).unwrap(), text);
        assert_eq!(serde_json::from_str::<Authentication>(r#"{"type":"none"}"#).unwrap(), Authentication::None);
    }
}
