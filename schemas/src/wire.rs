//! Media types, header names and the Basic scheme of the webhook's requests.

use std::borrow::Cow;

/// Media type of a webhook message. The help page says "the format of the webhook message is JSON"; the header is an
/// assumption.
pub const JSON_MEDIA_TYPE: &str = "application/json";

/// Media type of an error answer (RFC 9457 section 3).
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Name of the header that carries Basic credentials, as the help page spells it.
pub const AUTHORIZATION_HEADER: &str = "authorization";

/// Authentication scheme, as the help page spells it. Schemes are compared without regard to case (RFC 9110
/// section 11.1).
pub const BASIC_SCHEME: &str = "basic";

/// Whether a `Content-Type` value is JSON in UTF-8: `application/json`, `text/json` or a `+json` type, with no
/// `charset` other than UTF-8. Type, names of parameters and charset are compared without regard to case, and a
/// parameter may be quoted (RFC 9110 sections 5.6.6 and 8.3.1).
pub fn is_json(content_type: &str) -> bool {
    let mut parts = parameters(content_type);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = match media_type.split_once('/') {
        Some(("application" | "text", "json")) => true,
        Some((_, subtype)) => subtype.len() > "+json".len() && subtype.ends_with("+json"),
        None => false,
    };
    let utf_8 = parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
        !name.trim_ascii_end().eq_ignore_ascii_case("charset")
            || matches!(unquoted(value.trim_ascii()).to_ascii_lowercase().as_str(), "utf-8" | "utf8")
    });
    json && utf_8
}

/// The media type of a `Content-Type` value without its parameters, in lower case.
pub fn media_type(content_type: &str) -> String {
    parameters(content_type).next().unwrap_or_default().to_ascii_lowercase()
}

/// Whether a text is one media type, such as `text/plain; charset=utf-8` (RFC 9110 section 8.3.1).
pub fn is_media_type(text: &str) -> bool {
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let mut parts = parameters(text);
    let media_type = parts.next().and_then(|media_type| media_type.split_once('/'));
    media_type.is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        && parts
            .all(|parameter| parameter.is_empty() || parameter.split_once('=').is_some_and(|(name, _)| is_token(name)))
}

/// Whether a field's comma-separated list has this token, compared without regard to case (RFC 9110 section 5.6.1).
pub fn has_token(list: &[u8], token: &str) -> bool {
    list.split(|byte| *byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// Whether this is the only token in a field's comma-separated list, compared without regard to case. Empty
/// elements do not count (RFC 9110 section 5.6.1.2).
pub fn is_list_of(list: &[u8], token: &str) -> bool {
    list.split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .all(|part| part.is_empty() || part.eq_ignore_ascii_case(token.as_bytes()))
}

/// The parts between semicolons outside quoted strings: the media type, then its parameters.
fn parameters(content_type: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = content_type.split(move |character| {
        let ends = character == ';' && !is_quoted;
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        ends
    });
    parts.map(str::trim_ascii)
}

/// The text of a quoted string (RFC 9110 section 5.6.4), or the token as it is.
fn unquoted(value: &str) -> Cow<'_, str> {
    let Some(quoted) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return value.into() };
    let mut is_escaped = false;
    let kept = quoted.chars().filter(|character| {
        is_escaped = *character == '\\' && !is_escaped;
        !is_escaped
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::{has_token, is_json, is_list_of, is_media_type, media_type};

    #[test]
    fn json_is_recognised_by_type_and_charset() {
        for (content_type, expected) in [
            ("application/json", true),
            ("Application/JSON", true),
            ("application/json; charset=utf-8", true),
            ("application/json;charset=\"UTF-8\"", true),
            ("application/json ; charset = utf8", true),
            ("application/json; v=1", true),
            ("application/json; charset=\"u\\tf\\-8\"", true),
            ("application/json; profile=\"a;charset=utf-16\"; charset=utf-8", true),
            ("application/json; profile=\"\\\";charset=utf-16\"", true),
            ("application/json; profile=\"a;b\"; CHARSET=UTF-16", false),
            ("application/json;", true),
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

    #[test]
    fn a_media_type_has_no_parameters_and_no_case() {
        assert_eq!(media_type("Application/Problem+JSON ; charset=utf-8"), "application/problem+json");
        assert_eq!(media_type(""), "");
    }

    #[test]
    fn a_media_type_is_one_type_with_its_parameters() {
        for (text, expected) in [
            ("text/plain", true),
            ("application/vnd.acme+json; charset=\"utf-8\"; v=1", true),
            ("text/plain;", true),
            ("text", false),
            ("text/", false),
            ("/plain", false),
            ("text/plain/x", false),
            ("text plain", false),
            ("application/json, text/plain", false),
            ("text/plain; charset", false),
            ("", false),
        ] {
            assert_eq!(is_media_type(text), expected, "{text:?}");
        }
    }

    #[test]
    fn tokens_of_a_list_are_compared_without_case_and_spaces() {
        for (list, expected) in [
            ("Close", true),
            ("keep-alive ,\tCLOSE", true),
            (",close,", true),
            ("closed", false),
            ("not close", false),
            ("", false),
        ] {
            assert_eq!(has_token(list.as_bytes(), "close"), expected, "{list:?}");
        }
    }

    #[test]
    fn a_list_may_repeat_its_only_token() {
        for (list, expected) in [
            ("identity", true),
            ("Identity", true),
            (" IDENTITY ,, identity", true),
            ("", true),
            ("gzip", false),
            ("identity, gzip", false),
            ("identity;q=1", false),
        ] {
            assert_eq!(is_list_of(list.as_bytes(), "identity"), expected, "{list:?}");
        }
    }
}
