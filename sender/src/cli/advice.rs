//! What to do next after an answer other than 2xx, or without an answer.

use std::time::Duration;

use console::format::size;
use http::{HeaderMap, HeaderName, StatusCode, header};
use schemas::{Authentication, Redactor, redaction::mask_url, text::one_line};

use delivery::{AddressKind, Answer, CertificateProblem, EndpointUrl, LocalError, TransportError};

pub(super) struct Sent<'s> {
    pub(super) what: String,
    /// The clause that it breaks on purpose.
    pub(super) clause: Option<&'static str>,
    pub(super) bytes: usize,
    pub(super) target: &'s EndpointUrl,
    pub(super) authentication: &'s Authentication,
    pub(super) dropped: &'s [String],
    pub(super) took: Duration,
    pub(super) redactor: &'s Redactor,
}

/// A message above this many bytes is larger than any that the contract asks an endpoint to take.
const LARGE_MESSAGE_BYTES: usize = 64 * 1024;

/// For an answer other than 2xx.
pub(super) fn declined(answer: &Answer, sent: &Sent<'_>) -> Option<String> {
    let advice = match answer.status {
        StatusCode::UNAUTHORIZED => match sent.authentication {
            Authentication::Basic(_) => {
                "compare the username and password with those of the endpoint".to_owned()
            }
            Authentication::None | Authentication::ClientSecret { .. } => match scheme(&answer.headers, sent.redactor) {
                Some(scheme) if !scheme.eq_ignore_ascii_case("basic") => {
                    format!("the endpoint asks for `{scheme}`, which the product cannot send; configure Basic or a client secret there")
                }
                _ => "the endpoint asks for Basic: add --username TEXT --password env:NAME".to_owned(),
            },
        },
        StatusCode::FORBIDDEN => match sent.authentication {
            Authentication::ClientSecret { .. } => {
                "compare the client secret with that of the endpoint, and its place in the message with the endpoint's profile"
                    .to_owned()
            }
            Authentication::None => "if the endpoint requires a client secret, add --client-secret env:NAME".to_owned(),
            Authentication::Basic(_) => {
                "with --username the message has no client secret; if the endpoint requires one, use --client-secret env:NAME"
                    .to_owned()
            }
        },
        StatusCode::NOT_FOUND => {
            format!("there is no endpoint at the path {}; compare it with the endpoint's, including letter case", sent.target.uri().path())
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            "webhooks use POST, which this path does not accept; check the path of --to".to_owned()
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            format!("the message has {}; the endpoint, or a proxy in front of it, must accept more", size(sent.bytes as u64))
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "the endpoint must accept application/json; try another with --header 'content-type: ...'".to_owned()
        }
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => match sent.clause {
            Some(clause) => format!("the sample breaks {clause} on purpose, so the endpoint is right to refuse it"),
            None => "the endpoint expects another message; if yours have other property names, use --profile"
                .to_owned(),
        },
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => match text(answer, header::RETRY_AFTER).map(|text| shown(&text, sent)) {
            Some(after) if after.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("the endpoint cannot accept it now; send it again after {after} s")
            }
            Some(after) => format!("the endpoint cannot accept it now; send it again after {after}"),
            None => "the endpoint cannot accept it now; send it again later".to_owned(),
        },
        status if status.is_redirection() => match text(answer, header::LOCATION).map(|url| shown(&mask_url(&url), sent)) {
            Some(location) => {
                format!("redirects are not followed; if you trust it, use --to {location}")
            }
            None => "redirects are not followed; use --to with the final URL".to_owned(),
        },
        status if status.is_server_error() => "the endpoint failed; see its own log".to_owned(),
        _ => return None,
    };
    Some(advice)
}

