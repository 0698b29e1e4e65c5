//! What hyper answers by itself, to a head that it cannot read: a status without a body. Every other refusal says why, so
//! these do too. hyper has no hook for it; its answer is recognised as it is written, which costs honest requests nothing.

use http::StatusCode;
use schemas::wire::PROBLEM_JSON;

use crate::rejection::Rejection;

/// hyper's words for "no body".
const NO_BODY: &[u8] = b"content-length: 0\r\n";

/// hyper's refusal with a problem as its body; none if this is no whole refusal of hyper's.
pub(super) fn worded(answer: &[u8]) -> Option<Vec<u8>> {
    let status = StatusCode::from_bytes(answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?;
    let rejection = match status {
        StatusCode::BAD_REQUEST => Rejection::BadRequest("its head is not as HTTP/1.1 has it"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Rejection::HeadTooLarge,
        _ => return None,
    };
    let at = answer.windows(NO_BODY.len()).position(|window| window == NO_BODY)?;
    let (before, after) = (&answer[..at], &answer[at + NO_BODY.len()..]);
    if !answer.ends_with(b"\r\n\r\n") {
        return None;
    }
    let body = serde_json::to_vec(&rejection.problem()).ok()?;
    let fields = format!("content-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\n", body.len());
    Some([before, fields.as_bytes(), after, &body].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hypers_own_refusals_get_a_body() {
        let refusal = b"HTTP/1.1 431 X\r\nconnection: close\r\ncontent-length: 0\r\ndate: today\r\n\r\n";
        let worded_refusal = String::from_utf8(worded(refusal).unwrap()).unwrap();
        let (head, body) = worded_refusal.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 431 X\r\nconnection: close\r\n") && head.ends_with("\r\ndate: today"),
            "{head}"
        );
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        assert!(body.contains(r#""code":"head-too-large""#), "{body}");
        for (case, other) in [
            ("one of ours", &b"HTTP/1.1 400 Bad Request\r\ncontent-length: 12\r\n\r\n{\"status\":1}"[..]),
            ("a good one", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
            ("a part", b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n"),
            ("the rest of an answer", b"content-length: 0\r\n\r\n"),
            ("nothing", b""),
        ] {
            assert_eq!(worded(other), None, "{case}");
        }
    }
}
