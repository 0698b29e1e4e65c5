use schemas::{BasicCredentials, ClientSecret};

use super::*;

fn fill_text(
    authentication: &Authentication,
    changes: &Changes,
    template: &str,
    place: PlaceholderContext,
) -> (String, Option<String>) {
    let text = Credential::new(authentication, changes).fill(template, place);
    (String::from_utf8(text.sent()).unwrap(), text.word())
}

#[test]
fn placeholders_become_what_is_sent_and_what_may_be_shown() {
    let secret = Authentication::ClientSecret { client_secret: ClientSecret::new("s\"é".to_owned()).unwrap() };
    let plain = Authentication::ClientSecret { client_secret: ClientSecret::new("s-é".to_owned()).unwrap() };
    let basic = Authentication::Basic(BasicCredentials::new("jo", "päss".to_owned()).unwrap());
    let append = Changes { secret: Some(Change::Append), password: Some(Change::Append), ..Changes::default() };
    for (authentication, template, place, sent, shown) in [
        (
            &secret,
            r#"{"a":{right}}"#,
            PlaceholderContext::Body,
            r#"{"a":"s\"é"}"#,
            Some(r#"'{"a":"'"${CLIENT_SECRET}"'"}'"#),
        ),
        (&secret, "{given}", PlaceholderContext::Body, r#""s\"éx""#, None),
        (&plain, "{given}", PlaceholderContext::Body, r#""s-éx""#, Some(r#"'"'"${CLIENT_SECRET}x"'"'"#)),
        (&secret, "{right:escaped}", PlaceholderContext::Body, r#""\u0073\u0022\u00e9""#, None),
        (
            &secret,
            "it's {x} {wrong}",
            PlaceholderContext::Body,
            "it's {x} \"wrong-credential-7f3b\"",
            Some("'it'\\''s {x} \"wrong-credential-7f3b\"'"),
        ),
        (&secret, "basic {right}", PlaceholderContext::Header, "basic d2ViaG9vazpzIsOp", None),
        (
            &basic,
            "basic {right}",
            PlaceholderContext::Header,
            "basic am86cMOkc3M=",
            Some("'basic '\"$(printf %s \"${BASIC_USERNAME}:${BASIC_PASSWORD}\" | base64 | tr -d '\\n')\""),
        ),
        (
            &basic,
            "basic {right:unpadded}",
            PlaceholderContext::Header,
            "basic am86cMOkc3M",
            Some("'basic '\"$(printf %s \"${BASIC_USERNAME}:${BASIC_PASSWORD}\" | base64 | tr -d '=\\n')\""),
        ),
        (&basic, "basic {right:restbits}", PlaceholderContext::Header, "basic am86cMOkc3N=", None),
        (
            &basic,
            "basic {right:latin1}",
            PlaceholderContext::Header,
            "basic am86cORzcw==",
            Some(
                "'basic '\"$(printf %s \"${BASIC_USERNAME}:${BASIC_PASSWORD}\" | iconv -f UTF-8 -t ISO-8859-1 | base64 | tr -d '\\n')\"",
            ),
        ),
        (&basic, "basic {right:swapped}", PlaceholderContext::Header, "basic AM86CmoKC3m=", None),
        (
            &basic,
            "{right:nocolon}",
            PlaceholderContext::Header,
            "am8=",
            Some("\"$(printf %s \"${BASIC_USERNAME}\" | base64 | tr -d '\\n')\""),
        ),
        (&basic, "{right:shifted}", PlaceholderContext::Header, "ajpvcMOkc3M=", None),
        (&basic, "{right:bare}", PlaceholderContext::Header, "päss", Some("\"${BASIC_PASSWORD}\"")),
        (&secret, "?s={right:percent}", PlaceholderContext::Header, "?s=%73%22%C3%A9", None),
    ] {
        let (is_sent, word) = fill_text(authentication, &append, template, place);
        assert_eq!((is_sent.as_str(), word.as_deref()), (sent, shown), "{template}");
    }
}
