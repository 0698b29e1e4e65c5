//! What the correct receiver does, rule by rule: each is a function that a defect may replace. The pipeline that asks
//! them in their order is here too, and nothing of it knows any defect.

use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::mutants::{
    answer::Answer,
    json::Json,
    request::{Framing, Head, Request},
};

pub(crate) const PATH: &str = "/hooks/flowingly";
pub(crate) const MEMBER: &str = "clientSecret";

/// Whether a request passes a rule, or what it is answered.
pub(crate) type Verdict = Result<(), Answer>;

/// The credential that an endpoint expects.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    Nothing,
    Secret(&'static str),
    Basic(&'static str, &'static str),
}

/// What the client is told that waits for leave to send the body.
#[derive(Clone, Debug)]
pub(crate) enum Leave {
    Given,
    Refused(Answer),
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Keep,
    /// Closed, and the answer says so.
    Close,
    /// Closed without a word.
    Drop,
}

/// What all connections of one endpoint share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) bodies: Mutex<HashSet<Vec<u8>>>,
    pub(crate) running: AtomicUsize,
    pub(crate) answered: AtomicUsize,
}

/// All rules of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) expected: Expected,
    /// The greatest body, in bytes.
    pub(crate) limit: usize,
    /// The greatest head, in bytes.
    pub(crate) head_limit: usize,
    pub(crate) request_line: fn(&Head) -> Verdict,
    pub(crate) host: fn(&Head) -> Verdict,
    pub(crate) framing: fn(&Head) -> Result<Framing, Answer>,
    pub(crate) chunk_size: fn(&str) -> Option<usize>,
    /// Whether these two bytes may follow the data of a chunk.
    pub(crate) chunk_end: fn([u8; 2]) -> bool,
    /// Whether fields may follow the last chunk.
    pub(crate) takes_trailers: bool,
    /// Whether a body counts whose connection ends before it is whole.
    pub(crate) takes_short_bodies: bool,
    pub(crate) path: fn(&Head) -> Verdict,
    pub(crate) method: fn(&Head) -> Verdict,
    /// What runs before Basic is checked: nothing.
    pub(crate) before_basic: fn(&Head) -> Verdict,
    pub(crate) basic: fn(&Head, &Basic, (&str, &str)) -> bool,
    pub(crate) basic_parts: Basic,
    pub(crate) unauthorized: fn() -> Answer,
    pub(crate) headers: fn(&Head) -> Verdict,
    pub(crate) media_type: fn(&Head) -> Verdict,
    pub(crate) leave: fn(&Head) -> Leave,
    pub(crate) too_large: fn() -> Answer,
    /// What is answered before the body is read; most answer nothing then.
    pub(crate) early: fn(&Head) -> Option<Answer>,
    pub(crate) read: fn(&[u8]) -> Result<Json, Answer>,
    pub(crate) secret: fn(&Request, &Json, &Secret, &str) -> Verdict,
    pub(crate) secret_parts: Secret,
    pub(crate) message: fn(&Json) -> Verdict,
    pub(crate) store: fn(&Request, &Shared) -> Verdict,
    pub(crate) accepted: fn(&Request) -> Answer,
    /// The last that sees an answer.
    pub(crate) finish: fn(Option<&Request>, Expected, Answer) -> Answer,
    pub(crate) after: fn(&Head, usize) -> After,
    /// Whether the request that comes as this one on its connection, counted from 1, is taken.
    pub(crate) nth: fn(usize) -> Verdict,
    /// Whether the rest of a refused request is read before the next one.
    pub(crate) drain: bool,
    /// How long the work before the answer takes.
    pub(crate) work: Duration,
}

/// The check of Basic in its parts.
#[derive(Clone, Debug)]
pub(crate) struct Basic {
    /// Which of the values of all `authorization` headers counts.
    pub(crate) one: fn(&[&str]) -> Option<String>,
    /// Splits a value into scheme and parameter.
    pub(crate) parameter: fn(&str) -> Option<(String, String)>,
    pub(crate) scheme: fn(&str) -> bool,
    pub(crate) decode: fn(&str) -> Option<Vec<u8>>,
    pub(crate) text: fn(Vec<u8>) -> Option<String>,
    pub(crate) split: fn(&str) -> Option<(String, String)>,
    pub(crate) same: fn((&str, &str), (&str, &str)) -> bool,
}

/// The check of the client secret in its parts.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    /// All values that count as given.
    pub(crate) given: fn(&Json) -> Vec<Json>,
    /// Which of them counts.
    pub(crate) one: fn(&[Json]) -> Option<Json>,
    /// Its text.
    pub(crate) text: fn(&Json) -> Option<String>,
    pub(crate) same: fn(&str, &str) -> bool,
    pub(crate) refused: fn() -> Answer,
}

