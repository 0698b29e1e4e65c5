//! Resolves destinations. Each template and filter is tried on every sample, so that one that cannot work is reported
//! before the first message.

use std::{path::PathBuf, sync::Arc, time::Duration};

use delivery::{AddressGuard, AllowedAddresses, EndpointUrl, Rate, RetryPolicy, RetrySettings};
use http::HeaderValue;
use schemas::{Authentication, AuthenticationKind, Profile, wire};
use secrecy::ExposeSecret as _;
use toml::Spanned;

use super::{
    file::{DestinationKind, DestinationTable, RetryTable},
    resolve::ConfigResolver,
};
use crate::relay::{
    Budget, Content, Destination, DestinationFilter, DestinationTarget, FlowUrl, Host, Template, Web,
    validate::{SampleCheck, SampleError},
};

/// Teams accepts 4 requests per second from one sender.
const TEAMS_RATE: &str = "4/s";

const MAX_NAME_BYTES: usize = 64;

impl ConfigResolver<'_> {
    /// Resolves the destinations of an endpoint, unless secrets are not wanted.
    pub(super) fn destinations(&mut self, tables: &[Spanned<DestinationTable>], endpoint: &str, profile: &Profile) {
        for table in if self.secrets { tables } else { &[] } {
            if let Some(name) = &table.get_ref().name {
                self.check_name(name);
            }
            self.check_keys(table);
            let destination = self.destination(table, endpoint, profile);
            self.destinations.all.extend(destination);
        }
    }

    fn check_name(&mut self, typed: &Spanned<String>) {
        let name = typed.get_ref();
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !begins_well || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_valid) {
            self.problem(
                typed,
                format!(
                    "the `name` of a destination must have 1 to {MAX_NAME_BYTES} letters, digits, `.`, `_` and `-`, and \
                     begin with a letter or digit"
                ),
            );
        }
        if !self.destinations.names.insert(name.clone()) {
            self.problem(typed, format!("another destination already has the name {name}"));
        }
    }

    /// Reports keys that do not belong to the type, and missing ones.
    fn check_keys(&mut self, table: &Spanned<DestinationTable>) {
        use DestinationKind::{File, Http, Teams};
        fn offset_of<T>(typed: &Option<Spanned<T>>) -> Option<usize> {
            typed.as_ref().map(|typed| typed.span().start)
        }
        let (offset, table) = (table.span().start, table.get_ref());
        let Some(kind) = table.kind else { return };
        let keys: [(&str, Option<usize>, &[DestinationKind], bool); 12] = [
            ("url", offset_of(&table.url), &[Teams, Http], true),
            ("path", offset_of(&table.path), &[File], true),
            ("template", offset_of(&table.template), &[Teams, Http], false),
            ("flow_url", offset_of(&table.flow_url), &[Teams, Http], false),
            ("budget_bytes", offset_of(&table.budget_bytes), &[Teams], false),
            ("content_type", offset_of(&table.content_type), &[Http], false),
            ("authentication", offset_of(&table.authentication), &[Http], false),
            ("rate", offset_of(&table.rate), &[Teams, Http], false),
            ("retry", offset_of(&table.retry), &[Teams, Http], false),
            ("timeout", offset_of(&table.timeout), &[Teams, Http], false),
            ("allow_address", table.allow_address.first().map(|typed| typed.span().start), &[Teams, Http], false),
            ("allow_plaintext", table.allow_plaintext.then_some(offset), &[Teams, Http], false),
        ];
        for (key, typed, kinds, is_required) in keys {
            match typed {
                Some(offset) if !kinds.contains(&kind) => {
                    self.problem_at(
                        offset,
                        format!("`{key}` does not belong to a destination of type \"{}\"", kind.name()),
                    );
                }
                None if is_required && kinds.contains(&kind) => {
                    self.problem_at(offset, format!("`{key}` is missing; type \"{}\" requires it", kind.name()));
                }
                _ => {}
            }
        }
    }

    fn destination(
        &mut self,
        table: &Spanned<DestinationTable>,
        endpoint: &str,
        profile: &Profile,
    ) -> Option<Destination> {
        let (offset, table) = (table.span().start, table.get_ref());
        let flow_url = self.parsed::<FlowUrl>("flow_url", table.flow_url.as_ref());
        // A template that uses an unusable pattern is not wrong for that.
        let assumed = Some("https://flow.invalid/{flowIdentifier}".parse().expect("a valid pattern"));
        let check = SampleCheck { profile, endpoint, flow_url: flow_url.as_ref().unwrap_or(&assumed).as_ref() };
        let when = self.when(table.when.as_ref(), &check);
        let target = match table.kind {
            Some(DestinationKind::File) => {
                table.path.as_ref().map(|path| DestinationTarget::File(self.file_path(path)))
            }
            _ => self.web(table, offset, &check).map(|web| DestinationTarget::Web(Arc::new(web))),
        };
        Some(Destination {
            name: table.name.as_ref()?.get_ref().as_str().into(),
            endpoint: endpoint.to_owned(),
            profile: profile.clone(),
            when: when?,
            flow_url: flow_url?,
            target: target?,
        })
    }

    fn file_path(&mut self, typed: &Spanned<String>) -> PathBuf {
        let path = self.resolve_path(typed.get_ref());
        if !self.destinations.files.insert(path.clone()) {
            let message = format!("another destination already writes to {}", path.display());
            self.problem(typed, message);
        }
        path
    }

    /// Also checks a destination whose type is invalid, which then gives `None`.
    fn web(&mut self, table: &DestinationTable, offset: usize, check: &SampleCheck<'_>) -> Option<Web> {
        let is_teams = table.kind == Some(DestinationKind::Teams);
        let target = table.url.as_ref().and_then(|url| self.target(url, is_teams));
        let authentication = match &table.authentication {
            None => Some(Authentication::None),
            Some(typed) => {
                if let Some(not_after) = &typed.get_ref().not_after {
                    self.problem(not_after, "`not_after` does not belong to a destination");
                }
                self.credential(typed)
            }
        };
        let content = table.kind.and_then(|kind| self.content(kind, table, check));
        let default_rate = is_teams.then(|| TEAMS_RATE.parse().expect("the default rate is valid"));
        let rate = self.parsed::<Rate>("rate", table.rate.as_ref()).map(|rate| rate.or(default_rate));
        let retry = self.retry(table.retry.as_ref());
        let timeout = self.duration("timeout", &table.timeout, Duration::from_secs(30));
        let allowed: Vec<Option<AllowedAddresses>> = table
            .allow_address
            .iter()
            .map(|typed| self.parsed::<AllowedAddresses>("allow_address", Some(typed)).flatten())
            .collect();
        let (target, is_secret) = target?;
        let url_offset = table.url.as_ref().map_or(offset, |url| url.span().start);
        let allowed: Option<Vec<AllowedAddresses>> = allowed.into_iter().collect();
        let guard = allowed.as_ref().map(AddressGuard::with);
        let is_refused = |address| guard.as_ref().is_some_and(|guard| !guard.allows(target.host(), address));
        if target.host().parse().is_ok_and(is_refused) {
            self.problem_at(
                url_offset,
                "the address in `url` is not public, so requests to it are refused; to allow it, set for example \
                 `allow_address = [\"private\"]`",
            );
        }
        let kind = table.authentication.as_ref().and_then(|typed| typed.get_ref().kind);
        let has_secret = is_secret || kind.is_some_and(|kind| kind != AuthenticationKind::None);
        if has_secret && !target.is_encrypted() && !target.is_loopback() && !table.allow_plaintext {
            self.problem_at(
                url_offset,
                "a secret would cross the network over plain HTTP; use an https URL, or set `allow_plaintext = true` if \
                 nobody can listen on the way",
            );
        }
        Some(Web {
            url: target,
            is_secret,
            content: content?,
            authentication: authentication?,
            rate: rate?,
            retry: retry?,
            timeout,
            allowed: allowed?,
        })
    }

    /// The URL, and whether it is a secret. It is never repeated.
    fn target(&mut self, typed: &Spanned<String>, is_teams: bool) -> Option<(EndpointUrl, bool)> {
        let is_literal = typed.get_ref().starts_with("http://") || typed.get_ref().starts_with("https://");
        let parsed = if is_literal {
            typed.get_ref().parse::<EndpointUrl>()
        } else {
            self.secret("url", typed)?.expose_secret().parse()
        };
        if is_literal && is_teams {
            self.problem(
                typed,
                "anyone who has the `url` of a Workflow can post to it; put it into a file that only the receiver can read, \
                 and write `file:PATH` (or `env:NAME`) here",
            );
        }
        let target = parsed.map_err(|error| self.problem(typed, format!("`url`: {error}"))).ok()?;
        match Host::of(&target) {
            Host::Connectors if is_teams => self.problem(
                typed,
                "this is the `url` of an Office 365 connector; Microsoft switched connectors off in May 2026, so posts to \
                 it are lost. Create a Workflow in Teams and use its URL (see docs/relay.md)",
            ),
            Host::Other if is_teams => self.warning(
                typed,
                "the host of this `url` is not one that Teams Workflows use (*.logic.azure.com, \
                 *.environment.api.powerplatform.com); cards are posted to it anyway",
            ),
            Host::Connectors | Host::Other | Host::Workflows => {}
        }
        Some((target, !is_literal))
    }

    fn content(&mut self, kind: DestinationKind, table: &DestinationTable, check: &SampleCheck<'_>) -> Option<Content> {
        if kind == DestinationKind::Teams {
            let budget = self.budget(table.budget_bytes.as_ref());
            let template = match &table.template {
                None => Some(Template::default_card()),
                Some(typed) => self.template(typed, |template| check.card(template, budget.unwrap_or_default())),
            };
            return Some(Content::Card { template: template?, budget: budget? });
        }
        let content_type = match &table.content_type {
            None => Some(None),
            Some(typed) => match HeaderValue::from_str(typed.get_ref()) {
                Ok(value) if wire::is_media_type(typed.get_ref()) => Some(Some(value)),
                _ => {
                    self.problem(typed, "`content_type` must be a media type, such as text/plain");
                    None
                }
            },
        };
        let Some(typed) = &table.template else {
            let content_type = content_type?.unwrap_or(HeaderValue::from_static(wire::JSON_MEDIA_TYPE));
            return Some(Content::Message { content_type });
        };
        let authentication = table.authentication.as_ref().and_then(|typed| typed.get_ref().kind);
        if authentication == Some(AuthenticationKind::ClientSecret) {
            self.problem(
                typed,
                "a client secret is part of the message, and a `template` replaces the message; use another \
                 authentication, or remove the template",
            );
        }
        let template = self.template(typed, |template| check.text(template))?;
        let content_type = content_type?.unwrap_or_else(|| template.format().content_type());
        Some(Content::Text { template, content_type })
    }

    /// The template, if it works on every sample.
    fn template(
        &mut self,
        typed: &Spanned<String>,
        lint: impl Fn(&Template) -> Result<(), SampleError>,
    ) -> Option<Template> {
        let path: PathBuf = self.resolve_path(typed.get_ref());
        self.sources.note(&path);
        let template = Template::read(&path).map_err(|error| error.to_string());
        let checked = template.and_then(|template| match lint(&template) {
            Ok(()) => Ok(template),
            Err(error) => Err(error.to_string()),
        });
        checked.map_err(|error| self.problem(typed, format!("`template`: {error}"))).ok()
    }

    /// The filter, if it works on every sample; `None` if it is wrong.
    #[expect(clippy::option_option, reason = "the outer is about validity, the inner about presence")]
    fn when(&mut self, typed: Option<&Spanned<String>>, check: &SampleCheck<'_>) -> Option<Option<DestinationFilter>> {
        let Some(typed) = typed else { return Some(None) };
        let when = DestinationFilter::parse(typed.get_ref()).map_err(|error| error.to_string());
        let checked = when.and_then(|when| match check.when(&when) {
            Ok(()) => Ok(when),
            Err(error) => Err(error.to_string()),
        });
        checked.map_err(|error| self.problem(typed, format!("`when`: {error}"))).ok().map(Some)
    }

    fn budget(&mut self, typed: Option<&Spanned<usize>>) -> Option<Budget> {
        let Some(typed) = typed else { return Some(Budget::default()) };
        let budget = Budget::new(*typed.get_ref());
        budget.map_err(|error| self.problem(typed, format!("`budget_bytes`: {error}"))).ok()
    }

    fn retry(&mut self, typed: Option<&Spanned<RetryTable>>) -> Option<RetryPolicy> {
        let default = RetrySettings::default();
        let Some(typed) = typed else { return Some(RetryPolicy::default()) };
        let table = typed.get_ref();
        let cap = self.duration("longest_wait", &table.longest_wait, default.cap);
        let range = 1..=u32::MAX as usize;
        let attempts = self.number("attempts", &table.attempts, range, default.attempts as usize);
        let policy = RetryPolicy::new(RetrySettings {
            base: default.base.min(cap),
            cap,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            total: self.duration("total", &table.total, default.total),
            retry_after_cap: cap,
        });
        policy.map_err(|error| self.problem(typed, format!("`retry`: {error}"))).ok()
    }

    /// A parsed text, if there is one; `None` if it is invalid.
    #[expect(clippy::option_option, reason = "the outer is about validity, the inner about presence")]
    fn parsed<T>(&mut self, key: &str, typed: Option<&Spanned<String>>) -> Option<Option<T>>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let Some(typed) = typed else { return Some(None) };
        match typed.get_ref().parse() {
            Ok(value) => Some(Some(value)),
            Err(error) => {
                self.problem(typed, format!("`{key}`: {error}"));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
