//! What a listener expects and answers, until it is bound.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use schemas::{Authentication, Profile, Role};
use tokio::net::TcpListener;

use super::{
    answers::Answers,
    challenge::CHALLENGE_TIMEOUT,
    judge::Judge,
    listening::{Listening, Rules},
    record::{RecordError, Recorder},
};

/// What a sender is held to, and how it is answered. Made with [`Listener::new`]; the other methods change what is usual.
pub struct Listener {
    authentication: Authentication,
    profile: Profile,
    address: SocketAddr,
    answers: Answers,
    delay: Duration,
    challenge_timeout: Duration,
    messages: Option<u64>,
    duration: Option<Duration>,
    record: Option<PathBuf>,
}

/// A listener cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The profile has no place for the client secret.
    #[error("the profile `{profile}` has no place for a client secret")]
    NoPlaceForSecret {
        /// The profile's name.
        profile: String,
    },
    /// The folder of fixtures cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Listener {
    /// Expects messages with this authentication, of profile v1, at a free port of the loopback address.
    pub fn new(authentication: Authentication) -> Self {
        Self {
            authentication,
            profile: Profile::v1().clone(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            answers: Answers::default(),
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

    /// Listens here; port 0 is any free one.
    #[must_use]
    pub fn address(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// Answers so, by default 200.
    #[must_use]
    pub fn answers(self, answers: Answers) -> Self {
        Self { answers, ..self }
    }

    /// Waits so long before each answer, by default not at all.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Judges a message without Basic credentials when it has not come again with them so long after the challenge, by default
    /// 5 s.
    #[must_use]
    pub fn challenge_timeout(self, challenge_timeout: Duration) -> Self {
        Self { challenge_timeout, ..self }
    }

    /// Ends after so many messages. One that comes again with credentials after the challenge counts once.
    #[must_use]
    pub fn messages(self, messages: u64) -> Self {
        Self { messages: Some(messages), ..self }
    }

    /// Ends after this time.
    #[must_use]
    pub fn duration(self, duration: Duration) -> Self {
        Self { duration: Some(duration), ..self }
    }

    /// Keeps what comes as fixtures in this folder, without credentials.
    #[must_use]
    pub fn record(self, folder: impl Into<PathBuf>) -> Self {
        Self { record: Some(folder.into()), ..self }
    }

    /// Begins to accept connections.
    ///
    /// # Errors
    /// When the address is taken, the folder cannot be written to, or a client secret has no place in the profile.
    pub async fn bind(self) -> Result<Listening, ListenError> {
        let expects_secret = matches!(self.authentication, Authentication::ClientSecret { .. });
        if expects_secret && self.profile.pointer(Role::ClientSecret).is_none() {
            return Err(ListenError::NoPlaceForSecret { profile: self.profile.name().to_owned() });
        }
        let bound = |source| ListenError::Bind { address: self.address, source };
        let listener = TcpListener::bind(self.address).await.map_err(bound)?;
        let address = listener.local_addr().map_err(bound)?;
        let recorder = self.record.as_deref().map(Recorder::open).transpose()?;
        let rules = Rules {
            judge: Judge::new(self.authentication, self.profile),
            answers: self.answers,
            delay: self.delay,
            challenge_timeout: self.challenge_timeout,
            messages: self.messages,
            recorder,
        };
        Ok(Listening::new(listener, address, rules, self.duration))
    }
}