/// Without an answer.
pub(super) fn unanswered(why: &TransportError, sent: &Sent<'_>) -> String {
    let host = sent.target.host();
    match why {
        TransportError::NameNotResolved { .. } => {
            format!("check the spelling of {host}, and that this machine's DNS knows it")
        }
        TransportError::ConnectionRefused => format!(
            "nothing listens at {}; check that the endpoint is running, and the port",
            sent.target.uri().authority().map_or(host, |authority| authority.as_str())
        ),
        TransportError::Unreachable(_) | TransportError::ConnectTimeout(_) => {
            format!("a firewall may block the way, or {host} may be down; --connect-timeout waits longer")
        }
        TransportError::Timeout(_) => {
            "the endpoint is too slow, and may have stored the message anyway; --timeout waits longer".to_owned()
        }
        TransportError::Untrusted(error) => match CertificateProblem::of(error) {
            Some(problem) => problem.advice,
            None => "the server needs another certificate".to_owned(),
        },
        TransportError::NotTls => "check the port, or write http:// if the endpoint does not use TLS".to_owned(),
        TransportError::Tls(_) => {
            "check that the server accepts TLS 1.2 or 1.3 and does not ask for a client certificate".to_owned()
        }
        // An endpoint that refuses a body before it has read it may close so early that its answer is lost.
        TransportError::Closed if sent.bytes > LARGE_MESSAGE_BYTES => {
            format!("{} may be too much for the endpoint; see its own log", size(sent.bytes as u64))
        }
        TransportError::Closed => "see the endpoint's own log; it may have stored the message anyway".to_owned(),
        TransportError::NotHttp if sent.target.is_encrypted() => {
            "check the port; something other than HTTP/1.1 listens there".to_owned()
        }
        TransportError::InterimResponses => {
            "the endpoint, or a proxy in front of it, never sends its answer; see its log".to_owned()
        }
        TransportError::NotHttp => "check the port, or write https:// if the endpoint uses TLS".to_owned(),
    }
}

/// For a failure on this side.
pub(super) fn failed(why: &LocalError) -> Option<String> {
    let what = match why {
        LocalError::Proxy { .. } => {
            return Some(
                "check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY; NO_PROXY names hosts to call without a proxy".to_owned(),
            );
        }
        LocalError::Guarded { address, .. } => match AddressKind::of(*address) {
            AddressKind::Loopback => "loopback".to_owned(),
            AddressKind::Private => "private".to_owned(),
            AddressKind::Public | AddressKind::Special => address.to_string(),
        },
        LocalError::Socket(_) | LocalError::Request(_) => return None,
    };
    Some(format!("this is not a public address; to allow it, add --allow-address {what}"))
}

fn text(answer: &Answer, name: HeaderName) -> Option<String> {
    Some(String::from_utf8_lossy(answer.headers.get(name)?.as_bytes()).into_owned())
}

/// Text of the endpoint, masked and safe to print.
fn shown(text: &str, sent: &Sent<'_>) -> String {
    one_line(&sent.redactor.mask(text), 200)
}

/// Basic where any challenge is for it, otherwise the scheme of the first challenge (RFC 9110 section 11.6.1). What is not
/// the name of a scheme is left out: an endpoint may repeat anything there.
fn scheme(headers: &HeaderMap, redactor: &Redactor) -> Option<String> {
    let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
    // Masked as a whole: a word alone may be a part of a credential that is not recognised any more.
    let masked: Vec<String> = values.map(|value| redactor.mask(&String::from_utf8_lossy(value.as_bytes()))).collect();
    let is_name = |scheme: &&str| {
        scheme.len() <= 40 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let schemes: Vec<&str> = masked.iter().flat_map(|value| schemes(value)).filter(is_name).collect();
    let basic = schemes.iter().find(|scheme| scheme.eq_ignore_ascii_case("basic"));
    basic.or(schemes.first()).map(|scheme| (*scheme).to_owned())
}

/// The schemes of a list of challenges. What holds a `=` is a parameter, and a comma in quotes divides nothing.
fn schemes(challenges: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let parts = challenges.split(move |character| {
        is_quoted ^= character == '"';
        character == ',' && !is_quoted
    });
    let first_words = parts.filter_map(|part| part.split_ascii_whitespace().next());
    first_words.filter(|word| !word.contains('='))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn basic_is_found_among_challenges_in_any_spelling() {
        for (values, expected) in [
            (&["Basic realm=\"x\""][..], Some("Basic")),
            (&["BASIC"], Some("BASIC")),
            (&["Negotiate, bAsIc realm=\"x\", charset=\"UTF-8\""], Some("bAsIc")),
            (&["Bearer realm=\"a, basic b\", error=\"x\""], Some("Bearer")),
            (&["Digest realm=\"x\"", "basic"], Some("basic")),
            (&["Bearer"], Some("Bearer")),
            (&["AWS4-HMAC-SHA256"], Some("AWS4-HMAC-SHA256")),
            (&["", "Negotiate"], Some("Negotiate")),
            (&["canary secret"], None),
            (&["canary%20secret realm=x"], None),
            (&["Bearer canary secret"], Some("Bearer")),
            (&[""], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let redactor = Redactor::default().with("canary secret");
            assert_eq!(scheme(&headers, &redactor).as_deref(), expected, "{values:?}");
        }
    }
}
