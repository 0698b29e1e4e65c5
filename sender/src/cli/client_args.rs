//! The options of every command that calls an endpoint: time limits, certificates and allowed addresses.

use std::{fs, path::PathBuf, time::Duration};

use clap::Args;
use console::duration;
use http::HeaderValue;

use super::error::CliError;
use delivery::{AddressGuard, AllowedAddresses, ClientOptions, Proxy, roots_from_pem};

#[derive(Args)]
pub(super) struct ClientArgs {
    /// Maximum time for a request, at most 1d.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse_limit)]
    timeout: Duration,

    /// Maximum time for a connection, TLS included, at most 1d.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse_limit)]
    connect_timeout: Duration,

    /// Trust the certificate authorities in this PEM file as well.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Call addresses that are not public: loopback, private, any, or a network such as 10.0.0.0/8; may be repeated.
    /// Loopback needs it only if the URL does not name it.
    #[arg(long = "allow-address", value_name = "WHAT")]
    allowed: Vec<AllowedAddresses>,
}

/// `--user-agent`.
#[derive(Args)]
pub(super) struct UserAgentArgs {
    /// User-agent header of the requests [default: webhook-sender and its version].
    #[arg(long, value_name = "TEXT", value_parser = parse_header)]
    pub(super) user_agent: Option<HeaderValue>,
}

impl ClientArgs {
    /// The options of a client, with the proxies of the environment.
    pub(super) fn options(&self) -> Result<ClientOptions, CliError> {
        let extra_roots = match &self.ca {
            None => Vec::new(),
            Some(path) => {
                let pem = fs::read(path).map_err(console::Error::read(path))?;
                roots_from_pem(&pem).map_err(|source| CliError::Ca { path: path.clone(), source })?
            }
        };
        Ok(ClientOptions {
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
            extra_roots,
            proxy: Proxy::from_environment()?,
            guard: AddressGuard::with(&self.allowed),
            ..ClientOptions::default()
        })
    }
}

fn parse_header(text: &str) -> Result<HeaderValue, &'static str> {
    HeaderValue::from_str(text).map_err(|_| "only visible ASCII characters and spaces are allowed")
}
