//! The rules for senders: each clause that a sender can violate, and how to fix a violation.

use schemas::Authentication;

use crate::secret_encodings::is_distinctive;

pub(super) struct Rule {
    pub(super) clause: &'static str,
    pub(super) title: &'static str,
    pub(super) fix: &'static str,
    /// Why no message showed it, as half a sentence.
    not_observed: &'static str,
    scope: Scope,
}

#[derive(Clone, Copy, PartialEq)]
enum Scope {
    Any,
    ClientSecret,
    Basic,
}

const NO_READABLE_MESSAGE: &str = "no message was whole and readable";
const NO_FIELDS: &str = "no message had a field";

const fn rule(clause: &'static str, title: &'static str, fix: &'static str, not_observed: &'static str) -> Rule {
    Rule { clause, title, fix, not_observed, scope: Scope::Any }
}

const fn basic(clause: &'static str, title: &'static str, fix: &'static str, not_observed: &'static str) -> Rule {
    Rule { clause, title, fix, not_observed, scope: Scope::Basic }
}

/// All rules, in the order of the contract.
pub(super) const RULES: [Rule; 32] = [
    rule(
        "MSG-1",
        "The body is one JSON object",
        "Send one JSON object with `trigger`, `flow` and `step`, and nothing after it.",
        NO_READABLE_MESSAGE,
    ),
    rule(
        "MSG-2",
        "The body is UTF-8 without a byte order mark",
        "Encode the body in UTF-8, and switch the byte order mark off.",
        NO_READABLE_MESSAGE,
    ),
    rule(
        "MSG-3",
        "The trigger's name",
        "Write `stepCreated` or `stepCompleted`, letter for letter.",
        NO_READABLE_MESSAGE,
    ),
    rule("MSG-4", "The flow", "Give `flow` a string `flowIdentifier` that is not empty.", NO_READABLE_MESSAGE),
    rule("MSG-5", "The step", "Give each step a string `stepIdentifier` and an array `fields`.", NO_READABLE_MESSAGE),
    rule(
        "MSG-6",
        "A previous step on creation",
        "With `stepCreated`, put the step before it, with its data, into `previousStep`.",
        "no message had the trigger for a created step",
    ),
    rule(
        "MSG-7",
        "No previous step on completion",
        "With `stepCompleted`, omit `previousStep` or set it to null.",
        "no message had the trigger for a completed step",
    ),
    rule(
        "MSG-8",
        "A created step has no values",
        "With `stepCreated`, give every field of `step` the value null; the data belongs in `previousStep`.",
        "no message had the trigger for a created step",
    ),
    rule("MSG-9", "Fields have their form", "Give each field a string `name` and a `value`.", NO_FIELDS),
    rule(
        "MSG-10",
        "Values are written as their type asks",
        "Write the value as the field's type asks, such as \"true\" for a check box and dd/MM/yyyy for a date.",
        NO_FIELDS,
    ),
    rule(
        "MSG-11",
        "The kind of step",
        "Write `type` as a string that is not empty, and for a public form also `access`.",
        "no step named its kind",
    ),
    rule(
        "MSG-12",
        "Decisions of an approval",
        "Give a completed approval its `decisions`, each with `approver` and `decision`.",
        "no message was about an approval",
    ),
    rule(
        "MSG-13",
        "A rejection has a comment",
        "Give every decision that rejects a `comment` that is not blank.",
        "no message was about a rejection",
    ),
    rule(
        "MSG-14",
        "The webhook's name",
        "Give `webhook` the configured name, or omit `webhook`.",
        "no message named its webhook",
    ),
    rule(
        "MSG-15",
        "The client secret as configured",
        "Put exactly the configured client secret into the message, and none if another authentication is configured.",
        NO_READABLE_MESSAGE,
    ),
    rule("MSG-16", "Times in UTC", "Write times as in RFC 3339, in UTC with a `Z`.", "no message had a time"),
    rule("MSG-20", "Names are unique", "Write each name once in its object.", NO_READABLE_MESSAGE),
    rule(
        "AUTH-1",
        "No credential other than the configured one",
        "Send the credential only in its documented place: not in the URL, not in another header, not together with another kind.",
        "no request could be read",
    ),
    Rule {
        clause: "AUTH-9",
        title: "The secret is nowhere else in the message",
        fix: "Keep the client secret out of every other member; forms and logs show those.",
        not_observed: "the secret has fewer than 12 characters, so it cannot be distinguished from other text",
        scope: Scope::ClientSecret,
    },
    basic(
        "AUTH-15",
        "Username and password in UTF-8",
        "Encode `username:password` in UTF-8 before the base64.",
        "the credentials are ASCII, where every encoding is the same; configure some that are not",
    ),
    basic(
        "AUTH-17",
        "A Basic authorization header",
        "Send the header `authorization`: `basic`, a space and the base64 of `username:password`.",
        "no request could be read",
    ),
    basic(
        "AUTH-18",
        "The username and password as configured",
        "Send exactly the configured username and password; check both for an extra space or line end.",
        "no message had Basic credentials that could be read",
    ),
    basic(
        "AUTH-19",
        "Well-formed Basic credentials",
        "Put a colon between username and password, and encode the pair in base64.",
        "no message had Basic credentials",
    ),
    basic(
        "AUTH-20",
        "Base64 exactly as the RFCs write it",
        "Use the standard base64 alphabet with padding (not the one for URLs).",
        "no message had Basic credentials that could be read",
    ),
    basic("AUTH-21", "One authorization header", "Send the header `authorization` once.", "no request could be read"),
    basic(
        "AUTH-26",
        "HTTPS for Basic",
        "Configure an https URL.",
        "this listener speaks plain http, so only the configured URL can show it",
    ),
    rule("HTTP-1", "POST", "Send messages with the method POST.", "no request could be read"),
    rule(
        "HTTP-4",
        "The content type is JSON",
        "Send the header `content-type: application/json`.",
        "no request could be read",
    ),
    rule(
        "HTTP-5",
        "No charset but UTF-8",
        "Omit the parameter `charset`, or write `charset=utf-8`.",
        "no content type had a parameter",
    ),
    rule("HTTP-16", "One Host header", "Send the header `host` once, as HTTP/1.1 asks.", "no request was HTTP/1.1"),
    rule(
        "HTTP-17",
        "The end of the body is unambiguous",
        "Send either one correct `content-length` or `transfer-encoding: chunked`, and a body of that length.",
        "there was no request",
    ),
    rule(
        "HTTP-18",
        "A well-formed request line",
        "Write the request line as `POST /path HTTP/1.1`, the target percent-encoded.",
        "there was no request",
    ),
];

