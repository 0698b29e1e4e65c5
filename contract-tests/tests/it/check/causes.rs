//! Endpoints that keep the contract except for one reason to refuse the plain valid message: one failure under the clause
//! of that reason, and all other cases run with the difference.

mod unexplained;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use contract_tests::{
    Report, Target, check,
    report::{CaseOutcome, SkipCode},
};
use schemas::{Authentication, BasicCredentials, ClientSecret, Schema};
use wiremock::ResponseTemplate;

use crate::{
    check::{client_secret, endpoint::mock, failures},
    mutants::{
        answer::Answer,
        connection::Endpoint,
        credentials::{PASSWORD, SECRET, USERNAME},
        request::Head,
        rules::{Expected, PATH, Rules, Verdict},
    },
};

/// What an endpoint requires beyond the contract, and what the report finds.
struct Want {
    name: &'static str,
    expected: Expected,
    put: fn(&mut Rules),
    /// The failing cases and the clauses that they are of.
    failing: &'static [(&'static str, &'static str)],
    /// Text of the cause.
    cause: &'static str,
    /// Minimum number of MUSTs that pass anyway; 0 if no other case proves anything.
    passing: usize,
}

fn authentication(expected: Expected) -> Authentication {
    match expected {
        Expected::Nothing => Authentication::None,
        Expected::Secret(secret) => {
            Authentication::ClientSecret { client_secret: ClientSecret::new(secret.to_owned()).unwrap() }
        }
        Expected::Basic(username, password) => {
            Authentication::Basic(BasicCredentials::new(username, password.to_owned()).unwrap())
        }
    }
}

/// A run against an endpoint with these rules, given the credential that it is meant to expect.
async fn checked(rules: Rules, given: Expected, safe: bool) -> Report {
    let endpoint = Endpoint::start(rules, None).await;
    let url = format!("http://127.0.0.1:{}{PATH}", endpoint.port);
    check(&Target::new(&url, authentication(given)).unwrap().seed(11).safe(safe)).await.unwrap()
}

fn failing(report: &Report) -> Vec<(&str, &str)> {
    let failed = report.results.iter().filter(|result| result.failure().is_some());
    failed.map(|result| (result.id.as_str(), result.clause.as_str())).collect()
}

fn skip_codes(report: &Report, code: SkipCode) -> Vec<(&str, Option<&str>)> {
    let codes = report.results.iter().filter_map(|result| match &result.outcome {
        CaseOutcome::Skipped { skip_code, caused_by, .. } if *skip_code == Some(code) => {
            Some((result.id.as_str(), caused_by.as_deref()))
        }
        _ => None,
    });
    codes.collect()
}

fn wanted(head: &Head, name: &str, status: u16) -> Verdict {
    if head.get(name).is_some() { Ok(()) } else { Err(Answer::new(status, "something is missing")) }
}

fn secret() -> Expected {
    Expected::Secret(&SECRET)
}

fn basic() -> Expected {
    Expected::Basic(&USERNAME, &PASSWORD)
}

const LATIN: Expected = Expected::Basic("jörg", "correct-hörse");

