//! The body of a request: what its head announces, and no more bytes than the limit. The cheapest check comes first.

use bytes::Bytes;
use http::{HeaderMap, header};
#[cfg(feature = "server")]
use http::{Version, request, uri::Authority};
use http_body::Body;
use http_body_util::BodyExt as _;
use schemas::wire;

#[cfg(feature = "server")]
use super::Expectation;
use super::Rejection;

pub(crate) const DEFAULT_MAX_BODY_BYTES: usize = 4 << 20;

/// A refused body that is longer is not read.
#[cfg(feature = "server")]
const MAX_DRAINED_BYTES: usize = 8 << 20;

/// HTTP/1.1 requires exactly one `Host` (RFC 9112 section 3.2), and two lengths for one body are how requests are
/// smuggled (section 6.3).
#[cfg(feature = "server")]
pub(super) fn check_framing(head: &request::Parts, has_two_lengths: bool) -> Result<(), Rejection> {
    let hosts = head.headers.get_all(header::HOST).iter().count();
    match head.version {
        Version::HTTP_11 if hosts == 0 => return Err(Rejection::BadRequest("the Host header is missing")),
        Version::HTTP_10 | Version::HTTP_11 if hosts > 1 => {
            return Err(Rejection::BadRequest("there is more than one Host header"));
        }
        _ => {}
    }
    let host = head.headers.get(header::HOST).map(|host| host.as_bytes());
    if host.is_some_and(|host| !host.is_empty() && Authority::try_from(host).is_err()) {
        return Err(Rejection::BadRequest("the Host header is invalid"));
    }
    let mut codings = head.headers.get_all(header::TRANSFER_ENCODING).iter();
    let coding = codings.next().map(|coding| coding.as_bytes());
    if codings.next().is_some() || coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"chunked")) {
        return Err(Rejection::BadRequest("the Transfer-Encoding header is not exactly `chunked`"));
    }
    if has_two_lengths {
        return Err(Rejection::BadRequest("there are both Content-Length and Transfer-Encoding headers"));
    }
    match Expectation::of(head) {
        Expectation::None | Expectation::Continue => Ok(()),
        // If it were ignored, a client that sends its body only once this is met would wait forever.
        Expectation::Unsupported => Err(Rejection::ExpectationFailed),
    }
}

/// Checks that the body is announced as plain JSON of at most `limit` bytes, before any of it is read.
pub(crate) fn check_headers(headers: &HeaderMap, limit: usize) -> Result<(), Rejection> {
    check_length(headers, limit)?;
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut content_types = headers.get_all(header::CONTENT_TYPE).iter();
    let why = match (content_types.next(), content_types.next()) {
        (None, _) => "the content-type header is missing",
        (Some(_), Some(_)) => "there is more than one content-type header",
        (Some(value), None) if !value.to_str().is_ok_and(wire::is_json) => "the content type is not JSON in UTF-8",
        _ if codings.any(|value| !wire::is_list_of(value.as_bytes(), "identity")) => "the body has a content coding",
        _ => return Ok(()),
    };
    Err(Rejection::UnsupportedMediaType(why))
}

pub(super) fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), Rejection> {
    let is_too_large = content_length(headers).is_some_and(|length| length > limit as u64);
    if is_too_large { Err(Rejection::TooLarge(limit)) } else { Ok(()) }
}

/// The announced length, if it is a number.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a complete body of at most `limit` bytes. `reserve` is called with the length of each part before it is kept, and
/// may refuse it.
pub(crate) async fn read<B>(
    body: &mut B,
    limit: usize,
    mut reserve: impl FnMut(usize) -> bool,
) -> Result<Bytes, Rejection>
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = body.size_hint().exact().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let (mut first, mut whole) = (Bytes::new(), Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(part) = frame.map_err(|_| Rejection::BodyBroken)?.into_data() else { continue };
        if first.len() + whole.len() + part.len() > limit {
            return Err(Rejection::TooLarge(limit));
        }
        if !reserve(part.len()) {
            return Err(Rejection::Overloaded);
        }
        if first.is_empty() && whole.is_empty() {
            // Most bodies arrive in one part, which is not copied.
            first = part;
            continue;
        }
        if whole.is_empty() {
            // One allocation however small the parts are: as separate parts, a body of single bytes would take dozens of
            // times its length.
            whole.reserve_exact(announced.max(first.len() + part.len()).min(limit));
            whole.extend_from_slice(&first);
            first = Bytes::new();
        }
        whole.extend_from_slice(&part);
    }
    Ok(if whole.is_empty() { first } else { whole.into() })
}

/// Reads and discards the rest of a refused body while the answer is sent, for at most `timeout`. Otherwise a client, or a
/// proxy, that sends its whole body before it reads would find the connection reset and never see the answer. False if
/// the body is left unread, so the connection must close.
#[cfg(feature = "server")]
pub(super) fn drain<B>(mut body: B, expects_continue: bool, timeout: std::time::Duration) -> bool
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    if body.is_end_stream() {
        return true;
    }
    // A client that asks whether to send the body sees the refusal; reading would ask for the body.
    if expects_continue || body.size_hint().lower() > MAX_DRAINED_BYTES as u64 {
        return false;
    }
    tokio::spawn(tokio::time::timeout(timeout, async move {
        let mut drained = 0;
        while let Some(Ok(frame)) = body.frame().await {
            drained += frame.data_ref().map_or(0, Bytes::len);
            if drained > MAX_DRAINED_BYTES {
                return;
            }
        }
    }));
    true
}
