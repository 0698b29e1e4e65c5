//! Requests that find the cause when the plain valid message is refused. Each differs from it in one thing that an endpoint
//! may require although the contract does not.

mod credentials;

use schemas::Authentication;

use crate::{request::RequestBuilder, variation::Difference};

/// The case that fails if no other one sends exactly what is refused.
pub(super) const PLAIN_CASE: &str = "";

/// A request that differs from the plain valid message in one thing, and what its acceptance means.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub(super) difference: Difference,
    /// The case that sends what is refused; [`PLAIN_CASE`] if that is the plain valid message.
    pub(super) case: &'static str,
    pub(super) cause: String,
    /// The difference, as half a sentence.
    pub(super) variation: String,
    /// How to fix it, where the case's own advice does not fit.
    pub(super) fix: Option<&'static str>,
    /// Whether the other cases prove anything with this difference.
    pub(super) goes_on: bool,
    /// Whether it sends no credential but the right one.
    pub(super) is_safe: bool,
}

/// The form token that frameworks compare with a cookie.
const FORM_TOKEN: &str = "0123456789abcdef0123456789abcdef";
const HEADER_CASE: &str = "HTTP-017";
const HEADER_NAME_CASE: &str = "HTTP-131";
const TYPE_CASE: &str = "HTTP-003";
const URL_CASE: &str = "HTTP-001";

const HOST_FIX: &str = "Add the host of the webhook's URL to the names that the endpoint answers to (such as ALLOWED_HOSTS, AllowedHosts or server_name), or test it under a name that it knows.";

impl Probe {
    fn new(difference: Difference, case: &'static str, variation: impl Into<String>, cause: impl Into<String>) -> Self {
        let (variation, cause) = (variation.into(), cause.into());
        Self { difference, case, cause, variation, fix: None, goes_on: true, is_safe: true }
    }

    fn with_fix(self, fix: &'static str) -> Self {
        Self { fix: Some(fix), ..self }
    }

    /// Its acceptance shows what is wrong, but the other cases would prove nothing with it.
    fn for_diagnosis(self) -> Self {
        Self { goes_on: false, ..self }
    }

    /// All probes for this endpoint, the most likely causes first.
    pub(super) fn all(builder: &RequestBuilder<'_>) -> Vec<Self> {
        let mut probes = Vec::new();
        if matches!(builder.authentication, Authentication::Basic(_)) {
            let cause = "`Basic` is accepted, but `basic` is not.";
            probes.push(
                Self::new(Difference::Scheme, PLAIN_CASE, "`Basic` instead of `basic`", cause)
                    .with_fix("Ignore the letter case of the word `Basic` only; base64 keeps its own."),
            );
        }
        probes.push(header("User-Agent", "user-agent", "webhook-contract"));
        probes.push(content_type("application/json; charset=utf-8"));
        probes.extend(hosts(builder));
        probes.push(header("Accept", "accept", "application/json"));
        probes.push(header("Origin", "origin", &origin(builder)));
        probes.push(header("X-Requested-With", "x-requested-with", "XMLHttpRequest"));
        probes.push(form_token());
        probes.push(Self::new(
            Difference::HeaderNames,
            HEADER_NAME_CASE,
            "header names such as `Content-Type`",
            "Header names such as `Content-Type` are accepted, but `content-type` is not.",
        ));
        probes.extend(credentials::probes(builder.authentication));
        probes.push(content_type("text/json"));
        probes.push(
            Self::new(Difference::Chunked, URL_CASE, "a chunked body", "The message is accepted only in chunks.")
                .for_diagnosis(),
        );
        if builder.endpoint.is_encrypted() {
            let cause = "The message is accepted over HTTP/2, but not over HTTP/1.1.";
            probes.push(Self::new(Difference::Http2, URL_CASE, "HTTP/2", cause).for_diagnosis());
        }
        for (sample, about) in [
            ("step-created-after-task", "a created step"),
            ("step-completed-minimal", "a completed step with few properties"),
            ("step-completed-exhaustive", "a completed step with every property"),
        ] {
            let cause = format!(
                "A message about {about} (sample `{sample}`) is accepted, but the plain valid message, about a completed step, is not."
            );
            let fix = "Accept every message that the contract allows; the endpoint's log may show what is wrong with this one.";
            probes.push(Self::new(Difference::Sample(sample), PLAIN_CASE, about, cause).with_fix(fix).for_diagnosis());
        }
        probes
    }
}

fn header(name: &str, lower: &'static str, value: &str) -> Probe {
    Probe::new(
        Difference::Headers(vec![(lower, value.to_owned())]),
        HEADER_CASE,
        format!("with the header `{name}`"),
        format!("The message is accepted with the header `{name}`, but not without it."),
    )
}

fn content_type(value: &'static str) -> Probe {
    Probe::new(
        Difference::ContentType(value),
        TYPE_CASE,
        format!("the content type `{value}`"),
        format!("The content type `{value}` is accepted, but `application/json` is not."),
    )
}

/// The endpoint's own origin.
fn origin(builder: &RequestBuilder<'_>) -> String {
    let scheme = if builder.endpoint.is_encrypted() { "https" } else { "http" };
    format!("{scheme}://{}", builder.endpoint.host_header())
}

