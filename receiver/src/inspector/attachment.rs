//! Downloads of bytes that somebody else may have chosen.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};

/// A file that no browser shows, runs or sniffs. `name` has only letters, digits, hyphens and dots.
pub(super) fn attachment(name: &str, content: Vec<u8>) -> Response {
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    response
}
