//! The configuration: checked, resolved, with every secret in memory. [`Config::load`] reads a TOML file,
//! [`Config::first_run`] needs none.

mod changes;
mod check;
mod credential;
#[cfg(feature = "relay")]
mod destination;
mod file;
mod first_run;
mod limits;
mod problem;
mod rotation;
mod shape;
mod sources;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    collections::HashMap,
    fs, iter,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use schemas::{Authentication, Profile, uri::normalize_path};
use secrecy::SecretString;

pub(crate) use self::check::CLIENT_SECRET_IN_THE_CLEAR;
pub use self::{
    changes::Changes,
    first_run::{FIRST_RUN_FOLDER, FirstRunError, SECRET_FILE, draw_secret, write_secret},
    problem::{ConfigError, ConfigProblem},
    rotation::{Kept, RotateError, Rotation},
    sources::Sources,
    tls::{Tls, TlsError},
};
use crate::{
    ingest::{Capture, CaptureFile, Endpoint, Endpoints, Nonconforming, body::DEFAULT_MAX_BODY_BYTES},
    log::Retention,
    verify::Verifier,
};

/// Where the first run listens.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
/// The path of the first run's endpoint.
pub const DEFAULT_PATH: &str = "/hooks/flowingly";

/// Warns of an endpoint that captures where others reach it.
const PUBLIC_CAPTURE: &str = "anybody who reaches this receiver is answered 200, unchecked, and can fill its disk; \
     capture only until `learn` has enough messages, or let a firewall pass the product's addresses alone";

/// All that a receiver is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port of the listener.
    pub listen: SocketAddr,
    /// Address and port for health, readiness and metrics; without it there are none.
    pub admin: Option<SocketAddr>,
    /// What the listener speaks TLS with; without it plain HTTP.
    pub tls: Option<Tls>,
    /// Whether a proxy in front of the listener speaks TLS.
    pub behind_tls_proxy: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Folder for the log and its index.
    pub data_dir: PathBuf,
    /// Whether accepted messages are printed.
    pub log_payloads: bool,
    /// What a client may ask.
    pub limits: Limits,
    /// How long messages are kept.
    pub retention: Retention,
    /// The endpoints, at least one.
    pub endpoints: Vec<EndpointConfig>,
    /// Where messages are relayed to.
    #[cfg(feature = "relay")]
    pub destinations: crate::relay::Destinations,
    /// What is not wrong, but risky: one sentence each, with its place if there is one.
    pub warnings: Vec<String>,
}

/// One endpoint.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// The URL path as it is configured. Requests may spell it in any equivalent way.
    pub path: String,
    /// Its name in logs and listings.
    pub name: String,
    /// The credential it accepts.
    pub authentication: Authentication,
    /// More credentials of the same kind, each with its last moment.
    pub also_accept: Vec<(Authentication, Option<SystemTime>)>,
    /// Where its messages keep what.
    pub profile: Profile,
    /// What happens to a message that breaks the contract.
    pub nonconforming: Nonconforming,
    /// Whether it takes everything unchecked, to learn what the product really sends.
    pub capture: bool,
}

/// What a client may ask of the receiver. Each client has up to a tenth more of the first three times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a body.
    pub body_bytes: usize,
    /// Most bytes of a request's head.
    pub header_bytes: usize,
    /// Most header fields of a request.
    pub header_fields: usize,
    /// Longest time for a head to arrive.
    pub header_timeout: Duration,
    /// Longest time for a body to arrive.
    pub body_timeout: Duration,
    /// Longest time between two requests of a connection.
    pub idle_timeout: Duration,
    /// Longest time for open requests to finish when the receiver is stopped.
    pub drain_timeout: Duration,
    /// Most connections at a time.
    pub connections: usize,
    /// Most requests at a time, over all connections.
    pub requests: usize,
    /// Most bytes of all bodies that are being taken in together.
    pub bodies_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: DEFAULT_MAX_BODY_BYTES,
            header_bytes: 64 << 10,
            header_fields: 100,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(30),
            connections: 8192,
            requests: 8192,
            bodies_bytes: 256 << 20,
        }
    }
}

