use crate::config::tests::{assert_only_problem, folder, load};

#[test]
fn a_value_of_the_wrong_type_is_reported_with_its_key() {
    let folder = folder();
    for (case, text, expected) in [
        ("one endpoint", "[endpoint]\npath = \"/\"", "1: `endpoint` must be a list of tables, with double brackets"),
        ("no endpoints", "endpoint = []", "1: `endpoint` must not be empty"),
        ("a number for text", "\nlisten = 8080\n[[endpoint]]\npath = \"/\"", "2: `listen` must be text in quotes"),
        ("a missing key", "[[endpoint]]\nname = \"a\"", "1: `path` is missing in `endpoint`"),
        (
            "an unknown word",
            "[[endpoint]]\npath = \"/\"\nauthentication = { type = \"oauth\" }",
            "3: `type` must be one of \"none\", \"client-secret\", \"basic\"",
        ),
        (
            "an unknown policy",
            "[[endpoint]]\npath = \"/\"\nnonconforming = \"drop\"",
            "3: `nonconforming` must be one of",
        ),
        ("a negative number", "[limits]\nconnections = -1\nENDPOINT", "2: `connections` must be at least 1"),
        (
            "a number beyond 64 bits",
            "[limits]\nbody_bytes = 99999999999999999999\nENDPOINT",
            "2: `body_bytes` must be at most 268435456",
        ),
        (
            "the same without a maximum",
            "[limits]\nrequests = 99999999999999999999\nENDPOINT",
            "2: `requests` is too large",
        ),
        ("a number in quotes", "[limits]\nconnections = \"9\"\nENDPOINT", "2: `connections` must be a whole number"),
        (
            "text for a table",
            "tls = \"certificate.pem\"\nENDPOINT",
            "1: `tls` must be a table with the keys certificate, key",
        ),
        ("half of a table", "[tls]\nkey = \"key.pem\"\nENDPOINT", "1: `certificate` is missing in `tls`"),
        (
            "one proxy",
            "trusted_proxies = \"::1\"\nENDPOINT",
            "1: `trusted_proxies` must be a list, such as [\"...\", \"...\"]",
        ),
        ("text for a boolean", "log_payloads = \"yes\"\nENDPOINT", "1: `log_payloads` must be true or false"),
        (
            "a time without a zone",
            "ENDPOINT\nALSO not_after = 2026-12-01T00:00:00 }]",
            "4: `not_after`: the zone is missing: add Z for UTC, or the offset",
        ),
        (
            "a date alone, which could mean its beginning or its end",
            "ENDPOINT\nALSO not_after = 2026-12-01 }]",
            "4: `not_after`: the time is missing: write it with its offset",
        ),
        (
            "a time in quotes",
            "ENDPOINT\nALSO not_after = \"tomorrow\" }]",
            "4: `not_after` must be a date and time with its offset, without quotes",
        ),
    ] {
        let text = text.replace("ENDPOINT", "[[endpoint]]\npath = \"/\"").replace(
            "ALSO",
            "authentication = { type = \"client-secret\", secret = \"file:secret\" }\n\
             also_accept = [{ type = \"client-secret\", secret = \"file:old\",",
        );
        assert_only_problem(&folder, case, &text, &format!("receiver.toml:{expected}"));
    }
}

/// What is below a wrong key, or is the value of one, is checked in the same run.
#[test]
fn a_wrong_key_hides_no_other_problem() {
    const LITERAL: &str = "this is not a reference to a secret";
    let folder = folder();
    for (case, text, expected) in [
        (
            "a misspelt key with a literal secret",
            "[[endpoint]]\npath = \"/\"\nautentication = { type = \"client-secret\", secret = \"canary-7f3a\" }",
            &["3: unknown key `autentication`", LITERAL] as &[_],
        ),
        (
            "a misspelt secret",
            "[[endpoint]]\npath = \"/\"\nauthentication = { type = \"client-secret\", secrt = \"canary-7f3a\" }",
            &["3: unknown key `secrt`", LITERAL],
        ),
        (
            "a misspelt list of tables",
            "[[endpiont]]\npath = \"x\"",
            &["1: unknown key `endpiont`", "2: `path` must begin with `/`"],
        ),
        ("an unknown type", "ENDPOINT type = \"oauth\", password = \"canary-7f3a\" }", &["3: `type` must be", LITERAL]),
        ("a missing type", "ENDPOINT password = \"canary-7f3a\" }", &["3: `type` is missing", LITERAL]),
        (
            "a missing username",
            "ENDPOINT type = \"basic\", password = \"canary-7f3a\" }",
            &["`username` is missing", LITERAL],
        ),
        (
            "a wrong username",
            "ENDPOINT type = \"basic\", username = \"j:o\", password = \"file:long\" }",
            &["the username holds a colon", "the password has 251 characters"],
        ),
        (
            "a missing path",
            "[[endpoint]]\nauthentication = { type = \"client-secret\", secret = \"canary-7f3a\" }",
            &["1: `path` is missing", LITERAL],
        ),
        (
            "one table for a list",
            "[endpoint]\npath = \"/\"\nnonconforming = true",
            &["1: `endpoint` must be a list", "3: `nonconforming` must be one of"],
        ),
        (
            "one value for a list",
            "trusted_proxies = \"proxy.local\"\n[[endpoint]]\npath = \"/\"",
            &["1: `trusted_proxies` must be a list", "1: `trusted_proxies` must be IP addresses"],
        ),
        (
            "an unusable password that would cross a network",
            "listen = \"0.0.0.0:80\"\nENDPOINT type = \"basic\", username = \"jo\", password = \"canary-7f3a\" }",
            &["1: a Basic endpoint would accept passwords over plain HTTP", LITERAL],
        ),
        (
            "an unreadable profile",
            "[[endpoint]]\npath = \"/\"\nprofile = \"none.toml\"\nalso_accept = [\"canary-7f3a\"]",
            &["3: `profile`: cannot read none.toml", "4: `also_accept` must be a table"],
        ),
    ] {
        let error =
            load(&folder, &text.replace("ENDPOINT", "[[endpoint]]\npath = \"/\"\nauthentication = {")).unwrap_err();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{case}: {error}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.contains(expected), "{case}: {line} without {expected}");
        }
    }
}
