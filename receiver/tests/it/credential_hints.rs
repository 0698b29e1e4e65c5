//! A refused credential that is the right one in another spelling: the log says so, the answer does not.

use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
};

const SECRET: &str = "canary-schlüssel";
const PASSWORD: &str = "canary-pässwort";

#[test]
fn the_log_names_the_spelling_in_which_a_credential_would_match_and_the_answer_does_not() {
    let receiver = Receiver::start_with(SECRET, PASSWORD, "");
    let basic = |parameter: &str| post("/basic", &format!("Authorization: Basic {parameter}\r\n"), "{}");
    let secret = |secret: &str| post("/secret", "", format!("{{\"clientSecret\":\"{secret}\"}}"));
    // Written by another program: `printf 'jo:canary-pässwort' | iconv -t LATIN1 | base64`, and so on.
    let cases: [(&str, Vec<u8>, u16, Option<&str>); 11] = [
        ("Latin-1", basic("am86Y2FuYXJ5LXDkc3N3b3J0"), 401, Some("in Latin-1 would match: encode it in UTF-8")),
        ("decomposed", basic("am86Y2FuYXJ5LXBhzIhzc3dvcnQ="), 401, Some("in another Unicode normalization form would")),
        ("a line end", basic("am86Y2FuYXJ5LXDDpHNzd29ydAo="), 401, Some("with white space or an invisible character")),
        ("another password", basic("am86Y2FuYXJ5"), 401, None),
        ("another in Latin-1", basic("am868W8="), 401, None),
        ("no header", post("/basic", "", "{}"), 401, None),
        (
            "a secret in quotes",
            secret(&format!("'{SECRET}'")),
            403,
            Some("in quotes would match: leave the quotes out"),
        ),
        ("a secret in UTF-8 twice", secret("canary-schlÃ¼ssel"), 403, Some("in UTF-8 twice would match")),
        ("a secret and a line end", secret(&format!("{SECRET}\\n")), 403, Some("with white space or an invisible")),
        ("another secret", secret("canary"), 403, None),
        ("another secret in quotes", secret("'canary'"), 403, None),
    ];
    let mut bodies = Vec::new();
    let mut seen = receiver.log().len();
    for (case, request, status, hint) in &cases {
        let refused = answer(receiver.address, request);
        assert_eq!(refused.status, *status, "{case}");
        bodies.push((*status, refused.body));
        seen = receiver.logged(seen, "\"peer\":");
        let line = receiver.log_lines().into_iter().rfind(|line| line.get("peer").is_some()).unwrap();
        let reason = line["reason"].as_str().unwrap();
        assert_eq!(reason.contains("the same credential "), hint.is_some(), "{case}: {reason}");
        assert!(reason.contains(hint.unwrap_or_default()), "{case}: {reason}");
    }
    // One answer for all refusals of a kind.
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [401, 403]);
    assert!(!receiver.log().contains("canary"), "{}", receiver.log());
    assert!(receiver.exported().is_empty());
}
