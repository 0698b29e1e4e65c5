//! The head of a request against the clauses on HTTP, and the places where no credential belongs.

use schemas::{
    Authentication,
    wire::{AUTHORIZATION, JSON, is_json},
};

use super::{arrived::Arrived, authorization, breach::Findings};
use crate::spelling::Spellings;

/// Judges all but the body.
pub(super) fn judge(
    arrived: &Arrived,
    authentication: &Authentication,
    credential: &Spellings,
    findings: &mut Findings,
) {
    findings.ask(["HTTP-17", "HTTP-18"]);
    for fault in &arrived.faults {
        let place = if fault.clause() == Some("HTTP-18") { "the request line" } else { "the framing" };
        if let Some(clause) = fault.clause() {
            findings.breaks(clause, place, fault.words());
        }
    }
    if !arrived.has_head() {
        return;
    }
    findings.ask(["HTTP-1", "HTTP-4", "AUTH-1"]);
    if arrived.method != "POST" {
        findings.breaks("HTTP-1", "the method", format!("is `{}`", arrived.method));
    }
    content_type(arrived, findings);
    if arrived.version == 1 {
        findings.ask(["HTTP-16"]);
        match arrived.header("host").count() {
            0 => findings.breaks("HTTP-16", "the header `host`", "is missing"),
            1 => {}
            _ => findings.breaks("HTTP-16", "the header `host`", "stands there more than once"),
        }
    }
    match authentication {
        Authentication::Basic(expected) => authorization::judge(arrived, expected, findings),
        Authentication::None | Authentication::ClientSecret { .. } => {
            if arrived.header(AUTHORIZATION).next().is_some() {
                let what = "is there, although the webhook is not configured with Basic";
                findings.breaks("AUTH-1", "the header `authorization`", what);
            }
        }
    }
    misplaced(arrived, credential, findings);
}

fn content_type(arrived: &Arrived, findings: &mut Findings) {
    const PLACE: &str = "the header `content-type`";
    let mut values = arrived.header("content-type");
    let Some(value) = values.next() else {
        findings.breaks("HTTP-4", PLACE, "is missing");
        return;
    };
    if values.next().is_some() {
        findings.breaks("HTTP-4", PLACE, "stands there more than once");
        return;
    }
    let value = String::from_utf8_lossy(value);
    let (media_type, parameters) = value.split_once(';').map_or((&*value, None), |(kind, rest)| (kind, Some(rest)));
    if !media_type.trim().eq_ignore_ascii_case(JSON) {
        findings.breaks("HTTP-4", PLACE, format!("is `{value}`"));
    } else if parameters.is_some() {
        findings.ask(["HTTP-5"]);
        if !is_json(&value) {
            findings.breaks("HTTP-5", PLACE, format!("is `{value}`, which names another charset than UTF-8"));
        }
    }
}

/// A credential in the URL ends up in logs, one in another header is a kind of authentication that is not documented.
fn misplaced(arrived: &Arrived, credential: &Spellings, findings: &mut Findings) {
    if credential.are_in(arrived.target.as_bytes()) {
        findings.breaks("AUTH-1", "the URL", "holds the credential");
    }
    for (name, value) in arrived.headers.iter().filter(|(name, _)| name != AUTHORIZATION) {
        if credential.are_in(value) || credential.are_in(name.as_bytes()) {
            findings.breaks("AUTH-1", format!("the header `{name}`"), "holds the credential");
        }
    }
}
