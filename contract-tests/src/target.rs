//! What is tested and how: the endpoint, its credential, and the options of a run.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use delivery::{EndpointUrl, UrlError};
use schemas::{Authentication, Level, Profile, Role};

/// What is tested and how. Made with [`Target::new`]; the other methods change the defaults.
#[derive(Clone)]
pub struct Target {
    pub(crate) endpoint: EndpointUrl,
    pub(crate) authentication: Authentication,
    pub(crate) profile: Profile,
    pub(crate) only: Vec<String>,
    pub(crate) skip: Vec<String>,
    pub(crate) level: Level,
    pub(crate) safe: bool,
    pub(crate) slow: bool,
    pub(crate) seed: Option<u64>,
    pub(crate) timeout: Duration,
    pub(crate) max_time: Duration,
    pub(crate) wait_ready: Duration,
    pub(crate) parallel: usize,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) progress: Option<Progress>,
}

/// Called with the number of finished cases and of all cases.
type Progress = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// A target is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum TargetError {
    /// The URL is not that of an endpoint.
    #[error(transparent)]
    Endpoint(#[from] UrlError),
    /// The profile has no place for the client secret.
    #[error("the profile `{profile}` has no place for a client secret")]
    NoPlaceForSecret { profile: String },
}

impl Target {
    /// An endpoint and the credential that it expects.
    ///
    /// # Errors
    /// When the URL is not one that messages can be posted to.
    pub fn new(url: &str, authentication: Authentication) -> Result<Self, TargetError> {
        Ok(Self {
            endpoint: url.parse()?,
            authentication,
            profile: Profile::v1().clone(),
            only: Vec::new(),
            skip: Vec::new(),
            level: Level::May,
            safe: false,
            slow: false,
            seed: None,
            timeout: Duration::from_secs(5),
            max_time: Duration::from_secs(55),
            wait_ready: Duration::ZERO,
            parallel: 8,
            ca: None,
            progress: None,
        })
    }

    /// The options that limit the cases of a run, except `--skip`, as typed.
    pub(crate) fn limits(&self) -> Option<String> {
        let only = self.only.iter().map(|pattern| format!("--only {pattern}"));
        let level = (self.level < Level::May).then(|| format!("--level {}", self.level.to_string().to_lowercase()));
        let safe = self.safe.then(|| "--safe".to_owned());
        let limits: Vec<String> = only.chain(level).chain(safe).collect();
        (!limits.is_empty()).then(|| limits.join(" "))
    }

    /// The endpoint's URL.
    pub fn endpoint(&self) -> &EndpointUrl {
        &self.endpoint
    }

    /// Sends messages of this profile; otherwise of profile v1.
    ///
    /// # Errors
    /// When the endpoint expects a client secret and the profile has no place for one.
    pub fn profile(self, profile: Profile) -> Result<Self, TargetError> {
        let expects_secret = matches!(self.authentication, Authentication::ClientSecret { .. });
        if expects_secret && profile.pointer(Role::ClientSecret).is_none() {
            return Err(TargetError::NoPlaceForSecret { profile: profile.name().to_owned() });
        }
        Ok(Self { profile, ..self })
    }

    /// Runs only the cases whose number or clause matches one of these patterns; `*` matches any text.
    #[must_use]
    pub fn only(self, patterns: impl IntoIterator<Item = String>) -> Self {
        Self { only: patterns.into_iter().collect(), ..self }
    }

    /// Skips the cases whose number or clause matches one of these patterns.
    #[must_use]
    pub fn skip(self, patterns: impl IntoIterator<Item = String>) -> Self {
        Self { skip: patterns.into_iter().collect(), ..self }
    }

    /// Runs only cases of clauses of this level or higher. By default all.
    #[must_use]
    pub fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Sends valid messages only.
    #[must_use]
    pub fn safe(self, safe: bool) -> Self {
        Self { safe, ..self }
    }

    /// Also runs the cases that wait for the endpoint's own deadline: up to 90 s each, in parallel, and up to 90 s after the
    /// end of [`Self::max_time`].
    #[must_use]
    pub fn slow(self, slow: bool) -> Self {
        Self { slow, ..self }
    }

    /// Makes the same requests as the run with this seed. By default each run has its own.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Maximum time for each answer, from the last byte of its request, by default 5 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Maximum time of the run, by default 55 s; requests in flight are then cut off, and cases without a verdict do not pass.
    /// It excludes the time of [`Self::wait_ready`] and of [`Self::slow`].
    #[must_use]
    pub fn max_time(self, max_time: Duration) -> Self {
        Self { max_time, ..self }
    }

    /// Waits up to this time for the endpoint to answer a plain valid message with any status except those of a proxy whose
    /// endpoint is missing (502, 503, 504). By default it does not wait.
    #[must_use]
    pub fn wait_ready(self, wait_ready: Duration) -> Self {
        Self { wait_ready, ..self }
    }

    /// Maximum number of cases that run at the same time, by default 8; at least 1.
    #[must_use]
    pub fn parallel(self, parallel: usize) -> Self {
        Self { parallel: parallel.max(1), ..self }
    }

    /// Trusts the authorities in this PEM file in addition to the platform's.
    #[must_use]
    pub fn ca(self, ca: Option<PathBuf>) -> Self {
        Self { ca, ..self }
    }

    /// Calls this after each case that sends something, with the number of finished ones and of all.
    #[must_use]
    pub fn on_progress(self, progress: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        Self { progress: Some(Arc::new(progress)), ..self }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
