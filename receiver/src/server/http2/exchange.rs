//! One request over HTTP/2, its interim response, and its answer.

use std::{future::poll_fn, pin::pin};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::{HeaderValue, Request, Response, StatusCode, header, request};
use http_body_util::Full;
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};

use super::upload::Upload;
use crate::{
    expectation::Expectation,
    log::MessageLog,
    rejection::Rejection,
    server::{buffers::SHORT_BYTES, service::Service},
};

/// Answers one request, until the client has taken the answer or takes the request back.
///
/// # Errors
/// When the stream or its connection ends before.
pub(super) async fn answer<L: MessageLog>(
    request: Request<RecvStream>,
    mut reply: SendResponse<Bytes>,
    service: &Service<L>,
    header_fields: usize,
) -> Result<(), h2::Error> {
    let (head, stream) = request.into_parts();
    if head.headers.len() > header_fields {
        drop(stream);
        return hand_over(reply, service.refuse(&head, Rejection::HeadTooLarge)).await;
    }
    let is_long = list_size(&head) > SHORT_BYTES;
    let room = if is_long { service.connection().take_for_head() } else { None };
    if is_long && room.is_none() {
        drop(stream);
        return hand_over(reply, service.refuse(&head, Rejection::Overloaded)).await;
    }
    let mut waits = Expectation::of(&head) == Expectation::Continue;
    let (body, mut asked) = Upload::new(stream, &head.headers);
    let mut response = pin!(service.answer(Request::from_parts(head, body), false));
    let response = loop {
        tokio::select! {
            biased;
            response = response.as_mut() => break response,
            // `asked` is over once it was told; without an expectation it is not heard.
            Ok(()) = &mut asked, if waits => {
                waits = false;
                let mut interim = Response::new(());
                *interim.status_mut() = StatusCode::CONTINUE;
                reply.send_informational(interim)?;
            }
            reset = poll_fn(|cx| reply.poll_reset(cx)) => return Err(reset?.into()),
        }
    };
    hand_over(reply, response).await
}

/// The size of a head (RFC 9113 section 10.5.1), but for its target.
fn list_size(head: &request::Parts) -> usize {
    const EACH: usize = 32;
    head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + EACH).sum()
}

/// Writes an answer as fast as the client takes it.
async fn hand_over(mut reply: SendResponse<Bytes>, response: Response<Full<Bytes>>) -> Result<(), h2::Error> {
    let (mut head, body) = response.into_parts();
    let mut body = body.into_inner().unwrap_or_default();
    // Streams end by themselves; HTTP/2 has no such field.
    head.headers.remove(header::CONNECTION);
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    head.headers.extend(date().map(|date| (header::DATE, date)));
    let mut stream = reply.send_response(Response::from_parts(head, ()), body.is_empty())?;
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        while stream.capacity() == 0 {
            match poll_fn(|cx| stream.poll_capacity(cx)).await {
                Some(capacity) => capacity?,
                // The client takes no more.
                None => return Ok(()),
            };
        }
        let part = body.split_to(stream.capacity().min(body.len()));
        stream.send_data(part, body.is_empty())?;
    }
    Ok(())
}

/// The time as the `Date` header has it (RFC 9110 section 6.6.1).
fn date() -> Option<HeaderValue> {
    HeaderValue::try_from(DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()).ok()?).ok()
}
