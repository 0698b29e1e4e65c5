//! Resolves the file to a [`Config`]: applies defaults, follows references, and collects every problem.

#[cfg(feature = "relay")]
use std::{collections::HashSet, mem};
use std::{
    io::{self, IsTerminal as _},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use schemas::AuthenticationKind;
use serde::Deserialize as _;
use toml::{
    Spanned,
    de::{DeTable, Deserializer},
};

use super::{
    Config, ConfigError, ConfigProblem, DEFAULT_LISTEN, PUBLIC_CAPTURE, Sources, file::ConfigFile,
    first_run::DATA_FOLDER, schema_check,
};

/// Only a warning: the product itself sends client secrets to any URL.
pub(crate) const PLAINTEXT_SECRET_WARNING: &str = "client secrets cross the network over plain HTTP, where others can read \
    them; give the listener a certificate under [tls], listen on a loopback address, or put a TLS proxy in front and set \
    `behind_tls_proxy = true`";

/// Without `secrets` no reference is followed, and every endpoint is resolved without authentication.
pub(super) fn resolve(text: &str, path: &Path, secrets: bool, sources: &mut Sources) -> Result<Config, ConfigError> {
    let mut resolver = ConfigResolver {
        text,
        path,
        secrets,
        sources,
        problems: Vec::new(),
        warnings: Vec::new(),
        #[cfg(feature = "relay")]
        destinations: ResolvedDestinations::default(),
    };
    let config = resolver.parse().map(|file| resolver.config(&file));
    let problems = in_file_order(resolver.problems);
    match config {
        Some(config) if problems.is_empty() => {
            let warnings = in_file_order(resolver.warnings).iter().map(ToString::to_string).collect();
            Ok(Config { warnings, ..config })
        }
        _ => Err(ConfigError::Wrong { problems }),
    }
}

pub(super) struct ConfigResolver<'t> {
    text: &'t str,
    path: &'t Path,
    pub(super) secrets: bool,
    pub(super) sources: &'t mut Sources,
    /// Each with its offset in the file.
    problems: Vec<(usize, ConfigProblem)>,
    warnings: Vec<(usize, ConfigProblem)>,
    #[cfg(feature = "relay")]
    pub(super) destinations: ResolvedDestinations,
}

/// The destinations of all endpoints so far.
#[cfg(feature = "relay")]
#[derive(Default)]
pub(super) struct ResolvedDestinations {
    pub(super) all: Vec<crate::relay::Destination>,
    pub(super) names: HashSet<String>,
    pub(super) files: HashSet<PathBuf>,
}

