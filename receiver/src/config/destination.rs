//! From what was typed of a destination to what is meant. Its template and its condition are tried on every sample, so
//! that what cannot work is known before a message comes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::HeaderValue;
use schemas::{Authentication, Profile, wire};
use secrecy::ExposeSecret as _;
use sender::delivery::{AddressGuard, Allowed, Rate, RetryPolicy, RetrySettings, Target};
use toml::Spanned;

use super::{
    check::Check,
    file::{DestinationKind, DestinationTable, RetryTable},
};
use crate::relay::{
    Budget, Content, Destination, FlowUrl, Host, Kind, Template, Web, When,
    trial::{OnSample, Trial},
};

/// What Teams takes of one sender.
const TEAMS_RATE: &str = "4/s";

/// Longest name.
const NAME_MAX: usize = 64;

impl Check<'_> {
    /// Adds the destinations of an endpoint. Without secrets there are none: whoever only reads needs none.
    pub(super) fn destinations(&mut self, tables: &[Spanned<DestinationTable>], endpoint: &str, profile: &Profile) {
        if !self.secrets {
            return;
        }
        for table in tables {
            let name = &table.get_ref().name;
            self.check_name(name);
            let Some(destination) = self.destination(table, endpoint, profile) else { continue };
            let is_named_alike = self.destinations.iter().any(|other| other.name == destination.name);
            let has_same_file = matches!(destination.kind, Kind::File(_))
                && self.destinations.iter().any(|other| other.kind == destination.kind);
            for (what, is_taken) in [("name", is_named_alike), ("file", has_same_file)] {
                if is_taken {
                    let words = format!("another destination has the {what} of {}", destination.name);
                    self.problem(name.span().start, words);
                }
            }
            self.destinations.push(destination);
        }
    }

    fn check_name(&mut self, name: &Spanned<String>) {
        let text = name.get_ref();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !begins || text.len() > NAME_MAX || !text.bytes().all(fits) {
            self.problem(
                name.span().start,
                format!(
                    "the `name` of a destination has 1 to {NAME_MAX} letters, digits, `.`, `_` and `-`, and begins with a \
                     letter or digit"
                ),
            );
        }
    }

    fn destination(
        &mut self,
        table: &Spanned<DestinationTable>,
        endpoint: &str,
        profile: &Profile,
    ) -> Option<Destination> {
        self.check_keys(table);
        let (offset, table) = (table.span().start, table.get_ref());
        let flow_url = self.parsed::<FlowUrl>("flow_url", table.flow_url.as_ref());
        let trial = Trial { profile, endpoint, flow_url: flow_url.as_ref().and_then(Option::as_ref) };
        let when = self.when(table.when.as_ref(), &trial);
        let kind = match table.kind {
            DestinationKind::File => table.path.as_ref().map(|path| Kind::File(self.beside(path.get_ref()))),
            DestinationKind::Teams | DestinationKind::Http => {
                self.web(table, offset, &trial).map(|web| Kind::Web(Arc::new(web)))
            }
        };
        Some(Destination {
            name: table.name.get_ref().as_str().into(),
            endpoint: endpoint.to_owned(),
            profile: profile.clone(),
            when: when?,
            flow_url: flow_url?,
            kind: kind?,
        })
    }

    /// Keys that do not belong to the type, and those that it needs.
    fn check_keys(&mut self, table: &Spanned<DestinationTable>) {
        use DestinationKind::{File, Http, Teams};
        let (offset, table) = (table.span().start, table.get_ref());
        let keys: [(&str, Option<usize>, &[DestinationKind], bool); 12] = [
            ("url", place(table.url.as_ref()), &[Teams, Http], true),
            ("path", place(table.path.as_ref()), &[File], true),
            ("template", place(table.template.as_ref()), &[Teams, Http], false),
            ("flow_url", place(table.flow_url.as_ref()), &[Teams, Http], false),
            ("budget_bytes", place(table.budget_bytes.as_ref()), &[Teams], false),
            ("content_type", place(table.content_type.as_ref()), &[Http], false),
            ("authentication", place(table.authentication.as_ref()), &[Http], false),
            ("rate", place(table.rate.as_ref()), &[Teams, Http], false),
            ("retry", place(table.retry.as_ref()), &[Teams, Http], false),
            ("timeout", place(table.timeout.as_ref()), &[Teams, Http], false),
            ("allow_address", place(table.allow_address.first()), &[Teams, Http], false),
            ("allow_plaintext", table.allow_plaintext.then_some(offset), &[Teams, Http], false),
        ];
        for (key, typed, kinds, is_needed) in keys {
            let belongs = kinds.contains(&table.kind);
            match typed {
                Some(place) if !belongs => self.problem(place, format!("`{key}` does not belong to this type")),
                None if belongs && is_needed => self.problem(offset, format!("`{key}` is missing for this type")),
                _ => {}
            }
        }
    }

    fn web(&mut self, table: &DestinationTable, offset: usize, trial: &Trial<'_>) -> Option<Web> {
        let is_teams = table.kind == DestinationKind::Teams;
        let url = table.url.as_ref();
        let target = url.and_then(|url| self.target(url, is_teams));
        let authentication = match &table.authentication {
            None => Some(Authentication::None),
            Some(typed) => match self.credential(typed) {
                Some((_, Some(_))) => {
                    self.problem(typed.span().start, "`not_after` does not belong to a destination");
                    None
                }
                Some((authentication, None)) => Some(authentication),
                None => None,
            },
        };
        let content = self.content(table, authentication.as_ref(), trial);
        let default_rate = is_teams.then(|| TEAMS_RATE.parse().expect("the default rate is one"));
        let rate = self.parsed::<Rate>("rate", table.rate.as_ref()).map(|rate| rate.or(default_rate));
        let retry = self.retry(table.retry.as_ref());
        let timeout = self.duration("timeout", table.timeout.as_ref(), Duration::from_secs(30));
        let allowed: Vec<Option<Allowed>> = table
            .allow_address
            .iter()
            .map(|typed| self.parsed::<Allowed>("allow_address", Some(typed)).flatten())
            .collect();
        let (target, is_secret) = target?;
        let allowed: Option<Vec<Allowed>> = allowed.into_iter().collect();
        let guard = allowed.as_ref().map(AddressGuard::with);
        let is_refused = |address| guard.as_ref().is_some_and(|guard| !guard.allows(target.host(), address));
        if target.host().parse().is_ok_and(is_refused) {
            self.problem(
                url.map_or(offset, |url| url.span().start),
                "the address in `url` is not public, so nothing would be sent there; if it is meant, say which addresses \
                 may be called, such as `allow_address = [\"private\"]`",
            );
        }
        let authentication = authentication?;
        let has_secret = is_secret || authentication != Authentication::None;
        if has_secret && !target.is_encrypted() && !target.is_loopback() && !table.allow_plaintext {
            self.problem(
                url.map_or(offset, |url| url.span().start),
                "a secret would cross the network over plain http here; take an https URL, or say \
                 `allow_plaintext = true` where nobody else listens",
            );
        }
        Some(Web {
            target,
            is_secret,
            content: content?,
            authentication,
            rate: rate?,
            retry: retry?,
            timeout,
            allowed: allowed?,
        })
    }

    /// The URL, and whether it is a secret. Neither it nor what is no URL is repeated.
    fn target(&mut self, typed: &Spanned<String>, is_teams: bool) -> Option<(Target, bool)> {
        let offset = typed.span().start;
        let is_literal = typed.get_ref().starts_with("http://") || typed.get_ref().starts_with("https://");
        if is_literal && is_teams {
            self.problem(
                offset,
                "whoever has the `url` of a Workflow can post there; put it into a file that only the receiver reads, and \
                 write `file:PATH` (or `env:NAME`) here",
            );
            return None;
        }
        let parsed = if is_literal {
            typed.get_ref().parse::<Target>()
        } else {
            let (url, _) = self.secret("url", typed)?;
            url.expose_secret().parse()
        };
        let target = match parsed {
            Ok(target) => target,
            Err(error) => {
                self.problem(offset, format!("`url`: {error}"));
                return None;
            }
        };
        match Host::of(&target) {
            Host::Connectors if is_teams => {
                self.problem(
                    offset,
                    "this `url` is one of an Office 365 connector; Microsoft switched these off in May 2026, and what is \
                     posted there is lost. Make a Workflow in Teams and take its URL (docs/relay.md says how)",
                );
                return None;
            }
            Host::Other if is_teams => self.warning(
                offset,
                "this `url` is of no host that Workflows of Teams have (*.logic.azure.com, \
                 *.environment.api.powerplatform.com); cards are posted there all the same",
            ),
            Host::Connectors | Host::Other | Host::Workflows => {}
        }
        Some((target, !is_literal))
    }

    fn content(
        &mut self,
        table: &DestinationTable,
        authentication: Option<&Authentication>,
        trial: &Trial<'_>,
    ) -> Option<Content> {
        if table.kind == DestinationKind::Teams {
            let budget = self.budget(table.budget_bytes.as_ref());
            let template = match &table.template {
                None => Some(Template::default_card()),
                Some(typed) => self.template(typed, |template| trial.card(template, budget.unwrap_or_default())),
            };
            return Some(Content::Card { template: template?, budget: budget? });
        }
        let content_type = match &table.content_type {
            None => Some(None),
            Some(typed) => match HeaderValue::from_str(typed.get_ref()) {
                Ok(value) if wire::is_media_type(typed.get_ref()) => Some(Some(value)),
                _ => {
                    self.problem(typed.span().start, "`content_type` takes a media type, such as text/plain");
                    None
                }
            },
        };
        let Some(typed) = &table.template else {
            let content_type = content_type?.unwrap_or(HeaderValue::from_static(wire::JSON_MEDIA_TYPE));
            return Some(Content::Message { content_type });
        };
        if matches!(authentication, Some(Authentication::ClientSecret { .. })) {
            self.problem(
                typed.span().start,
                "a client secret stands in the message itself; with a `template` there is no such place: take another \
                 authentication, or leave the template out",
            );
        }
        let template = self.template(typed, |template| trial.text(template));
        let template = template?;
        let content_type = content_type?.unwrap_or_else(|| template.format().content_type());
        Some(Content::Text { template, content_type })
    }

    /// The template of a file, if it works on every sample.
    fn template(
        &mut self,
        typed: &Spanned<String>,
        lint: impl Fn(&Template) -> Result<(), OnSample>,
    ) -> Option<Template> {
        let path: PathBuf = self.beside(typed.get_ref());
        self.sources.note(&path);
        let template = Template::read(&path).map_err(|error| error.to_string());
        let checked = template.and_then(|template| match lint(&template) {
            Ok(()) => Ok(template),
            Err(error) => Err(error.to_string()),
        });
        checked.map_err(|error| self.problem(typed.span().start, format!("`template`: {error}"))).ok()
    }

    /// The condition, if it works on every sample; `None` where it is wrong.
    #[expect(clippy::option_option, reason = "one says whether it is typed, the other whether it is right")]
    fn when(&mut self, typed: Option<&Spanned<String>>, trial: &Trial<'_>) -> Option<Option<When>> {
        let Some(typed) = typed else { return Some(None) };
        let when = When::parse(typed.get_ref()).map_err(|error| error.to_string());
        let checked = when.and_then(|when| match trial.when(&when) {
            Ok(()) => Ok(when),
            Err(error) => Err(error.to_string()),
        });
        checked.map_err(|error| self.problem(typed.span().start, format!("`when`: {error}"))).ok().map(Some)
    }

    fn budget(&mut self, typed: Option<&Spanned<usize>>) -> Option<Budget> {
        let Some(typed) = typed else { return Some(Budget::default()) };
        let budget = Budget::new(*typed.get_ref());
        budget.map_err(|error| self.problem(typed.span().start, format!("`budget_bytes`: {error}"))).ok()
    }

    fn retry(&mut self, typed: Option<&Spanned<RetryTable>>) -> Option<RetryPolicy> {
        let default = RetrySettings::default();
        let Some(typed) = typed else { return Some(RetryPolicy::default()) };
        let table = typed.get_ref();
        let longest = self.duration("longest_wait", table.longest_wait.as_ref(), default.cap);
        let most = u32::MAX as usize;
        let attempts = self.number("attempts", table.attempts.as_ref(), 1, most, default.attempts as usize);
        let policy = RetryPolicy::new(RetrySettings {
            base: default.base.min(longest),
            cap: longest,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX).max(1),
            total: self.duration("total", table.total.as_ref(), default.total),
            retry_after_cap: longest,
        });
        policy.map_err(|error| self.problem(typed.span().start, format!("`retry`: {error}"))).ok()
    }

    /// What a text says, if there is one; `None` where it says nothing that fits.
    #[expect(clippy::option_option, reason = "one says whether it is typed, the other whether it is right")]
    fn parsed<T>(&mut self, key: &str, typed: Option<&Spanned<String>>) -> Option<Option<T>>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let Some(typed) = typed else { return Some(None) };
        match typed.get_ref().parse() {
            Ok(value) => Some(Some(value)),
            Err(error) => {
                self.problem(typed.span().start, format!("`{key}`: {error}"));
                None
            }
        }
    }
}

/// Where a value begins in the file.
fn place<T>(typed: Option<&Spanned<T>>) -> Option<usize> {
    typed.map(|typed| typed.span().start)
}

#[cfg(test)]
mod tests;
