//! Taking a body in: what its head announces, and no more bytes than the limit. What costs least is checked first.

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::Body;
use http_body_util::BodyExt as _;
use schemas::wire;

use crate::rejection::Rejection;

/// Most bytes of a body, unless configured otherwise: 4 MiB.
pub const BODY_LIMIT: usize = 4 << 20;

/// Checks what the head says of the body before any of it is read.
///
/// # Errors
/// When it is announced longer than `limit`, or not as plain JSON.
pub fn check_announced(headers: &HeaderMap, limit: usize) -> Result<(), Rejection> {
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

/// Checks the announced length alone.
pub(crate) fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), Rejection> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit as u64) { Err(Rejection::TooLarge(limit)) } else { Ok(()) }
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// When it is longer, or ends before it is whole.
pub async fn read_body<B>(body: &mut B, limit: usize) -> Result<Bytes, Rejection>
where
    B: Body<Data = Bytes> + Unpin,
{
    read_body_into(body, limit, |_| true).await
}

/// As [`read_body`]; `room` is asked before each part is kept, and told its bytes.
pub(crate) async fn read_body_into<B>(
    body: &mut B,
    limit: usize,
    mut room: impl FnMut(usize) -> bool,
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
        if !room(part.len()) {
            return Err(Rejection::Overloaded);
        }
        if first.is_empty() && whole.is_empty() {
            // Most bodies come in one part, which need not be copied.
            first = part;
            continue;
        }
        if whole.is_empty() {
            // One piece of memory, however small the parts: kept apart, a body of single bytes would take dozens of
            // times its length.
            whole.reserve_exact(announced.max(first.len() + part.len()).min(limit));
            whole.extend_from_slice(&first);
            first = Bytes::new();
        }
        whole.extend_from_slice(&part);
    }
    Ok(if whole.is_empty() { first } else { whole.into() })
}

/// Reads what is left of a refused body, up to 8 MiB, and throws it away, beside the answer and for no longer than
/// `time`. A client, or a proxy, that sends its whole body before it listens would else find the connection reset and
/// never hear the answer. False when the body is left unread, so that the connection must end.
#[cfg(feature = "server")]
pub(crate) fn discard<B>(expects: bool, mut body: B, time: std::time::Duration) -> bool
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    /// Most that is thrown away.
    const MOST: usize = 8 << 20;
    if body.is_end_stream() {
        return true;
    }
    // Whoever asks first whether to send hears the refusal; reading would ask for the body.
    if expects || body.size_hint().lower() > MOST as u64 {
        return false;
    }
    tokio::spawn(tokio::time::timeout(time, async move {
        let mut discarded = 0;
        while let Some(Ok(frame)) = body.frame().await {
            discarded += frame.data_ref().map_or(0, Bytes::len);
            if discarded > MOST {
                return;
            }
        }
    }));
    true
}
