//! The configuration, with every reference to a secret resolved. [`Config::load`] reads a TOML file; [`Config::first_run`]
//! works without one.

mod changes;
mod credential;
#[cfg(feature = "relay")]
mod destination;
mod endpoint;
mod file;
mod first_run;
mod inspect;
mod limits;
mod problem;
mod resolve;
mod rotation;
mod schema_check;
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
use schemas::{Authentication, Profile, Redactor, uri::normalize_path};
use secrecy::SecretString;

pub(crate) use self::resolve::PLAINTEXT_SECRET_WARNING;
pub use self::{
    changes::ConfigChanges,
    first_run::{FIRST_RUN_FOLDER, FirstRunError, SECRET_FILE, draw_secret, write_secret},
    inspect::{HostName, InspectConfig},
    problem::{ConfigError, ConfigProblem},
    rotation::{Kept, RotateError, Rotation, rotate_file},
    sources::Sources,
    tls::{ListenerTls, TlsError},
};
use crate::{
    ingest::{Capture, CaptureFile, Endpoint, Endpoints, Nonconforming, body::DEFAULT_MAX_BODY_BYTES},
    log::Retention,
    refusals::RefusalContext,
    verify::Verifier,
};

pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
pub const DEFAULT_PATH: &str = "/hooks/flowingly";

const PUBLIC_CAPTURE: &str = "anyone who can reach this receiver gets 200 unchecked and can fill its disk; capture only \
     until `learn` has enough messages, or let a firewall admit only the product's addresses";

#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// The listener for health, readiness and metrics, if there is one.
    pub admin: Option<SocketAddr>,
    /// The listener of the inspector, if there is one.
    pub inspect: Option<InspectConfig>,
    /// Without it, the listener speaks plain HTTP.
    pub tls: Option<ListenerTls>,
    /// Whether a proxy in front of the listener speaks TLS.
    pub behind_tls_proxy: bool,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Holds the log, its index and the relay's store.
    pub data_dir: PathBuf,
    pub log_payloads: bool,
    /// Whether to keep the beginning of refused bodies.
    pub keep_refused_bodies: bool,
    pub limits: Limits,
    pub retention: Retention,
    /// At least one.
    pub endpoints: Vec<EndpointConfig>,
    #[cfg(feature = "relay")]
    pub destinations: crate::relay::Destinations,
    /// What is valid but risky: one sentence each, with file and line if it is about a line.
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// The URL path as configured. Requests may use any equivalent spelling.
    pub path: String,
    pub name: String,
    pub authentication: Authentication,
    /// More credentials of the same type, each with its expiry.
    pub also_accept: Vec<(Authentication, Option<SystemTime>)>,
    pub profile: Profile,
    pub nonconforming: Nonconforming,
    /// Whether it stores everything unchecked, to learn what the product really sends.
    pub capture: bool,
}

