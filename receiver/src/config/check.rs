//! From what was typed to what is meant: every problem is collected, with its line.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, IsTerminal as _},
    mem::discriminant,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use schemas::{
    Authentication, Profile,
    uri::{has_valid_escapes, normalize_path},
};
use toml::{Spanned, de::DeTable};

use super::{
    Config, ConfigError, ConfigProblem, DEFAULT_LISTEN, EndpointConfig, PUBLIC_CAPTURE, Sources,
    file::{EndpointTable, File},
    first_run::DATA_FOLDER,
    shape::Shape,
};

/// What a client secret over plain HTTP is warned of with; the product itself sends it to any URL.
pub(crate) const CLIENT_SECRET_IN_THE_CLEAR: &str = "client secrets cross the network over plain HTTP here, and whoever is \
    on the way can read them; give the listener a certificate under [tls], or listen on a loopback address, or put a proxy \
    that speaks TLS in front and say `behind_tls_proxy = true`";

/// Without `secrets` the references are not followed, and every endpoint stands there without authentication.
pub(super) fn check(text: &str, path: &Path, secrets: bool, sources: &mut Sources) -> Result<Config, ConfigError> {
    let mut check = Check {
        text,
        path,
        secrets,
        sources,
        problems: Vec::new(),
        warnings: Vec::new(),
        #[cfg(feature = "relay")]
        destinations: Vec::new(),
    };
    let config = check.file();
    check.problems.sort_by_key(|problem| problem.line);
    check.warnings.sort_by_key(|warning| warning.line);
    match config {
        Some(config) if check.problems.is_empty() => {
            let warnings = check.warnings.iter().map(ToString::to_string).collect();
            Ok(Config { warnings, ..config })
        }
        _ => Err(ConfigError::Wrong { problems: check.problems }),
    }
}

pub(super) struct Check<'t> {
    text: &'t str,
    path: &'t Path,
    pub(super) secrets: bool,
    pub(super) sources: &'t mut Sources,
    problems: Vec<ConfigProblem>,
    warnings: Vec<ConfigProblem>,
    #[cfg(feature = "relay")]
    pub(super) destinations: Vec<crate::relay::Destination>,
}