impl ConfigResolver<'_> {
    pub(super) fn problem<T>(&mut self, value: &Spanned<T>, message: impl Into<String>) {
        self.problem_at(value.span().start, message);
    }

    pub(super) fn problem_at(&mut self, offset: usize, message: impl Into<String>) {
        let problem = self.at(offset, message.into());
        self.problems.push((offset, problem));
    }

    /// A problem in another file, which the value at this offset names.
    pub(super) fn problem_in(&mut self, offset: usize, problem: ConfigProblem) {
        self.problems.push((offset, problem));
    }

    pub(super) fn warning<T>(&mut self, value: &Spanned<T>, message: impl Into<String>) {
        self.warning_at(value.span().start, message);
    }

    fn warning_at(&mut self, offset: usize, message: impl Into<String>) {
        let warning = self.at(offset, message.into());
        self.warnings.push((offset, warning));
    }

    fn at(&self, offset: usize, message: String) -> ConfigProblem {
        let line = self.text[..offset.min(self.text.len())].matches('\n').count() + 1;
        ConfigProblem { file: self.path.to_owned(), line, message }
    }

    /// Relative paths start at the folder of the file.
    pub(super) fn resolve_path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    fn parse(&mut self) -> Option<ConfigFile> {
        let offset = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
        let table = match DeTable::parse(self.text) {
            Ok(table) => table,
            Err(error) => {
                // Its `Display` would repeat the line, which may hold a secret.
                self.problem_at(offset(&error), error.message().trim());
                return None;
            }
        };
        let (table, problems) = schema_check::check(table);
        problems.into_iter().for_each(|(offset, message)| self.problem_at(offset, message));
        // Fails only if the schema and the types disagree. The error's message would repeat the value.
        let file = ConfigFile::deserialize(Deserializer::from(table));
        file.map_err(|error| self.problem_at(offset(&error), "this value is invalid")).ok()
    }

    fn config(&mut self, file: &ConfigFile) -> Config {
        let listen = self.listen(file.listen.as_ref());
        let admin = self.admin(file.admin.as_ref(), file.admin_remote, listen);
        let inspect = self.inspect(file, listen, admin);
        let limits = self.limits(&file.limits);
        let retention = self.retention(&file.retention);
        let trusted_proxies = self.networks(&file.trusted_proxies);
        let endpoints = self.endpoints(&file.endpoint);
        let tls = self.tls(file.tls.as_ref());
        let config = Config {
            listen: listen.unwrap_or_else(default_listen),
            admin,
            inspect,
            tls,
            behind_tls_proxy: file.behind_tls_proxy,
            trusted_proxies,
            data_dir: self.resolve_path(file.data_dir.as_deref().unwrap_or(DATA_FOLDER)),
            log_payloads: file.log_payloads.unwrap_or_else(|| io::stdout().is_terminal()),
            keep_refused_bodies: file.keep_refused_bodies,
            limits,
            retention,
            #[cfg(feature = "relay")]
            destinations: mem::take(&mut self.destinations.all).into(),
            endpoints,
            warnings: Vec::new(),
        };
        if self.secrets {
            self.check_plaintext(file, &config);
            self.warn_about_open_endpoints(file, &config);
        }
        config
    }

    /// Goes by the types of the credentials: their secrets may be unreadable.
    fn check_plaintext(&mut self, file: &ConfigFile, config: &Config) {
        // An unusable `[tls]` has been reported.
        if file.tls.is_some() || !config.crosses_a_network_in_the_clear() {
            return;
        }
        let offset = file.listen.as_ref().map_or(0, |listen| listen.span().start);
        let mut kinds =
            file.endpoint.iter().filter_map(|table| table.get_ref().authentication.as_ref()?.get_ref().kind);
        if kinds.clone().any(|kind| kind == AuthenticationKind::Basic) {
            self.problem_at(
                offset,
                "a Basic endpoint would accept passwords over plain HTTP; give the listener a certificate under [tls], \
                 listen on a loopback address, or put a TLS proxy in front and set `behind_tls_proxy = true`",
            );
        }
        if kinds.any(|kind| kind == AuthenticationKind::ClientSecret) {
            self.warning_at(offset, PLAINTEXT_SECRET_WARNING);
        }
    }

    fn warn_about_open_endpoints(&mut self, file: &ConfigFile, config: &Config) {
        if !config.is_public() {
            return;
        }
        for table in file.endpoint.iter().map(Spanned::get_ref) {
            let offset = table.path.as_ref().map_or(0, |path| path.span().start);
            if table.capture {
                self.warning_at(offset, format!("`capture = true`: {PUBLIC_CAPTURE}"));
            } else if table.authentication.is_none() {
                self.warning_at(
                    offset,
                    "this endpoint has no `authentication`, so it accepts messages from anyone; if that is intended, write \
                     `authentication = { type = \"none\" }`",
                );
            }
        }
    }

    fn networks(&mut self, typed: &[Spanned<String>]) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for typed in typed {
            let (text, offset) = (typed.get_ref(), typed.span().start);
            match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                // Meant as one address, it would trust a whole network.
                Ok(network) if network.trunc() != network => self.problem_at(
                    offset,
                    format!(
                        "`trusted_proxies`: {network} has bits after its prefix; write {} for the network, or {} for the \
                         address",
                        network.trunc(),
                        network.addr()
                    ),
                ),
                Ok(network) => networks.push(network),
                Err(_) => self.problem_at(
                    offset,
                    "`trusted_proxies` must be IP addresses and networks, such as 127.0.0.1 or 10.0.0.0/8",
                ),
            }
        }
        networks
    }

    fn listen(&mut self, listen: Option<&Spanned<String>>) -> Option<SocketAddr> {
        let Some(listen) = listen else { return Some(default_listen()) };
        let parsed = listen.get_ref().parse().ok();
        if parsed.is_none() {
            self.problem(listen, format!("`listen` must be an IP address and a port, such as {DEFAULT_LISTEN}"));
        }
        parsed
    }

    /// The admin listener has no authentication, so it is local unless the file says otherwise.
    fn admin(
        &mut self,
        typed: Option<&Spanned<String>>,
        remote: bool,
        listen: Option<SocketAddr>,
    ) -> Option<SocketAddr> {
        let typed = typed?;
        let offset = typed.span().start;
        let Ok(address) = typed.get_ref().parse::<SocketAddr>() else {
            self.problem_at(offset, "`admin` must be an IP address and a port, such as 127.0.0.1:9090");
            return None;
        };
        if !address.ip().to_canonical().is_loopback() && !remote {
            self.problem_at(
                offset,
                "`admin` would show health and metrics to anyone who can reach this address; use a loopback address, or, \
                 if a firewall or container network keeps others out, set `admin_remote = true`",
            );
        }
        if listen.is_some_and(|listen| overlap(listen, address)) {
            self.problem_at(offset, "`admin` and `listen` are the same address; change the port of one");
        }
        Some(address)
    }
}

fn in_file_order(mut problems: Vec<(usize, ConfigProblem)>) -> Vec<ConfigProblem> {
    problems.sort_by_key(|(offset, problem)| (*offset, problem.line));
    problems.into_iter().map(|(_, problem)| problem).collect()
}

fn default_listen() -> SocketAddr {
    DEFAULT_LISTEN.parse().expect("the default address is valid")
}

/// Whether two listeners cannot be open at the same time.
pub(super) fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (one_ip, other_ip) = (one.ip().to_canonical(), other.ip().to_canonical());
    let same_host = one_ip == other_ip || one_ip.is_unspecified() || other_ip.is_unspecified();
    same_host && one.port() == other.port() && one.port() != 0
}