fn wants() -> Vec<Want> {
    let want = |name, expected, put, failing, cause| Want { name, expected, put, failing, cause, passing: 120 };
    vec![
        want(
            "the scheme with a capital",
            basic(),
            |r| r.basic_parts.scheme = |scheme| scheme == "Basic",
            &[("AUTH-BASIC-001", "AUTH-12")],
            "`Basic` is accepted, but `basic` is not",
        ),
        want(
            "a User-Agent",
            secret(),
            |r| r.headers = |head| wanted(head, "user-agent", 403),
            &[("HTTP-017", "HTTP-7")],
            "header `User-Agent`",
        ),
        want(
            "a User-Agent, or it closes the connection",
            Expected::Nothing,
            |r| r.before_basic = |head| wanted(head, "user-agent", 0),
            &[("HTTP-017", "HTTP-7")],
            "header `User-Agent`",
        ),
        want(
            "an Accept",
            basic(),
            |r| r.headers = |head| wanted(head, "accept", 406),
            &[("HTTP-017", "HTTP-7")],
            "header `Accept`",
        ),
        want(
            "a token against forged forms, as in Django",
            Expected::Nothing,
            |r| {
                r.headers = |head| {
                    let token = head.get("x-csrftoken").unwrap_or("none");
                    let cookie = head.get("cookie").unwrap_or_default();
                    let is_same = cookie.split("; ").any(|pair| pair == format!("csrftoken={token}"));
                    if is_same { Ok(()) } else { Err(Answer::new(403, "CSRF verification failed")) }
                };
            },
            &[("HTTP-017", "HTTP-7")],
            "form token",
        ),
        want(
            "a charset",
            secret(),
            |r| {
                r.media_type = |head| {
                    let value = head.get("content-type").unwrap_or_default().to_lowercase();
                    let is_good = value.starts_with("application/json") && value.contains("charset");
                    if is_good { Ok(()) } else { Err(Answer::new(415, "only JSON in UTF-8")) }
                };
            },
            &[("HTTP-003", "HTTP-4")],
            "`application/json; charset=utf-8` is accepted",
        ),
        want(
            "a host that it knows, as with ALLOWED_HOSTS",
            secret(),
            |r| {
                let host: fn(&Head) -> Verdict = |head| match head.all("host").as_slice() {
                    [host] if host.starts_with("localhost") => Ok(()),
                    _ => Err(Answer::bad_request()),
                };
                r.host = host;
            },
            &[("HTTP-001", "HTTP-1")],
            "`Host: localhost:",
        ),
        want(
            "header names as it writes them",
            basic(),
            |r| {
                r.before_basic = |head| {
                    let is_known = |name: &str| head.headers.iter().any(|(found, _)| found == name);
                    if is_known("Content-Type") { Ok(()) } else { Err(Answer::new(400, "no content type")) }
                };
            },
            &[("HTTP-131", "HTTP-6")],
            "`Content-Type` are accepted",
        ),
        want(
            "a line end after the secret, as in its own file",
            secret(),
            |r| r.secret_parts.same = |sent, expected| sent == format!("{expected}\n"),
            &[("AUTH-SECRET-001", "AUTH-3")],
            "with a line end after it",
        ),
        want(
            "a line end after the password, as in its own file",
            basic(),
            |r| r.basic_parts.same = |sent, right| sent.0 == right.0 && sent.1 == format!("{}\n", right.1),
            &[("AUTH-BASIC-001", "AUTH-12")],
            "with a line end after it",
        ),
        want(
            "Latin-1",
            LATIN,
            |r| r.basic_parts.text = |bytes| Some(bytes.into_iter().map(char::from).collect()),
            &[("AUTH-BASIC-008", "AUTH-15")],
            "accepted in Latin-1",
        ),
        want(
            "the secret in escapes, since it reads the body as ASCII",
            secret(),
            |r| {
                r.read = |body| {
                    let ascii: String =
                        body.iter().map(|byte| if *byte < 128 { char::from(*byte) } else { '?' }).collect();
                    crate::mutants::json::Json::read(ascii.as_bytes()).ok_or_else(Answer::bad_request)
                };
            },
            &[("AUTH-SECRET-053", "AUTH-8")],
            "accepted in escapes",
        ),
        want(
            "64 characters of the password, as in its table",
            basic(),
            |r| {
                r.basic_parts.same =
                    |sent, right| sent.0 == right.0 && sent.1 == right.1.chars().take(64).collect::<String>();
            },
            &[("AUTH-BASIC-020", "AUTH-16")],
            "cut at 64 characters",
        ),
        want(
            "the secret under another name",
            secret(),
            |r| r.secret_parts.given = |message| message.members("client_secret").into_iter().cloned().collect(),
            &[("AUTH-SECRET-001", "AUTH-3")],
            "`client_secret` is read, but `clientSecret` is not",
        ),
        want(
            "two things at once",
            basic(),
            |r| {
                r.basic_parts.scheme = |scheme| scheme == "Basic";
                r.headers = |head| wanted(head, "user-agent", 403);
            },
            &[("AUTH-BASIC-001", "AUTH-12"), ("HTTP-017", "HTTP-7")],
            "`Basic` is accepted",
        ),
        want(
            "a host that it knows and a form token, as Django does",
            secret(),
            |r| {
                r.host = |head| match head.get("host").is_some_and(|host| host.starts_with("localhost")) {
                    true => Ok(()),
                    false => Err(Answer::bad_request()),
                };
                r.headers = |head| {
                    let own = head.get("host").map(|host| format!("https://{host}/"));
                    match (head.get("x-csrftoken"), head.get("origin")) {
                        (Some(_), None) if head.get("referer").map(str::to_owned) == own => Ok(()),
                        _ => Err(Answer::new(403, "CSRF verification failed")),
                    }
                };
            },
            &[("HTTP-001", "HTTP-1"), ("HTTP-017", "HTTP-7")],
            "`Host: localhost:",
        ),
        Want {
            passing: 0,
            ..want(
                "no secret, since it refuses unknown properties",
                secret(),
                |r| {
                    r.secret = |_, message, _, _| match message.members("clientSecret").len() {
                        0 => Ok(()),
                        _ => Err(Answer::new(400, "an unknown property")),
                    };
                },
                &[("AUTH-SECRET-001", "AUTH-3")],
                "The message is accepted without the client secret",
            )
        },
        Want {
            passing: 0,
            ..want(
                "a created step",
                secret(),
                |r| {
                    r.message = |message| match message.get("trigger").and_then(|trigger| trigger.text()) {
                        Some("stepCreated") => Ok(()),
                        _ => Err(Answer::new(422, "another trigger was expected")),
                    };
                },
                &[("AUTH-SECRET-001", "AUTH-3")],
                "about a created step",
            )
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wanted_beyond_the_contract_is_one_failure_under_its_clause() {
    for Want { name, expected, put, failing: due, cause, passing } in wants() {
        let mut rules = Rules::correct(expected);
        put(&mut rules);
        let report = checked(rules, expected, false).await;
        assert_eq!(failing(&report), due, "{name}: {:?} {:#?}", report.notices, failures(&report));
        let causes: Vec<&str> = report.results.iter().filter_map(|result| result.failure()?.cause.as_deref()).collect();
        assert!(causes.len() == due.len() && causes.iter().any(|found| found.contains(cause)), "{name}: {causes:?}");
        assert!(causes.iter().all(|found| report.notices[0].contains(found)), "{name}: {:?}", report.notices);
        assert_eq!(report.variations.is_empty(), passing == 0, "{name}: {:?}", report.variations);
        let passed = report.results.iter().filter(|result| result.outcome == CaseOutcome::Passed).count();
        assert!(passed >= passing, "{name}: {passed} pass");
        let same = skip_codes(&report, SkipCode::SameCause);
        assert!(
            same.len() <= 12 && same.iter().all(|(_, by)| due.iter().any(|(id, _)| *by == Some(id))),
            "{name}: {same:?}"
        );
        let json: serde_json::Value =
            serde_json::from_str(&contract_tests::report::json::render(&report, false)).unwrap();
        assert!(Schema::Report.violations(&json).is_empty(), "{name}");
    }
}
