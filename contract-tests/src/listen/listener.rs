//! The options of a listener, until it is bound.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use schemas::{Authentication, Profile, Role};
use tokio::net::TcpListener;

use super::{
    answers::AnswerSequence,
    bound_listener::{BoundListener, ListenerConfig},
    challenge::CHALLENGE_TIMEOUT,
    judge::Judge,
    record::{RecordError, Recorder},
};

/// What a listener expects and how it answers. Made with [`Listener::new`]; the other methods change the defaults.
pub struct Listener {
    authentication: Authentication,
    profile: Profile,
    address: SocketAddr,
    answers: AnswerSequence,
    delay: Duration,
    challenge_timeout: Duration,
    messages: Option<u64>,
    duration: Option<Duration>,
    record: Option<PathBuf>,
}

/// A listener cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum ListenError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind { address: SocketAddr, source: io::Error },
    /// The profile has no place for the client secret.
    #[error("the profile `{profile}` has no place for a client secret")]
    NoPlaceForSecret { profile: String },
    /// The folder of fixtures cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Listener {
    /// Expects messages of profile v1 with this authentication, on a free port of the loopback address.
    pub fn new(authentication: Authentication) -> Self {
        Self {
            authentication,
            profile: Profile::v1().clone(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            answers: AnswerSequence::default(),
            delay: Duration::ZERO,
            challenge_timeout: CHALLENGE_TIMEOUT,
            messages: None,
            duration: None,
            record: None,
        }
    }

    /// Expects messages of this profile.
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Listens on this address; port 0 is any free one.
    #[must_use]
    pub fn address(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// Sets the answers, by default 200.
    #[must_use]
    pub fn answers(self, answers: AnswerSequence) -> Self {
        Self { answers, ..self }
    }

    /// Waits this long before each answer, by default not at all.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Judges a message without Basic credentials if it is not sent again with them within this time after the challenge, by
    /// default 5 s.
    #[must_use]
    pub fn challenge_timeout(self, challenge_timeout: Duration) -> Self {
        Self { challenge_timeout, ..self }
    }

    /// Ends after this number of messages. One that is sent again with credentials after the challenge counts once.
    #[must_use]
    pub fn messages(self, messages: u64) -> Self {
        Self { messages: Some(messages), ..self }
    }

    /// Ends after this time.
    #[must_use]
    pub fn duration(self, duration: Duration) -> Self {
        Self { duration: Some(duration), ..self }
    }

    /// Saves the messages as fixtures in this folder, without credentials.
    #[must_use]
    pub fn record(self, folder: impl Into<PathBuf>) -> Self {
        Self { record: Some(folder.into()), ..self }
    }

    /// Binds the address and accepts connections.
    ///
    /// # Errors
    /// When the address is taken, the folder cannot be written to, or a client secret has no place in the profile.
    pub async fn bind(self) -> Result<BoundListener, ListenError> {
        let expects_secret = matches!(self.authentication, Authentication::ClientSecret { .. });
        if expects_secret && self.profile.pointer(Role::ClientSecret).is_none() {
            return Err(ListenError::NoPlaceForSecret { profile: self.profile.name().to_owned() });
        }
        let bound = |source| ListenError::Bind { address: self.address, source };
        let listener = TcpListener::bind(self.address).await.map_err(bound)?;
        let address = listener.local_addr().map_err(bound)?;
        let recorder = self.record.as_deref().map(Recorder::open).transpose()?;
        let rules = ListenerConfig {
            judge: Judge::new(self.authentication, self.profile),
            answers: self.answers,
            delay: self.delay,
            challenge_timeout: self.challenge_timeout,
            messages: self.messages,
            recorder,
        };
        Ok(BoundListener::new(listener, address, rules, self.duration))
    }
}
