//! Resolves the endpoints and their profiles.

use std::{
    collections::{HashMap, HashSet},
    fs,
    mem::discriminant,
};

use schemas::{
    Authentication, Profile,
    uri::{has_valid_escapes, normalize_path},
};
use toml::Spanned;

use super::{ConfigProblem, EndpointConfig, file::EndpointTable, resolve::ConfigResolver};

impl ConfigResolver<'_> {
    pub(super) fn endpoints(&mut self, tables: &[Spanned<EndpointTable>]) -> Vec<EndpointConfig> {
        let (mut paths, mut names) = (HashMap::new(), HashSet::new());
        let mut endpoints = Vec::new();
        for table in tables.iter().map(Spanned::get_ref) {
            let mut is_repeated = false;
            if let Some(typed) = &table.path {
                let (path, offset) = (typed.get_ref(), typed.span().start);
                self.check_path(typed);
                if let Some(other) = paths.insert(normalize_path(path), path) {
                    is_repeated = other == path;
                    self.problem_at(
                        offset,
                        match is_repeated {
                            true => format!("another endpoint already has the path {path}"),
                            false => {
                                format!(
                                    "{path} and {other} are the same path, spelled differently (RFC 3986 section 6.2.2)"
                                )
                            }
                        },
                    );
                }
            }
            let name = table.name.as_ref().or(table.path.as_ref());
            if let Some(name) = name {
                let (text, offset) = (name.get_ref(), name.span().start);
                if text.is_empty() {
                    self.problem_at(offset, "`name` must not be empty; leave it out to use the path as the name");
                }
                // A name that is only the repeated path has been reported.
                let is_reported = is_repeated && table.name.is_none();
                if !names.insert(text) && !is_reported {
                    self.problem_at(offset, format!("another endpoint already has the name {text}"));
                }
            }
            let name = name.map(|name| name.get_ref().clone()).unwrap_or_default();
            endpoints.extend(self.endpoint(table, name));
        }
        endpoints
    }

    fn check_path(&mut self, typed: &Spanned<String>) {
        let path = typed.get_ref();
        for (is_valid, message) in [
            (
                path.starts_with('/') && !path.contains(['?', '#']),
                "`path` must begin with `/` and must not have a query or fragment",
            ),
            (
                path.bytes().all(|byte| byte.is_ascii_graphic()),
                "`path` must be percent-encoded where it has spaces or non-ASCII characters (a space is %20)",
            ),
            (
                has_valid_escapes(path),
                "`path` must have two hexadecimal digits after each %; write %25 for a percent sign",
            ),
        ] {
            if !is_valid {
                self.problem(typed, message);
            }
        }
    }

    fn endpoint(&mut self, table: &EndpointTable, name: String) -> Option<EndpointConfig> {
        let profile = self.profile(table.profile.as_ref());
        let authentication = match &table.authentication {
            Some(typed) => {
                if let Some(not_after) = &typed.get_ref().not_after {
                    let message =
                        "`not_after` belongs to credentials in `also_accept`; `authentication` does not expire";
                    self.problem(not_after, message);
                }
                self.credential(typed)
            }
            None => Some(Authentication::None),
        };
        let mut also_accept = Vec::new();
        for typed in if self.secrets { table.also_accept.as_slice() } else { &[] } {
            let not_after = self.not_after(typed.get_ref());
            let Some(credential) = self.credential(typed) else { continue };
            let differs = authentication.as_ref().is_some_and(|first| discriminant(first) != discriminant(&credential));
            if differs || credential == Authentication::None {
                self.problem(typed, "credentials in `also_accept` must have the same type as `authentication`");
            }
            also_accept.push((credential, not_after));
        }
        #[cfg(feature = "relay")]
        self.destinations(&table.destination, &name, profile.as_ref().unwrap_or(Profile::v1()));
        #[cfg(not(feature = "relay"))]
        if let Some(destination) = table.destination.first() {
            self.problem(destination, "this receiver was built without the feature `relay`");
        }
        Some(EndpointConfig {
            path: table.path.as_ref()?.get_ref().clone(),
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
        let (path, offset) = (self.resolve_path(typed.get_ref()), typed.span().start);
        self.sources.note(&path);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                self.problem_at(offset, format!("`profile`: cannot read {}: {error}", path.display()));
                return None;
            }
        };
        match Profile::parse(&text) {
            Ok(profile) => Some(profile),
            Err(error) => {
                for problem in error.problems {
                    let (line, message) = (problem.line, problem.message);
                    self.problem_in(offset, ConfigProblem { file: path.clone(), line, message });
                }
                None
            }
        }
    }
}
