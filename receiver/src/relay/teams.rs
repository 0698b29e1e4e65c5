//! Microsoft Teams: the hosts of its Workflows, and how they refuse a card.

use bytes::Bytes;
use delivery::{EndpointUrl, Outcome};
use http::StatusCode;
use serde_json::Value;

/// The hosts of Workflows: Logic Apps and their successor.
const WORKFLOW_HOSTS: [&str; 2] = [".logic.azure.com", ".environment.api.powerplatform.com"];

/// The hosts of connectors, which were retired.
const CONNECTOR_HOSTS: [&str; 3] = [".webhook.office.com", "webhook.office.com", "outlook.office.com"];

/// The beginning of the answer when Teams accepted a post and could not show it; the status follows. Connectors sent it,
/// and workflows may pass it on.
const FAILURE_PREFIX: &str = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error";

/// The service that a host belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Workflows,
    Connectors,
    /// Another service, such as a proxy.
    Other,
}

impl Host {
    pub(crate) fn of(url: &EndpointUrl) -> Self {
        let host = url.host().trim_end_matches('.').to_ascii_lowercase();
        if WORKFLOW_HOSTS.iter().any(|end| host.ends_with(end)) {
            Self::Workflows
        } else if CONNECTOR_HOSTS.iter().any(|end| host.ends_with(end)) {
            Self::Connectors
        } else {
            Self::Other
        }
    }
}

/// Maps a 2xx whose body is an error of Teams or Azure to a refusal with the status in the error, or with 502 if there is
/// none that a retry could change.
///
/// A workflow may answer with anything, such as the subject of the message, so the text of a body counts only if the whole
/// body is the error.
pub(super) fn map_outcome(outcome: Outcome) -> Outcome {
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
    let json = serde_json::from_slice::<Value>(body).ok();
    let text = match &json {
        Some(Value::String(text)) => text.clone(),
        Some(json) => return is_error(json).then_some(StatusCode::BAD_GATEWAY),
        None => String::from_utf8_lossy(body).into_owned(),
    };
    let rest = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']).strip_prefix(FAILURE_PREFIX)?;
    let digits = rest.trim_start().split(|character: char| !character.is_ascii_digit()).next().unwrap_or_default();
    let status = StatusCode::from_bytes(digits.as_bytes()).ok();
    Some(status.filter(|status| is_about_this_post(*status)).unwrap_or(StatusCode::BAD_GATEWAY))
}

/// Whether a status in the text may replace the answer's own. Never 410, which gives up all deliveries to the URL.
fn is_about_this_post(status: StatusCode) -> bool {
    (status.is_client_error() || status.is_server_error()) && status != StatusCode::GONE
}

/// Whether an answer is only an error in Azure's form: `{"error": {"code": "...", ...}}`.
fn is_error(json: &Value) -> bool {
    json.as_object().is_some_and(|members| members.len() == 1) && json["error"]["code"].is_string()
}

#[cfg(test)]
mod tests {
    use delivery::{Answer, AnswerEnd};
    use http::HeaderMap;

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
    fn only_an_answer_that_is_an_error_of_teams_counts_as_a_refusal() {
        let failed = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error";
        for (case, status, body, expected) in [
            ("nothing", 202, String::new(), Ok(202)),
            ("the old yes", 200, "1".to_owned(), Ok(200)),
            ("what a Response action says", 200, r#"{"done":true,"error":null}"#.to_owned(), Ok(200)),
            ("too many", 200, format!("{failed} 429 with ContextId tcid=0"), Err(429)),
            ("too large", 200, format!("{failed} 413 with ContextId tcid=0"), Err(413)),
            ("after a byte order mark and a line", 200, format!("\u{feff}\r\n{failed} 413"), Err(413)),
            ("as a JSON string", 200, format!("\"{failed} 429 with ContextId tcid=0\""), Err(429)),
            ("no status", 200, format!("{failed} x"), Err(502)),
            ("nothing after it", 200, failed.to_owned(), Err(502)),
            ("a yes within", 200, format!("{failed} 200"), Err(502)),
            ("a redirect within", 200, format!("{failed} 301"), Err(502)),
            ("gone within", 200, format!("{failed} 410 with ContextId tcid=0"), Err(502)),
            ("gone within, as a JSON string", 200, format!("\"{failed} 410\""), Err(502)),
            ("more digits than a status has", 200, format!("{failed} 4100"), Err(502)),
            ("a subject that names a status", 200, "returned HTTP error 410".to_owned(), Ok(200)),
            ("a subject that has the sentence in it", 200, format!("Re: {failed} 410"), Ok(200)),
            ("the message, echoed", 200, format!("{{\"subject\":\"{failed} 410\"}}"), Ok(200)),
            ("the message, echoed in a list", 200, format!("[\"{failed} 410\"]"), Ok(200)),
            ("the beginning of the sentence", 200, "Webhook message delivery failed with error: x".to_owned(), Ok(200)),
            ("in other letters", 200, format!("{} 410", failed.to_lowercase()), Ok(200)),
            ("Azure's form", 200, r#"{"error":{"code":"x","message":"y"}}"#.to_owned(), Err(502)),
            ("an error of the workflow's own", 200, r#"{"error":"returned HTTP error 410"}"#.to_owned(), Ok(200)),
            ("an error next to other members", 200, r#"{"error":{"code":"410"},"id":7}"#.to_owned(), Ok(200)),
            ("a no stays one", 403, format!("{failed} 429"), Err(403)),
        ] {
            let answer = Answer {
                status: StatusCode::from_u16(status).unwrap(),
                headers: HeaderMap::new(),
                body: body.into(),
                end: AnswerEnd::Whole,
            };
            let is_yes = answer.status.is_success();
            let outcome = map_outcome(if is_yes { Outcome::Accepted(answer) } else { Outcome::Declined(answer) });
            let found = match outcome {
                Outcome::Accepted(answer) => Ok(answer.status.as_u16()),
                Outcome::Declined(answer) => Err(answer.status.as_u16()),
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{case}");
        }
    }
}
