//! The file as it is written: `config.schema.json` as Rust types, each value with its offset.
//!
//! Keys that the schema requires are optional here: the schema check reports a missing one, and the rest is checked anyway.

use schemas::AuthenticationKind;
use serde::Deserialize;
use toml::{Spanned, value::Datetime};

use crate::ingest::Nonconforming;

#[derive(Deserialize)]
pub(super) struct ConfigFile {
    pub(super) listen: Option<Spanned<String>>,
    pub(super) admin: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) admin_remote: bool,
    pub(super) inspect: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) inspect_hosts: Vec<Spanned<String>>,
    pub(super) tls: Option<TlsTable>,
    pub(super) data_dir: Option<String>,
    #[serde(default)]
    pub(super) behind_tls_proxy: bool,
    #[serde(default)]
    pub(super) trusted_proxies: Vec<Spanned<String>>,
    pub(super) log_payloads: Option<bool>,
    #[serde(default)]
    pub(super) keep_refused_bodies: bool,
    #[serde(default)]
    pub(super) limits: LimitsTable,
    #[serde(default)]
    pub(super) retention: RetentionTable,
    #[serde(default)]
    pub(super) endpoint: Vec<Spanned<EndpointTable>>,
}

#[derive(Deserialize)]
pub(super) struct TlsTable {
    pub(super) certificate: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
pub(super) struct LimitsTable {
    pub(super) body_bytes: Option<Spanned<usize>>,
    pub(super) header_bytes: Option<Spanned<usize>>,
    pub(super) header_fields: Option<Spanned<usize>>,
    pub(super) header_timeout: Option<Spanned<String>>,
    pub(super) body_timeout: Option<Spanned<String>>,
    pub(super) idle_timeout: Option<Spanned<String>>,
    pub(super) drain_timeout: Option<Spanned<String>>,
    pub(super) connections: Option<Spanned<usize>>,
    pub(super) requests: Option<Spanned<usize>>,
    pub(super) bodies_bytes: Option<Spanned<usize>>,
}

#[derive(Default, Deserialize)]
pub(super) struct RetentionTable {
    pub(super) max_age: Option<Spanned<String>>,
    pub(super) max_bytes: Option<Spanned<usize>>,
}

#[derive(Deserialize)]
pub(super) struct EndpointTable {
    pub(super) path: Option<Spanned<String>>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) authentication: Option<Spanned<CredentialTable>>,
    #[serde(default)]
    pub(super) also_accept: Vec<Spanned<CredentialTable>>,
    pub(super) profile: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) nonconforming: Nonconforming,
    #[serde(default)]
    pub(super) capture: bool,
    #[serde(default)]
    pub(super) destination: Vec<Spanned<DestinationTable>>,
}

/// Without the feature `relay` only its offset is used.
#[derive(Deserialize)]
#[cfg_attr(not(feature = "relay"), expect(dead_code, reason = "only the relay reads it"))]
pub(super) struct DestinationTable {
    pub(super) name: Option<Spanned<String>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<DestinationKind>,
    pub(super) url: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) when: Option<Spanned<String>>,
    pub(super) template: Option<Spanned<String>>,
    pub(super) flow_url: Option<Spanned<String>>,
    pub(super) budget_bytes: Option<Spanned<usize>>,
    pub(super) content_type: Option<Spanned<String>>,
    pub(super) authentication: Option<Spanned<CredentialTable>>,
    pub(super) rate: Option<Spanned<String>>,
    pub(super) retry: Option<Spanned<RetryTable>>,
    pub(super) timeout: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) allow_address: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) allow_plaintext: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DestinationKind {
    Teams,
    Http,
    File,
}

#[cfg(feature = "relay")]
impl DestinationKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Teams => "teams",
            Self::Http => "http",
            Self::File => "file",
        }
    }
}

#[derive(Deserialize)]
#[cfg_attr(not(feature = "relay"), expect(dead_code, reason = "only the relay reads it"))]
pub(super) struct RetryTable {
    pub(super) attempts: Option<Spanned<usize>>,
    pub(super) total: Option<Spanned<String>>,
    pub(super) longest_wait: Option<Spanned<String>>,
}

#[derive(Deserialize)]
pub(super) struct CredentialTable {
    #[serde(rename = "type")]
    pub(super) kind: Option<AuthenticationKind>,
    pub(super) secret: Option<Spanned<String>>,
    pub(super) username: Option<Spanned<String>>,
    pub(super) password: Option<Spanned<String>>,
    pub(super) not_after: Option<Spanned<Datetime>>,
}
