//! Settings of well-known software that make an endpoint fail a case: `schemas/hints.json`. A hint is given only if
//! everything in it matches the answer.

use std::{collections::BTreeSet, sync::LazyLock};

use serde::Deserialize;

use crate::{catalogue, exchange::Answer, secret_encodings::contains};

static HINTS: LazyLock<Vec<Hint>> = LazyLock::new(|| {
    serde_json::from_str(schemas::case_file::HINTS_JSON).expect("the embedded hints are tested to be whole")
});

/// Maximum number of bytes of a body to search.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// A setting, and the signs that it may be the cause.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Hint {
    #[cfg_attr(not(test), expect(dead_code, reason = "the table is read by people, too"))]
    id: String,
    #[serde(rename = "stack")]
    _stack: String,
    #[serde(default)]
    clauses: Vec<String>,
    #[serde(default)]
    statuses: Vec<u16>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: Vec<String>,
    hint: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AnswerExcerpt {
    pub(crate) status: u16,
    body: Vec<u8>,
}

impl AnswerExcerpt {
    pub(crate) fn of(answer: &Answer) -> Self {
        Self { status: answer.status, body: answer.body.iter().copied().take(MAX_BODY_BYTES).collect() }
    }
}

/// The headers in which the software of a run's answers names itself, in lower case.
#[derive(Debug, Default)]
pub(crate) struct Software(BTreeSet<(String, String)>);

impl Software {
    pub(crate) fn of<'a>(answers: impl Iterator<Item = &'a Answer>) -> Self {
        let named = answers
            .flat_map(|answer| &answer.headers)
            .filter(|(name, _)| HINTS.iter().flat_map(|hint| &hint.headers).any(|(known, _)| known == name));
        Self(named.map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).to_lowercase())).collect())
    }
}

/// The hint for a case of this clause, if one matches: what to change in the endpoint's software.
pub(crate) fn find(clause: &str, seen: Option<&AnswerExcerpt>, software: &Software) -> Option<&'static str> {
    HINTS.iter().find(|hint| hint.fits(clause, seen, software)).map(|hint| hint.hint.as_str())
}

impl Hint {
    fn fits(&self, clause: &str, seen: Option<&AnswerExcerpt>, software: &Software) -> bool {
        let is_of_clause = || self.clauses.iter().any(|pattern| catalogue::matches(pattern, clause));
        let is_of_status = || seen.is_some_and(|seen| self.statuses.contains(&seen.status));
        let is_in_body = || seen.is_some_and(|seen| self.body.iter().any(|text| contains(&seen.body, text)));
        let is_in_headers = || {
            self.headers.iter().any(|(name, word)| {
                software.0.iter().any(|(seen, value)| seen == name && value.contains(word.as_str()))
            })
        };
        (self.clauses.is_empty() || is_of_clause())
            && (self.statuses.is_empty() || is_of_status())
            && (self.body.is_empty() || is_in_body())
            && (self.headers.is_empty() || is_in_headers())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use schemas::Clause;

    use super::*;

    fn answer(status: u16, header: (&str, &str), body: &str) -> Answer {
        let headers = vec![(header.0.to_owned(), header.1.as_bytes().to_vec())];
        Answer { status, headers, body: body.into(), ..Answer::default() }
    }

    fn hint(clause: &str, answer: &Answer) -> Option<&'static str> {
        let found = find(clause, Some(&AnswerExcerpt::of(answer)), &Software::of([answer].into_iter()))?;
        HINTS.iter().find(|hint| hint.hint == found).map(|hint| hint.id.as_str())
    }