/// Limits for clients. Each client gets up to a tenth more of the first three timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub body_bytes: usize,
    /// Maximum size of a request's header section.
    pub header_bytes: usize,
    pub header_fields: usize,
    pub header_timeout: Duration,
    pub body_timeout: Duration,
    /// Maximum time between two requests on a connection.
    pub idle_timeout: Duration,
    /// Maximum time for open requests to finish at shutdown.
    pub drain_timeout: Duration,
    pub connections: usize,
    /// Maximum number of concurrent requests, over all connections.
    pub requests: usize,
    /// Maximum size of all bodies that are being received at the same time.
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
    /// Reads and checks a configuration file, and resolves its references to secrets.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Origin::File(path.to_owned()).read().config
    }

    /// As [`Self::load`], for commands that only read stored messages: secrets are not resolved, and the endpoints have no
    /// authentication.
    pub fn load_for_reading(path: &Path) -> Result<Self, ConfigError> {
        let mut sources = Sources::default();
        resolve::resolve(&read(path)?, path, false, &mut sources)
    }

    /// Whether other machines may reach the listener, directly or through a proxy.
    pub fn is_public(&self) -> bool {
        let is_local = self.listen.ip().to_canonical().is_loopback();
        !is_local || self.behind_tls_proxy || !self.trusted_proxies.is_empty()
    }

    /// Whether clients or browsers would send passwords over a network unencrypted.
    pub fn takes_passwords_in_the_clear(&self) -> bool {
        let basic = |endpoint: &EndpointConfig| matches!(endpoint.authentication, Authentication::Basic(_));
        self.crosses_a_network_in_the_clear() && self.endpoints.iter().any(basic) || self.inspects_in_the_clear()
    }

    /// Whether clients would send client secrets over a network unencrypted.
    pub fn takes_client_secrets_in_the_clear(&self) -> bool {
        self.crosses_a_network_in_the_clear() && self.endpoints.iter().any(EndpointConfig::has_client_secret)
    }

    fn crosses_a_network_in_the_clear(&self) -> bool {
        self.tls.is_none() && !self.behind_tls_proxy && !self.listen.ip().to_canonical().is_loopback()
    }

    /// The endpoint with this name.
    #[cfg(feature = "inspect")]
    pub(crate) fn endpoint(&self, name: &str) -> Option<&EndpointConfig> {
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    pub fn profiles(&self) -> HashMap<String, Profile> {
        self.endpoints.iter().map(|endpoint| (endpoint.name.clone(), endpoint.profile.clone())).collect()
    }

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

    /// What is known about refused requests.
    pub(crate) fn refusal_context(&self) -> RefusalContext {
        let redactors = self.credentials().map(Redactor::of);
        RefusalContext {
            redactor: redactors.fold(Redactor::default(), |all, more| all.and(&more)),
            paths: self.endpoints.iter().map(|endpoint| endpoint.path.clone()).collect(),
            keeps_bodies: self.keep_refused_bodies,
        }
    }

    pub fn capture_everything(&mut self) {
        self.endpoints.iter_mut().for_each(|endpoint| endpoint.capture = true);
        if self.is_public() {
            self.warnings.push(format!("--capture: {PUBLIC_CAPTURE}"));
        }
    }

    fn secrets(&self) -> impl Iterator<Item = SecretString> {
        self.credentials().filter_map(|credential| match credential {
            Authentication::None => None,
            Authentication::ClientSecret { client_secret } => Some(client_secret.expose().into()),
            Authentication::Basic(basic) => Some(basic.expose_password().into()),
        })
    }

    fn credentials(&self) -> impl Iterator<Item = &Authentication> {
        self.endpoints.iter().flat_map(|endpoint| {
            iter::once(&endpoint.authentication).chain(endpoint.also_accept.iter().map(|(more, _)| more))
        })
    }
}

/// Where the configuration comes from, at the start and at each reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    /// The first run's folder, below this working directory.
    FirstRun(PathBuf),
}

#[derive(Debug)]
pub struct ConfigReading {
    pub config: Result<Config, ConfigError>,
    /// The files that it was read from, including missing ones.
    pub sources: Sources,
}

impl Origin {
    pub fn read(&self) -> ConfigReading {
        let mut sources = Sources::default();
        let config = match self {
            Self::File(path) => {
                sources.note(path);
                read(path).and_then(|text| resolve::resolve(&text, path, true, &mut sources))
            }
            Self::FirstRun(folder) => first_run::read(folder, &mut sources).map_err(ConfigError::FirstRun),
        };
        ConfigReading { config, sources }
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read { file: path.to_owned(), source })
}

impl EndpointConfig {
    /// The same for every equivalent spelling of the path.
    pub(crate) fn normal_path(&self) -> String {
        normalize_path(&self.path).into_owned()
    }

    /// Whether its messages contain a configured client secret.
    pub fn has_client_secret(&self) -> bool {
        matches!(self.authentication, Authentication::ClientSecret { .. })
    }

    fn build(&self, body_limit: usize) -> Endpoint {
        let verifier = Verifier::new(&self.authentication);
        let verifier = self.also_accept.iter().fold(verifier, |verifier, (authentication, not_after)| {
            verifier.also_accept(authentication, *not_after).expect("the types are checked when the file is read")
        });
        let verifier = verifier.with_profile(self.profile.clone()).with_body_limit(body_limit);
        Endpoint { name: self.name.clone(), verifier, nonconforming: self.nonconforming, capture: None }
    }
}
