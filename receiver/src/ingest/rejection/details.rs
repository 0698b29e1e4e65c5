//! What the access log reports about a refused request besides the reason: where in the request the fault is. The answer
//! has none of it. Texts are truncated, and values of a query are not kept because they may be credentials.

use http::{HeaderMap, HeaderName, header, request};
use schemas::{Pointer, Profile, document::ReadError, redaction::mask_url};

use super::Rejection;
use crate::redact;

/// Where the fault of a refused request is. Fields that do not apply are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    /// The request target's path, and the names in its query: if no endpoint is known.
    pub(crate) path: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_length: Option<String>,
    /// 1-based line in the body.
    pub(crate) line: Option<usize>,
    /// 1-based column in bytes.
    pub(crate) column: Option<usize>,
    /// JSON Pointer of the first value that breaks the contract or is ambiguous.
    pub(crate) pointer: Option<String>,
    pub(crate) clause: Option<String>,
    pub(crate) violations: Option<usize>,
}

impl Details {
    /// Finds the fault in a request. The profile is that of the endpoint, if the path has one.
    pub(crate) fn of(rejection: &Rejection, head: &request::Parts, profile: Option<&Profile>) -> Self {
        let mut details = Self { path: profile.is_none().then(|| path(head)), ..Self::default() };
        let field = |name| field(&head.headers, name);
        match rejection {
            Rejection::MethodNotAllowed => details.method = Some(shortened(head.method.as_str())),
            Rejection::UnsupportedMediaType(_) => {
                details.content_type = field(header::CONTENT_TYPE);
                details.content_encoding = field(header::CONTENT_ENCODING);
            }
            Rejection::TooLarge(_) => details.content_length = field(header::CONTENT_LENGTH),
            Rejection::Unreadable(ReadError::Json(error)) => {
                (details.line, details.column) = (Some(error.line()), Some(error.column()));
            }
            Rejection::Unreadable(ReadError::ByteOrderMark) => (details.line, details.column) = (Some(1), Some(1)),
            Rejection::Unreadable(ReadError::Duplicate(role)) => {
                details.pointer = profile.and_then(|profile| profile.pointer(*role)).map(pointer);
            }
            Rejection::Nonconforming(violations) => {
                let first = violations.first();
                details.pointer = first.map(|violation| shortened(&violation.pointer));
                details.clause = first.map(|violation| violation.clause.clone());
                details.violations = Some(violations.len());
            }
            _ => {}
        }
        details
    }
}

fn pointer(pointer: &Pointer) -> String {
    shortened(&pointer.to_string())
}

/// The values of a header as they were sent.
fn field(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| shortened(&values.join(", ")))
}

fn path(head: &request::Parts) -> String {
    shortened(&mask_url(head.uri.path_and_query().map_or("", |target| target.as_str())))
}

fn shortened(text: &str) -> String {
    redact::shortened(text).into_owned()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use schemas::{Document, Role, Violation};

    use super::*;

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> request::Parts {
        let request = Request::builder().method(method).uri(uri);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn each_refusal_reports_where_its_fault_is() {
        let none = Details::default;
        let text = |text: &str| Some(text.to_owned());
        let unreadable = |body: &[u8]| Rejection::Unreadable(Document::read(body, Profile::v1()).unwrap_err());
        let violations = [("/flow/flowIdentifier", "MSG-4"), ("/step", "MSG-5")];
        let violations = violations.map(|(pointer, clause)| Violation {
            pointer: pointer.to_owned(),
            clause: clause.to_owned(),
            message: "is missing".to_owned(),
        });
        let long = format!("/{}", "ä".repeat(300));
        let cut = format!("/{}…", "ä".repeat(199));
        for (case, rejection, known, head, expected) in [
            (
                "path",
                Rejection::NotFound,
                false,
                parts("POST", "/typo", &[]),
                Details { path: text("/typo"), ..none() },
            ),
            (
                "query",
                Rejection::NotFound,
                false,
                parts("POST", "http://x/typo?code=canary&canary&x=", &[]),
                Details { path: text("/typo?code=***&***&x=***"), ..none() },
            ),
            ("long path", Rejection::NotFound, false, parts("POST", &long, &[]), Details { path: Some(cut), ..none() }),
            (
                "too early for an endpoint",
                Rejection::Overloaded,
                false,
                parts("POST", "/", &[]),
                Details { path: text("/"), ..none() },
            ),
            (
                "method",
                Rejection::MethodNotAllowed,
                true,
                parts("PUT", "/", &[]),
                Details { method: text("PUT"), ..none() },
            ),
            (
                "media type",
                Rejection::UnsupportedMediaType("why"),
                true,
                parts(
                    "POST",
                    "/",
                    &[("content-type", "text/plain"), ("content-type", "b"), ("content-encoding", "gzip")],
                ),
                Details { content_type: text("text/plain, b"), content_encoding: text("gzip"), ..none() },
            ),
            ("no media type", Rejection::UnsupportedMediaType("why"), true, parts("POST", "/", &[]), none()),
            (
                "length",
                Rejection::TooLarge(7),
                true,
                parts("POST", "/", &[("content-length", "8")]),
                Details { content_length: text("8"), ..none() },
            ),
            (
                "not JSON",
                unreadable(b"{\n  \"a\": x}"),
                true,
                parts("POST", "/", &[]),
                Details { line: Some(2), column: Some(8), ..none() },
            ),
            (
                "byte order mark",
                unreadable(b"\xEF\xBB\xBF{}"),
                true,
                parts("POST", "/", &[]),
                Details { line: Some(1), column: Some(1), ..none() },
            ),
            (
                "ambiguous",
                Rejection::Unreadable(ReadError::Duplicate(Role::Trigger)),
                true,
                parts("POST", "/", &[]),
                Details { pointer: text("/trigger"), ..none() },
            ),
            (
                "contract",
                Rejection::Nonconforming(violations.to_vec()),
                true,
                parts("POST", "/", &[]),
                Details { pointer: text("/flow/flowIdentifier"), clause: text("MSG-4"), violations: Some(2), ..none() },
            ),
        ] {
            assert_eq!(Details::of(&rejection, &head, known.then(Profile::v1)), expected, "{case}");
            assert!(!rejection.reason().is_empty(), "{case}");
        }
    }
}
