//! What is particular to Microsoft Teams: which hosts its Workflows have, and how they say no.

use bytes::Bytes;
use http::StatusCode;
use sender::delivery::{Outcome, Target};
use serde_json::Value;

/// The hosts of Workflows: those of Logic Apps, and those that followed them.
const WORKFLOWS: [&str; 2] = [".logic.azure.com", ".environment.api.powerplatform.com"];

/// The hosts of the connectors, which were switched off.
const CONNECTORS: [&str; 3] = [".webhook.office.com", "webhook.office.com", "outlook.office.com"];

/// What Teams' end of a webhook says when it has taken a post and could not show it, before the status.
const REFUSED: &str = "returned HTTP error ";

/// Whose host a URL has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// Workflows.
    Workflows,
    /// Connectors, which are gone.
    Connectors,
    /// Somebody else: a stand-in, a proxy.
    Other,
}

impl Host {
    /// Whose host a URL has.
    pub(crate) fn of(target: &Target) -> Self {
        let host = target.host().trim_end_matches('.').to_ascii_lowercase();
        if WORKFLOWS.iter().any(|end| host.ends_with(end)) {
            Self::Workflows
        } else if CONNECTORS.iter().any(|end| host.ends_with(end)) {
            Self::Connectors
        } else {
            Self::Other
        }
    }
}

/// An outcome as it counts: a yes with an error in its body is a no. It counts as the status that the error names, and as
/// a 502 where it names none.
pub(super) fn judged(outcome: Outcome) -> Outcome {
    let Outcome::Accepted(mut answer) = outcome else { return outcome };
    match error_in(&answer.body) {
        None => Outcome::Accepted(answer),
        Some(status) => {
            answer.status = status;
            Outcome::Declined(answer)
        }
    }
}

fn error_in(body: &Bytes) -> Option<StatusCode> {
    let text = String::from_utf8_lossy(body);
    if let Some((_, status)) = text.split_once(REFUSED) {
        let status = status.get(..3).and_then(|status| StatusCode::from_bytes(status.as_bytes()).ok());
        return Some(status.filter(|status| !status.is_success()).unwrap_or(StatusCode::BAD_GATEWAY));
    }
    let says_so = text.contains("delivery failed with error");
    let has_error = serde_json::from_str::<Value>(&text).is_ok_and(|json| !json["error"].is_null());
    (says_so || has_error).then_some(StatusCode::BAD_GATEWAY)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use sender::delivery::{Answer, AnswerEnd};

    use super::*;

    #[test]
    fn hosts_are_told_apart() {
        for (host, expected) in [
            ("prod-12.westeurope.logic.azure.com:443", Host::Workflows),
            ("abc.0f.environment.api.powerplatform.com", Host::Workflows),
            ("PROD-12.WestEurope.Logic.Azure.com.", Host::Workflows),
            ("contoso.webhook.office.com", Host::Connectors),
            ("outlook.office.com", Host::Connectors),
            ("logic.azure.com.example.net", Host::Other),
            ("127.0.0.1:8080", Host::Other),
        ] {
            let target = format!("https://{host}/workflows/x").parse().unwrap();
            assert_eq!(Host::of(&target), expected, "{host}");
        }
    }

    #[test]
    fn an_error_in_a_yes_is_a_no() {
        let failed = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error";
        for (case, status, body, expected) in [
            ("nothing", 202, String::new(), Ok(202)),
            ("the old yes", 200, "1".to_owned(), Ok(200)),
            ("what a Response action says", 200, r#"{"done":true,"error":null}"#.to_owned(), Ok(200)),
            ("too many", 200, format!("{failed} 429 with ContextId tcid=0"), Err(429)),
            ("too large", 200, format!("{failed} 413 with ContextId tcid=0"), Err(413)),
            ("no status", 200, format!("{failed} x"), Err(502)),
            ("a yes within", 200, format!("{failed} 200"), Err(502)),
            ("without the end", 200, "Webhook message delivery failed with error: x".to_owned(), Err(502)),
            ("Azure's form", 200, r#"{"error":{"code":"x"}}"#.to_owned(), Err(502)),
            ("a no stays one", 403, format!("{failed} 429"), Err(403)),
        ] {
            let answer = Answer {
                status: StatusCode::from_u16(status).unwrap(),
                headers: HeaderMap::new(),
                body: body.into(),
                end: AnswerEnd::Whole,
            };
            let is_yes = answer.status.is_success();
            let outcome = judged(if is_yes { Outcome::Accepted(answer) } else { Outcome::Declined(answer) });
            let found = match outcome {
                Outcome::Accepted(answer) => Ok(answer.status.as_u16()),
                Outcome::Declined(answer) => Err(answer.status.as_u16()),
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{case}");
        }
    }
}
