//! One request over HTTP/2, its interim response, and its answer.

use std::{future::poll_fn, pin::pin};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::{HeaderValue, Request, Response, StatusCode, header, request};
use http_body_util::Full;
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};

use super::upload::Upload;
use crate::{
    ingest::{Expectation, Rejection},
    server::{connection::buffers::SHORT_BYTES, service::Service},
};

/// Answers one request. Fails if the client cancels it, or the connection ends, before the answer is sent.
pub(super) async fn answer(
    request: Request<RecvStream>,
    mut reply: SendResponse<Bytes>,
    service: &Service,
) -> Result<(), h2::Error> {
    let (head, stream) = request.into_parts();
    if head.headers.len() > service.server.limits.header_fields {
        drop(stream);
        return send(reply, service.refuse(&head, Rejection::HeadTooLarge)).await;
    }
    let is_long = list_size(&head) > SHORT_BYTES;
    let permit = if is_long { service.server.buffers.try_reserve_head() } else { None };
    if is_long && permit.is_none() {
        drop(stream);
        return send(reply, service.refuse(&head, Rejection::Overloaded)).await;
    }
    let mut waits = Expectation::of(&head) == Expectation::Continue;
    let (body, mut wanted) = Upload::new(stream, &head.headers);
    let mut response = pin!(service.answer(Request::from_parts(head, body), false));
    let response = loop {
        tokio::select! {
            biased;
            response = response.as_mut() => break response,
            // It must not be polled again once it has completed.
            Ok(()) = &mut wanted, if waits => {
                waits = false;
                let mut interim = Response::new(());
                *interim.status_mut() = StatusCode::CONTINUE;
                reply.send_informational(interim)?;
            }
            reset = poll_fn(|cx| reply.poll_reset(cx)) => return Err(reset?.into()),
        }
    };
    send(reply, response).await
}

/// The size of a head without its target (RFC 9113 section 10.5.1).
fn list_size(head: &request::Parts) -> usize {
    const FIELD_OVERHEAD_BYTES: usize = 32;
    head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD_BYTES).sum()
}

/// Sends an answer as fast as the client reads it.
async fn send(mut reply: SendResponse<Bytes>, response: Response<Full<Bytes>>) -> Result<(), h2::Error> {
    let (mut head, body) = response.into_parts();
    let mut body = body.into_inner().unwrap_or_default();
    // HTTP/2 does not have this field.
    head.headers.remove(header::CONNECTION);
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    head.headers.extend(date().map(|date| (header::DATE, date)));
    let mut stream = reply.send_response(Response::from_parts(head, ()), body.is_empty())?;
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        while stream.capacity() == 0 {
            match poll_fn(|cx| stream.poll_capacity(cx)).await {
                Some(capacity) => capacity?,
                // The client has cancelled the stream.
                None => return Ok(()),
            };
        }
        let part = body.split_to(stream.capacity().min(body.len()));
        stream.send_data(part, body.is_empty())?;
    }
    Ok(())
}

/// The value of the `Date` header (RFC 9110 section 6.6.1).
fn date() -> Option<HeaderValue> {
    HeaderValue::try_from(DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()).ok()?).ok()
}
