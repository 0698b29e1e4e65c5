//! Judges the head of a request by the clauses on HTTP, and finds credentials in the wrong place.

use schemas::{
    Authentication,
    wire::{AUTHORIZATION_HEADER, JSON_MEDIA_TYPE, is_json},
};

use super::{authorization, raw_request::RawRequest, violation::MessageChecks};
use crate::secret_encodings::SecretEncodings;

/// Judges everything but the body.
pub(super) fn judge(
    request: &RawRequest,
    authentication: &Authentication,
    credential: &SecretEncodings,
    checks: &mut MessageChecks,
) {
    checks.applies(["HTTP-17", "HTTP-18"]);
    for fault in &request.faults {
        let place = if fault.clause() == Some("HTTP-18") { "the request line" } else { "the framing" };
        if let Some(clause) = fault.clause() {
            checks.violates(clause, place, fault.describe());
        }
    }
    if !request.has_head() {
        return;
    }
    checks.applies(["HTTP-1", "HTTP-4", "AUTH-1"]);
    if request.method != "POST" {
        checks.violates("HTTP-1", "the method", format!("is `{}`", request.method));
    }
    content_type(request, checks);
    if request.version == 1 {
        checks.applies(["HTTP-16"]);
        match request.header("host").count() {
            0 => checks.violates("HTTP-16", "the header `host`", "is missing"),
            1 => {}
            _ => checks.violates("HTTP-16", "the header `host`", "is there more than once"),
        }
    }
    match authentication {
        Authentication::Basic(expected) => authorization::judge(request, expected, checks),
        Authentication::None | Authentication::ClientSecret { .. } => {
            if request.header(AUTHORIZATION_HEADER).next().is_some() {
                let what = "is there, although the webhook is not configured with Basic";
                checks.violates("AUTH-1", "the header `authorization`", what);
            }
        }
    }
    misplaced(request, credential, checks);
}

fn content_type(request: &RawRequest, checks: &mut MessageChecks) {
    const CONTENT_TYPE_PLACE: &str = "the header `content-type`";
    let mut values = request.header("content-type");
    let Some(value) = values.next() else {
        checks.violates("HTTP-4", CONTENT_TYPE_PLACE, "is missing");
        return;
    };
    if values.next().is_some() {
        checks.violates("HTTP-4", CONTENT_TYPE_PLACE, "is there more than once");
        return;
    }
    let value = String::from_utf8_lossy(value);
    let (media_type, parameters) = value.split_once(';').map_or((&*value, None), |(kind, rest)| (kind, Some(rest)));
    if !media_type.trim().eq_ignore_ascii_case(JSON_MEDIA_TYPE) {
        checks.violates("HTTP-4", CONTENT_TYPE_PLACE, format!("is `{value}`"));
    } else if parameters.is_some() {
        checks.applies(["HTTP-5"]);
        if !is_json(&value) {
            checks.violates(
                "HTTP-5",
                CONTENT_TYPE_PLACE,
                format!("is `{value}`, which names another charset than UTF-8"),
            );
        }
    }
}

/// A credential in the URL ends up in logs; one in another header is an undocumented kind of authentication.
fn misplaced(request: &RawRequest, credential: &SecretEncodings, checks: &mut MessageChecks) {
    if credential.are_in(request.target.as_bytes()) {
        checks.violates("AUTH-1", "the URL", "holds the credential");
    }
    for (name, value) in request.headers.iter().filter(|(name, _)| name != AUTHORIZATION_HEADER) {
        if credential.are_in(value) || credential.are_in(name.as_bytes()) {
            checks.violates("AUTH-1", format!("the header `{name}`"), "holds the credential");
        }
    }
}