/// The token with which Django, Spring, Tornado and others protect forms: they compare a header with a cookie.
fn form_token() -> Probe {
    let token = || FORM_TOKEN.to_owned();
    let headers = vec![
        ("cookie", format!("csrftoken={FORM_TOKEN}; XSRF-TOKEN={FORM_TOKEN}; _xsrf={FORM_TOKEN}")),
        ("x-csrftoken", token()),
        ("x-xsrf-token", token()),
        ("x-xsrftoken", token()),
        // Compared with the host where the endpoint takes the request for one over https, as behind a proxy.
        ("referer", "https://{host}/".to_owned()),
    ];
    Probe::new(
        Difference::Headers(headers),
        HEADER_CASE,
        "with a form token in a cookie and a header",
        "With a form token (cookie `csrftoken` and header `X-CSRFToken`, and the like) the message is accepted, but not without it: CSRF protection is on.",
    )
    .with_fix("Exempt this route from CSRF protection: `@csrf_exempt` in Django, `csrf.ignoringRequestMatchers` in Spring Security, `skip_forgery_protection` in Rails.")
}

/// Other hosts that lead to the same endpoint, or that its configuration may have.
fn hosts(builder: &RequestBuilder<'_>) -> Vec<Probe> {
    let (endpoint, url) = (builder.endpoint, builder.endpoint.host_header());
    let port = endpoint.port();
    let mut names = vec![bracketed(endpoint.host()), "localhost".to_owned()];
    if endpoint.is_loopback() {
        names.push("127.0.0.1".to_owned());
    }
    let mut hosts: Vec<String> = Vec::new();
    for host in names.into_iter().flat_map(|name| [format!("{name}:{port}"), name]) {
        if host != url && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let probe = |host: String| {
        let cause = format!("The message is accepted with `Host: {host}`, but not with `Host: {url}`.");
        let variation = format!("`Host: {host}`");
        Probe::new(Difference::Host(host), URL_CASE, variation, cause).with_fix(HOST_FIX)
    };
    hosts.into_iter().map(probe).collect()
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use schemas::{BasicCredentials, ClientSecret, Profile};

    use super::*;
    use crate::{
        case::{Action, AuthenticationKind, Case, Changes, ExpectedAnswer, HeaderCase, RequestForm},
        strong_credentials,
        variation::Variation,
    };

    fn probes(url: &str, authentication: &Authentication) -> Vec<Probe> {
        let endpoint = url.parse().unwrap();
        let variation = Variation::default();
        Probe::all(&RequestBuilder { endpoint: &endpoint, ca: None, authentication, profile: Profile::v1(), variation })
    }

    fn authentications() -> Vec<Authentication> {
        let basic = |username: &str, password: &str| {
            Authentication::Basic(BasicCredentials::exact(username, password.to_owned()).unwrap())
        };
        vec![
            Authentication::None,
            Authentication::ClientSecret { client_secret: strong_credentials::client_secret() },
            Authentication::ClientSecret { client_secret: ClientSecret::exact(" short secret ".to_owned()).unwrap() },
            Authentication::Basic(strong_credentials::basic()),
            basic("jörg", "short"),
            basic("jo", " wörd "),
        ]
    }

    #[test]
    fn each_finding_is_of_a_case_that_sends_what_is_refused() {
        for authentication in authentications() {
            let kind = AuthenticationKind::from(&authentication);
            for probe in probes("http://127.0.0.1:8080/hooks", &authentication) {
                if probe.case == PLAIN_CASE {
                    continue;
                }
                let case = Case::all().iter().find(|case| case.id == probe.case).unwrap();
                assert!(case.runs_with(kind), "{}", probe.cause);
                let Action::Send(exchange) = &case.action else { panic!("{} sends nothing", case.id) };
                let RequestForm { content_type, header_case, change, secret, authorization, headers, .. } =
                    &exchange.request;
                let is_plain = content_type.iter().flatten().all(|value| value == "application/json")
                    && *header_case == HeaderCase::Lower
                    && (change, secret.is_some(), authorization.is_some(), headers.len())
                        == (&Changes::default(), false, false, 0);
                assert!(is_plain && exchange.expect.answer == ExpectedAnswer::Accept, "{}", case.id);
            }
        }
    }

    #[test]
    fn no_two_probes_are_the_same_and_a_run_has_time_for_them() {
        for authentication in authentications() {
            for url in ["http://127.0.0.1:8080/hooks", "https://a.example/hooks", "http://[::1]/", "http://localhost/"]
            {
                let probes = probes(url, &authentication);
                for (index, probe) in probes.iter().enumerate() {
                    let is_twice = probes[..index].iter().any(|other| other.difference == probe.difference);
                    assert!(!is_twice, "{url}: {}", probe.cause);
                    assert!(probe.cause.ends_with('.') && !probe.variation.ends_with('.'), "{}", probe.cause);
                }
                assert!(probes.len() <= 60, "{url}: {}", probes.len());
            }
        }
    }

    #[test]
    fn another_host_is_one_that_leads_to_the_endpoint_too() {
        for (url, expected) in [
            ("http://127.0.0.1:8080/", &["127.0.0.1", "localhost:8080", "localhost"][..]),
            ("http://localhost:8080/", &["localhost", "127.0.0.1:8080", "127.0.0.1"]),
            ("https://a.example/", &["a.example:443", "localhost:443", "localhost"]),
            ("http://[::1]/", &["[::1]:80", "localhost:80", "localhost", "127.0.0.1:80", "127.0.0.1"]),
        ] {
            let probes = probes(url, &Authentication::None);
            let hosts = probes.iter().filter_map(|probe| match &probe.difference {
                Difference::Host(host) => Some(host.as_str()),
                _ => None,
            });
            assert_eq!(hosts.collect::<Vec<_>>(), expected, "{url}");
        }
    }
}