/// Whether a run against a sender judges this clause.
pub(crate) fn is_judged(clause: &str) -> bool {
    RULES.iter().any(|rule| rule.clause == clause)
}

impl Rule {
    /// Whether it applies to a sender with this authentication.
    pub(super) fn binds(&self, authentication: &Authentication) -> bool {
        match self.scope {
            Scope::Any => true,
            Scope::ClientSecret => matches!(authentication, Authentication::ClientSecret { .. }),
            Scope::Basic => matches!(authentication, Authentication::Basic(_)),
        }
    }

    /// Why no message showed it.
    pub(super) fn not_observed(&self, authentication: &Authentication) -> &'static str {
        match authentication {
            Authentication::ClientSecret { client_secret }
                if self.clause == "AUTH-9" && is_distinctive(client_secret.expose()) =>
            {
                NO_READABLE_MESSAGE
            }
            Authentication::Basic(pair)
                if self.clause == "AUTH-15" && !(pair.username().is_ascii() && pair.expose_password().is_ascii()) =>
            {
                "no message had Basic credentials that could be read"
            }
            _ => self.not_observed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use schemas::{Clause, Sample};

    use super::*;

    #[test]
    fn every_rule_names_a_clause_of_its_own() {
        let clauses: BTreeSet<&str> = RULES.iter().map(|rule| rule.clause).collect();
        assert_eq!(clauses.len(), RULES.len());
        for clause in clauses {
            assert!(Clause::find(clause).is_some(), "{clause}");
        }
    }

    #[test]
    fn every_clause_that_a_sample_breaks_has_a_rule() {
        for sample in Sample::invalid() {
            let name = sample.name.strip_suffix(".json").unwrap_or(sample.name);
            let (_, clause) = name.rsplit_once("--").unwrap();
            assert!(RULES.iter().any(|rule| rule.clause == clause), "{name}");
        }
    }
}