    /// Answers as the software sends them.
    #[test]
    fn a_hint_is_given_for_what_its_software_answers_and_for_nothing_else() {
        let express = ("x-powered-by", "Express");
        for (clause, status, header, body, expected) in [
            (
                "HTTP-13",
                413,
                express,
                "<pre>PayloadTooLargeError: request entity too large</pre>",
                Some("express-body-limit"),
            ),
            ("HTTP-12", 200, express, "ok", Some("express-empty-body")),
            ("HTTP-12", 400, express, "SyntaxError", None),
            ("AUTH-3", 401, express, "", None),
            (
                "AUTH-3",
                403,
                ("server", "WSGIServer/0.2 CPython/3.11"),
                "<p>CSRF verification failed. Request aborted.</p>",
                Some("django-csrf"),
            ),
            (
                "AUTH-2",
                403,
                ("server", "gunicorn"),
                "{\"detail\":\"CSRF Failed: CSRF cookie not set.\"}",
                Some("django-csrf"),
            ),
            ("AUTH-12", 400, ("server", "gunicorn"), "<h1>Bad Request (400)</h1>", Some("django-allowed-hosts")),
            (
                "AUTH-3",
                500,
                ("server", "gunicorn"),
                "RuntimeError: ... you have APPEND_SLASH set",
                Some("django-append-slash"),
            ),
            ("HTTP-8", 400, ("server", "Werkzeug/3.0.1 Python/3.11.2"), "", Some("wsgi-chunked")),
            ("HTTP-8", 411, ("server", "CherryPy/18.9.0"), "", Some("cherrypy-chunked")),
            ("HTTP-8", 411, ("server", "nginx/1.22"), "", None),
            (
                "AUTH-24",
                422,
                ("server", "uvicorn"),
                r#"{"detail":[{"type":"string_type","loc":["body","clientSecret"],"msg":"m","input":null}]}"#,
                Some("fastapi-422-echo"),
            ),
            (
                "MSG-5",
                422,
                ("server", "uvicorn"),
                r#"{"detail":[{"type":"missing","loc":["body","step"],"msg":"m","input":{}}]}"#,
                Some("fastapi-strict-model"),
            ),
            ("HTTP-7", 403, ("server", "x"), "Invalid CORS request", Some("spring-cors")),
            (
                "AUTH-3",
                403,
                ("server", "x"),
                r#"{"timestamp":"t","status":403,"error":"Forbidden","path":"/hooks"}"#,
                Some("spring-csrf"),
            ),
            ("OPS-7", 500, ("server", "x"), r#"{"status":500,"trace":"java.lang"}"#, Some("spring-stack-trace")),
            (
                "HTTP-13",
                413,
                ("server", "nginx/1.22.1"),
                "<h1>413 Request Entity Too Large</h1>",
                Some("nginx-body-limit"),
            ),
            (
                "OPS-7",
                403,
                ("x-powered-by", "PHP/8.2.7"),
                "<b>Warning</b>:  Undefined array key",
                Some("php-display-errors"),
            ),
            ("AUTH-3", 403, ("x-powered-by", "PHP/8.2.7"), "", Some("php-input")),
            ("AUTH-3", 403, ("server", "x"), "<h1>Blocked host: hooks.example.com</h1>", Some("rails-host")),
            ("AUTH-3", 422, ("server", "x"), "ActionController::InvalidAuthenticityToken", Some("rails-csrf")),
            ("AUTH-3", 419, ("server", "x"), "Page Expired", Some("laravel-csrf")),
            ("AUTH-2", 400, ("server", "Kestrel"), "<h2>Bad Request - Invalid Hostname</h2>", Some("aspnet-host")),
            ("HTTP-13", 400, ("server", "x"), "http: request body too large", Some("go-body-limit")),
            ("AUTH-12", 401, ("server", "Apache/2.4.57 (Debian)"), "", Some("apache-authorization")),
            (
                "AUTH-19",
                400,
                ("server", "Apache"),
                "Size of a request header field exceeds server limit.",
                Some("apache-header-size"),
            ),
            (
                "HTTP-17",
                400,
                ("server", "x"),
                "<h1>400 Bad request</h1>\nYour browser sent an invalid request.",
                Some("haproxy-buffer"),
            ),
            ("AUTH-3", 403, ("server", "x"), "Forbidden", None),
            ("HTTP-13", 413, ("server", "x"), "too large", None),
        ] {
            assert_eq!(hint(clause, &answer(status, header, body)), expected, "{clause} {status} {header:?} {body}");
        }
        assert_eq!(find("HTTP-8", None, &Software::default()), None);
    }

    #[test]
    fn the_table_is_of_its_form_and_names_clauses_of_the_contract() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../schemas/json/hints.schema.json")).unwrap();
        let hints: serde_json::Value = serde_json::from_str(schemas::case_file::HINTS_JSON).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&hints).map(|error| format!("{} {error}", error.instance_path())).collect();
        assert_eq!(errors, [""; 0]);
        let mut ids = HashSet::new();
        for hint in HINTS.iter() {
            assert!(ids.insert(&hint.id), "{} is there twice", hint.id);
            for pattern in &hint.clauses {
                assert!(
                    Clause::all().iter().any(|clause| catalogue::matches(pattern, clause.id)),
                    "{}: {pattern}",
                    hint.id
                );
            }
        }
        assert!(ids.len() >= 20);
    }
}
