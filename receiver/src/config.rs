//! The configuration: checked, resolved, with every secret in memory. [`Config::load`] reads a TOML file,
//! [`Config::first_run`] needs none.

mod check;
mod file;
mod first_run;
mod keys;
mod problem;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use schemas::{Authentication, Profile};

pub use self::{
    first_run::{FIRST_RUN_FOLDER, FirstRunError, SECRET_FILE, draw_secret, write_secret},
    problem::{ConfigError, ConfigProblem},
};
use crate::{
    endpoint::{Endpoint, Nonconforming},
    intake::BODY_LIMIT,
    log::Retention,
    verify::Verifier,
};

/// Where the first run listens.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
/// The path of the first run's endpoint.
pub const DEFAULT_PATH: &str = "/hooks/flowingly";

/// All that a receiver is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port of the listener.
    pub listen: SocketAddr,
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
}

/// One endpoint.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// The exact URL path.
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
}

/// What a client may ask of the receiver.
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: BODY_LIMIT,
            header_bytes: 64 << 10,
            header_fields: 100,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(30),
            connections: 8192,
        }
    }
}

impl Config {
    /// Reads and checks a configuration file, and resolves the secrets that it refers to.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line; never a value that might be a secret.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        check::check(&read(path)?, path, true)
    }

    /// As [`Self::load`], for whoever only reads what was received: no secret is needed, so none is resolved, and the
    /// endpoints stand there without authentication.
    ///
    /// # Errors
    /// As [`Self::load`], but for the secrets.
    pub fn load_for_reading(path: &Path) -> Result<Self, ConfigError> {
        check::check(&read(path)?, path, false)
    }

    /// The profile of each endpoint, by the endpoint's name.
    pub fn profiles(&self) -> HashMap<String, Profile> {
        self.endpoints.iter().map(|endpoint| (endpoint.name.clone(), endpoint.profile.clone())).collect()
    }

    /// The endpoints by their path, ready to take messages.
    pub fn endpoints_by_path(&self) -> HashMap<String, Endpoint> {
        let endpoints = self.endpoints.iter();
        endpoints.map(|endpoint| (endpoint.path.clone(), endpoint.build(self.limits.body_bytes))).collect()
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read { file: path.to_owned(), source })
}

impl EndpointConfig {
    fn build(&self, body_limit: usize) -> Endpoint {
        let verifier = Verifier::new(&self.authentication);
        let verifier = self.also_accept.iter().fold(verifier, |verifier, (authentication, not_after)| {
            verifier.also_accept(authentication, *not_after).expect("the kinds are checked when the file is read")
        });
        let verifier = verifier.with_profile(self.profile.clone()).with_body_limit(body_limit);
        Endpoint { name: self.name.clone(), verifier, nonconforming: self.nonconforming }
    }
}