impl Config {
    /// Reads and checks a configuration file, and resolves the secrets that it refers to.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line; never a value that might be a secret.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Origin::File(path.to_owned()).read().config
    }

    /// As [`Self::load`], for whoever only reads what was received: no secret is needed, so none is resolved, and the
    /// endpoints stand there without authentication.
    ///
    /// # Errors
    /// As [`Self::load`], but for the secrets.
    pub fn load_for_reading(path: &Path) -> Result<Self, ConfigError> {
        let mut sources = Sources::default();
        check::check(&read(path)?, path, false, &mut sources)
    }

    /// Whether anybody but this machine may reach the listener, directly or through a proxy.
    pub fn is_public(&self) -> bool {
        let is_local = self.listen.ip().to_canonical().is_loopback();
        !is_local || self.behind_tls_proxy || !self.trusted_proxies.is_empty()
    }

    /// Whether passwords would cross a network unencrypted.
    pub fn takes_passwords_in_the_clear(&self) -> bool {
        let basic = |endpoint: &EndpointConfig| matches!(endpoint.authentication, Authentication::Basic(_));
        self.crosses_a_network_in_the_clear() && self.endpoints.iter().any(basic)
    }

    /// Whether client secrets would cross a network unencrypted.
    pub fn takes_client_secrets_in_the_clear(&self) -> bool {
        self.crosses_a_network_in_the_clear() && self.endpoints.iter().any(EndpointConfig::has_client_secret)
    }

    fn crosses_a_network_in_the_clear(&self) -> bool {
        self.tls.is_none() && !self.behind_tls_proxy && !self.listen.ip().to_canonical().is_loopback()
    }

    /// The profile of each endpoint, by the endpoint's name.
    pub fn profiles(&self) -> HashMap<String, Profile> {
        self.endpoints.iter().map(|endpoint| (endpoint.name.clone(), endpoint.profile.clone())).collect()
    }

    /// The endpoints, ready to take messages.
    pub(crate) fn build_endpoints(&self) -> Endpoints {
        let quarantine = Arc::new(CaptureFile::in_folder(&self.data_dir));
        let secrets: Arc<[SecretString]> = self.secrets().collect();
        let endpoints = self.endpoints.iter().map(|config| {
            let capture =
                config.capture.then(|| Capture::new(secrets.clone(), config.has_client_secret(), quarantine.clone()));
            (config.normal_path(), Endpoint { capture, ..config.build(self.limits.body_bytes) })
        });
        Endpoints::new(endpoints)
    }

    /// Makes every endpoint capture.
    pub fn capture_everything(&mut self) {
        self.endpoints.iter_mut().for_each(|endpoint| endpoint.capture = true);
        if self.is_public() {
            self.warnings.push(format!("--capture: {PUBLIC_CAPTURE}"));
        }
    }

    /// Every client secret and password.
    fn secrets(&self) -> impl Iterator<Item = SecretString> {
        let credentials = self.endpoints.iter().flat_map(|endpoint| {
            iter::once(&endpoint.authentication).chain(endpoint.also_accept.iter().map(|(more, _)| more))
        });
        credentials.filter_map(|credential| match credential {
            Authentication::None => None,
            Authentication::ClientSecret { client_secret } => Some(client_secret.expose().into()),
            Authentication::Basic(basic) => Some(basic.expose_password().into()),
        })
    }
}

/// Where a configuration comes from, now and when it is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// The first run's folder, below this working directory.
    FirstRun(PathBuf),
}

/// What came of reading a configuration.
#[derive(Debug)]
pub struct Reading {
    /// The configuration, or what is wrong with it.
    pub config: Result<Config, ConfigError>,
    /// The files that it was read from, also those that are missing.
    pub sources: Sources,
}

impl Origin {
    /// Reads and checks the configuration, and resolves the secrets that it refers to.
    pub fn read(&self) -> Reading {
        let mut sources = Sources::default();
        let config = match self {
            Self::File(path) => {
                sources.note(path);
                read(path).and_then(|text| check::check(&text, path, true, &mut sources))
            }
            Self::FirstRun(folder) => first_run::read(folder, &mut sources).map_err(ConfigError::FirstRun),
        };
        Reading { config, sources }
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read { file: path.to_owned(), source })
}

impl EndpointConfig {
    /// The normal form of the path, which is the same for every equivalent spelling.
    pub(crate) fn normal_path(&self) -> String {
        normalize_path(&self.path).into_owned()
    }

    /// Whether its messages hold a client secret that is configured.
    pub fn has_client_secret(&self) -> bool {
        matches!(self.authentication, Authentication::ClientSecret { .. })
    }

    fn build(&self, body_limit: usize) -> Endpoint {
        let verifier = Verifier::new(&self.authentication);
        let verifier = self.also_accept.iter().fold(verifier, |verifier, (authentication, not_after)| {
            verifier.also_accept(authentication, *not_after).expect("the kinds are checked when the file is read")
        });
        let verifier = verifier.with_profile(self.profile.clone()).with_body_limit(body_limit);
        Endpoint { name: self.name.clone(), verifier, nonconforming: self.nonconforming, capture: None }
    }
}
