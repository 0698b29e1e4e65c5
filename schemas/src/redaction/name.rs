//! Header fields and parts of a URL that are credentials.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::{MASK, MIN_CREDENTIAL_BYTES};

/// Parts of the name of a header field whose value is a credential.
const SENSITIVE_NAME_PARTS: [&str; 12] =
    ["auth", "cookie", "credential", "hmac", "jwt", "key", "pass", "pwd", "secret", "session", "signature", "token"];

const PUBLIC_NAMES: [&str; 7] = [
    "author",
    "idempotency-key",
    "signature-input",
    "sec-websocket-key",
    "surrogate-key",
    "www-authenticate",
    "proxy-authenticate",
];

/// Minimum length in bytes of a segment of a secret URL's path that is a credential of its own.
const MIN_SEGMENT_BYTES: usize = 16;

/// Whether the value of a header field, or of a form field, is a credential, judged by its name: `authorization`,
/// `x-functions-key`, `x-hub-signature-256`.
pub fn is_sensitive_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_signature = name.split(['-', '_']).any(|word| matches!(word, "sig" | "sign"));
    (is_signature || SENSITIVE_NAME_PARTS.iter().any(|part| name.contains(part)))
        && !PUBLIC_NAMES.contains(&name.as_str())
}

/// The credentials in the path and query of a URL: the values of the query and, if the whole URL is a secret, the path and
/// its long segments. A value shorter than [`MIN_CREDENTIAL_BYTES`] is taken together with its name.
pub fn url_credentials(path_and_query: &str, is_secret: bool) -> Vec<SecretString> {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let mut credentials: Vec<String> = Vec::new();
    for pair in query.split(['&', ';']).filter(|pair| !pair.is_empty()) {
        let value = pair.split_once('=').map_or(pair, |(_, value)| value);
        if value.is_empty() {
            continue;
        }
        let text = if value.len() < MIN_CREDENTIAL_BYTES { pair } else { value };
        // A plus sign is a plus sign in a URL, but a space in the form encoding that most servers expect in a query.
        credentials.extend([text.to_owned(), decoded(text), decoded(&text.replace('+', " "))]);
    }
    if is_secret && path.len() > 1 {
        let segments = path.split('/').filter(|segment| segment.len() >= MIN_SEGMENT_BYTES);
        credentials.extend(
            [path_and_query, path].into_iter().chain(segments).flat_map(|text| [text.to_owned(), decoded(text)]),
        );
    }
    credentials.sort_unstable();
    credentials.dedup();
    credentials.into_iter().map(SecretString::from).collect()
}

/// A URL, or its path and query, with [`MASK`] instead of the user and of each value in the query and in path
/// parameters, such as `;jsessionid=`. The fragment, which may hold a token and is not sent to servers, is removed.
pub fn mask_url(url: &str) -> String {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let (before, query) = match url.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (url, None),
    };
    let mut masked = String::with_capacity(url.len());
    match before.split_once("//") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            let host = authority.rsplit_once('@').map(|(_, host)| format!("{MASK}@{host}"));
            masked.push_str(&format!("{scheme}//{}{}", host.as_deref().unwrap_or(authority), mask_parameters(path)));
        }
        None => masked.push_str(&mask_parameters(before)),
    }
    if let Some(query) = query {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) => format!("{name}={MASK}"),
            None => MASK.to_owned(),
        });
        masked.push('?');
        masked.push_str(&pairs.collect::<Vec<_>>().join("&"));
    }
    masked
}

/// A path with [`MASK`] instead of the values of parameters (RFC 3986 section 3.3).
fn mask_parameters(path: &str) -> String {
    let segment = |segment: &str| {
        let mut parts = segment.split(';');
        let name = parts.next().unwrap_or_default().to_owned();
        parts.fold(name, |segment, parameter| match parameter.split_once('=') {
            Some((name, _)) => format!("{segment};{name}={MASK}"),
            None => format!("{segment};{parameter}"),
        })
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// The text without percent-encoding; unchanged if the bytes are not UTF-8.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_name_tells_whether_its_value_is_a_credential() {
        for name in [
            "authorization",
            "Proxy-Authorization",
            "cookie",
            "set-cookie",
            "x-api-key",
            "X-Functions-Key",
            "ocp-apim-subscription-key",
            "x-gitlab-token",
            "x-hub-signature-256",
            "x-webhook-sig",
            "x-client-secret",
            "X-Auth",
            "x-amz-security-token",
            "passwd",
            "PHPSESSION",
        ] {
            assert!(is_sensitive_name(name), "{name}");
        }
        for name in [
            "content-type",
            "host",
            "user-agent",
            "x-message-id",
            "idempotency-key",
            "author",
            "x-design",
            "www-authenticate",
        ] {
            assert!(!is_sensitive_name(name), "{name}");
        }
    }

    #[test]
    fn the_values_of_a_query_are_credentials() {
        for (url, is_secret, expected) in [
            ("/run", false, &[][..]),
            ("/run?", false, &[]),
            ("/run?code=KEY", false, &["code=KEY"]),
            ("/run?code=s3cret-key&v=1&x=", false, &["s3cret-key", "v=1"]),
            ("/run?s3cret-word", false, &["s3cret-word"]),
            ("/run?sig=ab%2Bcd%2fef", false, &["ab%2Bcd%2fef", "ab+cd/ef"]),
            ("/run?sig=ab+cdef", false, &["ab cdef", "ab+cdef"]),
            ("/run?sig=%FF%FEabc", false, &["%FF%FEabc"]),
            ("/run/99", false, &[]),
            ("/run/99", true, &["/run/99"]),
            ("/", true, &[]),
            (
                "/hooks/0123456789abcdef/run?a=1",
                true,
                &["/hooks/0123456789abcdef/run", "/hooks/0123456789abcdef/run?a=1", "0123456789abcdef", "a=1"],
            ),
        ] {
            let found = url_credentials(url, is_secret);
            let found: Vec<&str> = found.iter().map(|text| text.expose_secret()).collect();
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn a_url_is_shown_without_values_and_user() {
        for (url, expected) in [
            ("/run", "/run"),
            ("/run?code=KEY&x", "/run?code=***&***"),
            ("https://a.example/run?a=b=c#part", "https://a.example/run?a=***"),
            ("https://jo:s3cret@a.example", "https://***@a.example"),
            ("//jo@a.example/x@y?z", "//***@a.example/x@y?***"),
            ("/login?next=https://jo:pw@b.example/", "/login?next=***"),
            ("https://a.example/back#access_token=canary&state=x", "https://a.example/back"),
            ("/back#/route?token=canary", "/back"),
            ("/login;jsessionid=canary/x;v=1;y?z=1", "/login;jsessionid=***/x;v=***;y?z=***"),
            ("https://a.example/login;jsessionid=canary", "https://a.example/login;jsessionid=***"),
            ("/a;b/c", "/a;b/c"),
        ] {
            assert_eq!(mask_url(url), expected);
        }
    }
}