impl Rules {
    /// The rules of the correct receiver.
    pub(crate) fn correct(expected: Expected) -> Self {
        Self {
            expected,
            limit: 4 << 20,
            head_limit: 64 << 10,
            request_line,
            host,
            framing,
            chunk_size,
            chunk_end: |end| end == *b"\r\n",
            takes_trailers: true,
            takes_short_bodies: false,
            path,
            method,
            before_basic: |_| Ok(()),
            basic,
            basic_parts: Basic {
                one: |values| if let [one] = values { Some((*one).to_owned()) } else { None },
                parameter: |value| {
                    let (scheme, parameter) = value.split_once(' ')?;
                    Some((scheme.to_owned(), parameter.trim_start_matches(' ').to_owned()))
                },
                scheme: |scheme| scheme.eq_ignore_ascii_case("basic"),
                decode: |parameter| BASE64_STANDARD.decode(parameter).ok(),
                text: |bytes| String::from_utf8(bytes).ok(),
                split: |text| text.split_once(':').map(|(username, password)| (username.into(), password.into())),
                same: |sent, expected| sent == expected,
            },
            unauthorized: Answer::unauthorized,
            headers: |_| Ok(()),
            media_type,
            leave: |_| Leave::Given,
            too_large: || Answer::new(413, "the body is too large"),
            early: |_| None,
            read: |body| Json::read(body).ok_or_else(Answer::bad_request),
            secret,
            secret_parts: Secret {
                given: |message| message.members(MEMBER).into_iter().cloned().collect(),
                one: |given| if let [one] = given { Some(one.clone()) } else { None },
                text: |given| given.text().map(str::to_owned),
                same: |sent, expected| sent == expected,
                refused: Answer::forbidden,
            },
            message: |_| Ok(()),
            store: |_, _| Ok(()),
            accepted: |_| Answer::ok(),
            finish: |_, _, answer| answer,
            after,
            nth: |_| Ok(()),
            drain: true,
            work: Duration::ZERO,
        }
    }

    /// Judges what stands before the body.
    pub(crate) fn judge_head(&self, head: &Head) -> Result<Framing, Answer> {
        (self.request_line)(head)?;
        let framing = (self.framing)(head)?;
        (self.host)(head)?;
        (self.path)(head)?;
        (self.method)(head)?;
        (self.before_basic)(head)?;
        if let Expected::Basic(username, password) = self.expected
            && !(self.basic)(head, &self.basic_parts, (username, password))
        {
            return Err((self.unauthorized)());
        }
        (self.headers)(head)?;
        (self.media_type)(head)?;
        if matches!(framing, Framing::Length(length) if length > self.limit) {
            return Err((self.too_large)());
        }
        Ok(framing)
    }

    /// Judges a request that has come whole.
    pub(crate) fn judge(&self, request: &Request, shared: &Shared) -> Verdict {
        let message = (self.read)(&request.body)?;
        if let Expected::Secret(expected) = self.expected {
            (self.secret)(request, &message, &self.secret_parts, expected)?;
        }
        (self.message)(&message)?;
        shared.answered.fetch_add(1, Ordering::SeqCst);
        (self.store)(request, shared)
    }
}

fn request_line(head: &Head) -> Verdict {
    let is_known = head.version == "HTTP/1.1" || head.version == "HTTP/1.0";
    let is_token =
        !head.method.is_empty() && head.method.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_target = head.target.starts_with('/') || head.target.contains("://") || head.target == "*";
    if head.line.split(' ').count() == 3 && is_known && is_token && is_target {
        Ok(())
    } else {
        Err(Answer::bad_request())
    }
}

fn host(head: &Head) -> Verdict {
    match head.all("host").len() {
        1 => Ok(()),
        0 if head.version == "HTTP/1.0" => Ok(()),
        _ => Err(Answer::bad_request()),
    }
}

fn framing(head: &Head) -> Result<Framing, Answer> {
    match (head.all("content-length").as_slice(), head.all("transfer-encoding").as_slice()) {
        ([], []) => Ok(Framing::Length(0)),
        ([length], []) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            length.parse().map(Framing::Length).map_err(|_| Answer::bad_request())
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
        _ => Err(Answer::bad_request()),
    }
}

fn chunk_size(line: &str) -> Option<usize> {
    let digits = line.split(';').next()?.trim_end_matches([' ', '\t']);
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { usize::from_str_radix(digits, 16).ok() } else { None }
}

fn path(head: &Head) -> Verdict {
    let target = match head.target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => &head.target,
    };
    if target.split('?').next() == Some(PATH) { Ok(()) } else { Err(Answer::not_found()) }
}

fn method(head: &Head) -> Verdict {
    if head.method == "POST" { Ok(()) } else { Err(Answer::new(405, "only POST").with("allow", "POST")) }
}

fn media_type(head: &Head) -> Verdict {
    if head.media_type().as_deref() == Some("application/json") { Ok(()) } else { Err(Answer::new(415, "only JSON")) }
}

/// Whether the request carries the expected username and password.
pub(crate) fn basic(head: &Head, parts: &Basic, expected: (&str, &str)) -> bool {
    let sent = (parts.one)(&head.all("authorization"))
        .and_then(|value| (parts.parameter)(&value))
        .filter(|(scheme, _)| (parts.scheme)(scheme))
        .and_then(|(_, parameter)| (parts.decode)(&parameter))
        .and_then(parts.text)
        .and_then(|text| (parts.split)(&text));
    sent.is_some_and(|(username, password)| (parts.same)((&username, &password), expected))
}

/// Whether the message carries the expected secret.
pub(crate) fn secret(_: &Request, message: &Json, parts: &Secret, expected: &str) -> Verdict {
    let sent = (parts.one)(&(parts.given)(message)).and_then(|given| (parts.text)(&given));
    match sent {
        Some(sent) if !sent.is_empty() && (parts.same)(&sent, expected) => Ok(()),
        _ => Err((parts.refused)()),
    }
}

fn after(head: &Head, _: usize) -> After {
    let asked = head.all("connection").iter().any(|value| value.eq_ignore_ascii_case("close"));
    if asked || head.version == "HTTP/1.0" { After::Close } else { After::Keep }
}
