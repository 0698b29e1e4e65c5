//! The words of the wire that are not part of the message: media types, header names, the Basic scheme.

/// Media type of a webhook message. The help page says "the format of the webhook message is JSON"; that the header
/// says so too is assumed.
pub const JSON: &str = "application/json";

/// Media type of an error answer (RFC 9457 section 3).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Name of the header that carries Basic credentials, as the help page spells it.
pub const AUTHORIZATION: &str = "authorization";

/// Authentication scheme, as the help page spells it. Schemes are compared without regard to case (RFC 9110
/// section 11.1).
pub const BASIC: &str = "basic";

/// Whether a `Content-Type` value announces JSON in UTF-8: `application/json`, `text/json` or a `+json` type, with no
/// `charset` other than UTF-8. Case does not matter (RFC 9110 section 8.3.1).
pub fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = match media_type.split_once('/') {
        Some(("application" | "text", "json")) => true,
        Some((_, subtype)) => subtype.len() > "+json".len() && subtype.ends_with("+json"),
        None => false,
    };
    let utf_8 = parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
        !name.trim_end().eq_ignore_ascii_case("charset")
            || matches!(value.trim().trim_matches('"').to_ascii_lowercase().as_str(), "utf-8" | "utf8")
    });
    json && utf_8
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn json_is_recognised_by_type_and_charset() {
        for (content_type, expected) in [
            ("application/json", true),
            ("Application/JSON", true),
            ("application/json; charset=utf-8", true),
            ("application/json;charset=\"UTF-8\"", true),
            ("application/json ; charset = utf8", true),
            ("application/json; v=1", true),
            ("text/json", true),
            ("application/cloudevents+json", true),
            ("application/json; charset=utf-16", false),
            ("application/json; charset=iso-8859-1", false),
            ("application/+json", false),
            ("application/jsonp", false),
            ("application/x-www-form-urlencoded", false),
            ("text/plain", false),
            ("json", false),
            ("", false),
        ] {
            assert_eq!(is_json(content_type), expected, "{content_type:?}");
        }
    }
}