impl Check<'_> {
    pub(super) fn problem(&mut self, offset: usize, message: impl Into<String>) {
        let problem = self.at(offset, message.into());
        self.problems.push(problem);
    }

    pub(super) fn warning(&mut self, offset: usize, message: impl Into<String>) {
        let warning = self.at(offset, message.into());
        self.warnings.push(warning);
    }

    fn at(&self, offset: usize, message: String) -> ConfigProblem {
        let line = self.text[..offset.min(self.text.len())].matches('\n').count() + 1;
        ConfigProblem { file: self.path.to_owned(), line, message }
    }

    fn toml_problem(&mut self, error: &toml::de::Error) {
        // Not the error's own display: it repeats the line, which may hold a secret.
        let message = error.message().trim();
        let names_value = ["invalid type: ", "invalid value: ", "unknown variant "];
        let message = match message.rsplit_once("expected ") {
            // Nor the value that stands there.
            Some((_, expected)) if names_value.iter().any(|words| message.starts_with(words)) => {
                format!("the value here does not fit: expected {expected}")
            }
            _ => message.to_owned(),
        };
        self.problem(error.span().map_or(0, |span| span.start), message);
    }

    /// A path of the file: relative ones start at the file's folder.
    pub(super) fn beside(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    fn file(&mut self) -> Option<Config> {
        match DeTable::parse(self.text) {
            Ok(table) => {
                let Shape { problems, readable } = Shape::of(table.get_ref());
                problems.into_iter().for_each(|(offset, message)| self.problem(offset, message));
                if !readable {
                    return None;
                }
            }
            Err(error) => {
                self.toml_problem(&error);
                return None;
            }
        }
        let file: File = match toml::from_str(self.text) {
            Ok(file) => file,
            Err(error) => {
                self.toml_problem(&error);
                return None;
            }
        };
        let listen = self.listen(file.listen.as_ref());
        let admin = self.admin(file.admin.as_ref(), file.admin_remote, listen);
        let limits = self.limits(&file.limits);
        let retention = self.retention(&file.retention);
        let trusted_proxies = self.networks(&file.trusted_proxies);
        let endpoints = self.endpoints(&file.endpoint);
        let tls = self.tls(file.tls.as_ref());
        let config = Config {
            listen: listen?,
            admin,
            tls,
            behind_tls_proxy: file.behind_tls_proxy,
            trusted_proxies,
            data_dir: self.beside(file.data_dir.as_deref().unwrap_or(DATA_FOLDER)),
            log_payloads: file.log_payloads.unwrap_or_else(|| io::stdout().is_terminal()),
            limits,
            retention,
            #[cfg(feature = "relay")]
            destinations: std::mem::take(&mut self.destinations).into(),
            endpoints,
            warnings: Vec::new(),
        };
        // A `[tls]` that is wrong was said already.
        if file.tls.is_none() && config.takes_passwords_in_the_clear() {
            let offset = file.listen.as_ref().map_or(0, |listen| listen.span().start);
            self.problem(
                offset,
                "a Basic endpoint would take passwords over plain HTTP here; give the listener a certificate under \
                 [tls], or listen on a loopback address, or put a proxy that speaks TLS in front and say \
                 `behind_tls_proxy = true`",
            );
        }
        if file.tls.is_none() && config.takes_client_secrets_in_the_clear() {
            let offset = file.listen.as_ref().map_or(0, |listen| listen.span().start);
            self.warning(offset, CLIENT_SECRET_IN_THE_CLEAR);
        }
        self.warn_of_open_endpoints(&file, &config);
        Some(config)
    }

    /// An endpoint that others reach and that believes anybody is meant to be so where the file says so. One that captures
    /// believes anybody too, and keeps what they send.
    fn warn_of_open_endpoints(&mut self, file: &File, config: &Config) {
        if !config.is_public() || !self.secrets {
            return;
        }
        for table in file.endpoint.iter().map(Spanned::get_ref) {
            let offset = table.path.span().start;
            if table.capture {
                self.warning(offset, format!("`capture = true`: {PUBLIC_CAPTURE}"));
            } else if table.authentication.is_none() {
                self.warning(
                    offset,
                    "this endpoint has no `authentication`, so it takes messages from anybody; if that is meant, write \
                     `authentication = { type = \"none\" }`",
                );
            }
        }
    }

    fn networks(&mut self, typed: &[Spanned<String>]) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for typed in typed {
            let text = typed.get_ref();
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            match network {
                // It may be meant as one address, and would be a whole network.
                Ok(network) if network.trunc() != network => self.problem(
                    typed.span().start,
                    format!(
                        "in `trusted_proxies` {network} has bits after its prefix: write {} for the network, or {} for \
                         the address",
                        network.trunc(),
                        network.addr()
                    ),
                ),
                Ok(network) => networks.push(network),
                Err(_) => self.problem(
                    typed.span().start,
                    "`trusted_proxies` takes IP addresses and networks, such as 127.0.0.1 or 10.0.0.0/8",
                ),
            }
        }
        networks
    }

    fn listen(&mut self, listen: Option<&Spanned<String>>) -> Option<SocketAddr> {
        let (text, offset) = listen.map_or((DEFAULT_LISTEN, 0), |listen| (listen.get_ref(), listen.span().start));
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.problem(offset, format!("`listen` takes an IP address and a port, such as {DEFAULT_LISTEN}"));
        }
        parsed
    }

    /// It asks nobody who they are, so by default only this machine may ask it.
    fn admin(
        &mut self,
        typed: Option<&Spanned<String>>,
        remote: bool,
        listen: Option<SocketAddr>,
    ) -> Option<SocketAddr> {
        let typed = typed?;
        let Ok(address) = typed.get_ref().parse::<SocketAddr>() else {
            self.problem(typed.span().start, "`admin` takes an IP address and a port, such as 127.0.0.1:9090");
            return None;
        };
        if !address.ip().to_canonical().is_loopback() && !remote {
            self.problem(
                typed.span().start,
                "`admin` would show health and metrics to anybody who reaches this address; listen on a loopback \
                 address, or, where a firewall or a network of containers keeps strangers out, say \
                 `admin_remote = true`",
            );
        }
        if listen.is_some_and(|listen| overlap(listen, address)) {
            self.problem(typed.span().start, "`admin` and `listen` are the same address; give one another port");
        }
        Some(address)
    }

    fn endpoints(&mut self, tables: &[Spanned<EndpointTable>]) -> Vec<EndpointConfig> {
        if tables.is_empty() {
            self.problem(0, "there is no [[endpoint]]; one needs at least a `path`");
        }
        let (mut paths, mut names) = (HashMap::new(), HashSet::new());
        let mut endpoints = Vec::new();
        for table in tables {
            let table = table.get_ref();
            let path = table.path.get_ref();
            if !path.starts_with('/') || path.contains(['?', '#']) {
                self.problem(table.path.span().start, "`path` begins with `/` and has neither query nor fragment");
            } else if path.contains(|character: char| !character.is_ascii_graphic()) {
                self.problem(
                    table.path.span().start,
                    "`path` stands here as in a request: spaces, and what is not ASCII, percent-encoded (a space is %20)",
                );
            } else if !has_valid_escapes(path) {
                self.problem(
                    table.path.span().start,
                    "in `path` each % is followed by two hexadecimal digits; a percent sign itself is %25",
                );
            }
            match paths.insert(normalize_path(path), path) {
                Some(other) if other == path => {
                    self.problem(table.path.span().start, format!("another endpoint has the path {path} already"));
                }
                Some(other) => self.problem(
                    table.path.span().start,
                    format!("{path} and {other} are the same path, spelled differently (RFC 3986 section 6.2.2)"),
                ),
                None => {}
            }
            let name = table.name.as_ref().unwrap_or(&table.path);
            if name.get_ref().is_empty() {
                self.problem(name.span().start, "`name` is empty; without it the path is the name");
            }
            if !names.insert(name.get_ref()) {
                self.problem(name.span().start, format!("another endpoint has the name {} already", name.get_ref()));
            }
            endpoints.extend(self.endpoint(table, path.clone(), name.get_ref().clone()));
        }
        endpoints
    }

    fn endpoint(&mut self, table: &EndpointTable, path: String, name: String) -> Option<EndpointConfig> {
        let profile = self.profile(table.profile.as_ref());
        let (authentication, not_after) = match &table.authentication {
            Some(credential) => self.credential(credential).map_or((None, None), |(kind, end)| (Some(kind), end)),
            None => (Some(Authentication::None), None),
        };
        if not_after.is_some() {
            let offset = table.authentication.as_ref().map_or(0, |credential| credential.span().start);
            self.problem(
                offset,
                "`not_after` belongs to a credential in `also_accept`; this one is the one that stays",
            );
        }
        let mut also_accept = Vec::new();
        let more = if self.secrets { table.also_accept.as_slice() } else { &[] };
        for credential in more {
            let Some(more) = self.credential(credential) else { continue };
            let differs = authentication.as_ref().is_some_and(|first| discriminant(first) != discriminant(&more.0));
            if differs || more.0 == Authentication::None {
                self.problem(
                    credential.span().start,
                    "`also_accept` takes credentials of the type of `authentication`",
                );
            }
            also_accept.push(more);
        }
        #[cfg(feature = "relay")]
        if let Some(profile) = &profile {
            self.destinations(&table.destination, &name, profile);
        }
        #[cfg(not(feature = "relay"))]
        if let Some(destination) = table.destination.first() {
            self.problem(destination.span().start, "this receiver was built without the feature `relay`");
        }
        Some(EndpointConfig {
            path,
            name,
            authentication: authentication?,
            also_accept,
            profile: profile?,
            nonconforming: table.nonconforming,
            capture: table.capture,
        })
    }

    fn profile(&mut self, typed: Option<&Spanned<String>>) -> Option<Profile> {
        let Some(typed) = typed else { return Some(Profile::v1().clone()) };
        let path = self.beside(typed.get_ref());
        self.sources.note(&path);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                self.problem(typed.span().start, format!("cannot read the profile {}: {error}", path.display()));
                return None;
            }
        };
        match Profile::parse(&text) {
            Ok(profile) => Some(profile),
            Err(error) => {
                let problems = error.problems.into_iter();
                self.problems.extend(problems.map(|problem| ConfigProblem {
                    file: path.clone(),
                    line: problem.line,
                    message: problem.message,
                }));
                None
            }
        }
    }
}

/// Whether two listeners cannot have both.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (one_ip, other_ip) = (one.ip().to_canonical(), other.ip().to_canonical());
    let same_host = one_ip == other_ip || one_ip.is_unspecified() || other_ip.is_unspecified();
    same_host && one.port() == other.port() && one.port() != 0
}
