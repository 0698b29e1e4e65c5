//! Messages and requests that are made to do something to the person who looks at them.

use schemas::text::is_unsafe;

use super::{Inspected, SECRET};
use crate::support::raw_client::{answer, post};

const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</pre></mark></table></main><h1>hello",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "\u{202e}txt.exe\u{2066}\u{200f}\u{feff}",
    "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\n::error::x",
];

/// A message with the text at every place that has a text.
fn message(hostile: &str) -> String {
    let text = serde_json::Value::from(hostile);
    let field = serde_json::json!({
        "name": text, "type": text, "order": 1, "identifier": text, "value": text,
        "options": [{ "key": text, "value": text, "isSelected": true }],
    });
    let step = serde_json::json!({
        "stepIdentifier": text, "type": text, "access": text, "createdAt": text, "completedAt": text, "completedBy": text,
        "decisions": [{ "approver": text, "decision": text, "comment": text, "at": text }],
        "fields": [field],
    });
    let mut message = serde_json::json!({
        "webhook": { "name": text, "description": text },
        "trigger": "stepCompleted",
        "flow": { "flowIdentifier": text, "name": text, "subject": text, "initiator": text },
        "step": step, "previousStep": step,
    });
    message[hostile] = text;
    message.to_string()
}

fn assert_harmless(case: &str, page: &str) {
    for markup in ["<script>alert", "<img", "<h1>hello"] {
        assert!(!page.contains(markup), "{case}: {markup}");
    }
    for tag in tags(page) {
        assert!(!tag.contains(" on"), "{case}: {tag}");
    }
    assert_eq!(page.matches("<script").count(), 1, "{case}");
    let bad = page.chars().find(|character| is_unsafe(*character) && *character != '\n' && *character != '\t');
    assert_eq!(bad, None, "{case}");
    assert!(!page.contains("href=\"javascript:"), "{case}");
}

/// The tags of a page without the values of their attributes, which are in double quotes.
fn tags(page: &str) -> Vec<String> {
    let (start, script) = page.split_once("<script>").unwrap();
    let (_, end) = script.split_once("</script>").unwrap();
    let mut tags = Vec::new();
    for part in [start, end].iter().flat_map(|part| part.split('<').skip(1)) {
        let mut is_quoted = false;
        let names = part.chars().take_while(|character| {
            is_quoted ^= *character == '"';
            is_quoted || *character != '>'
        });
        let tag: String = names.collect();
        tags.push(tag.split('"').step_by(2).collect());
    }
    tags
}

#[test]
fn nothing_in_a_message_or_request_is_obeyed() {
    let inspected = Inspected::start(
        "[[endpoint]]\npath = \"/open\"\n[[endpoint]]\npath = \"/capture\"\ncapture = true\n\
         authentication = { type = \"client-secret\", secret = \"file:secret\" }\n",
    );
    for hostile in HOSTILE {
        let id = inspected.receive("/open", message(hostile));
        let path = format!("/messages/{id}");
        assert_harmless(hostile, &inspected.page(&path));
        assert_harmless(hostile, &inspected.page(&format!("{path}/replay")));
        let fixture = String::from_utf8(inspected.get(&format!("{path}/fixture.json")).body).unwrap();
        assert!(!fixture.chars().any(|character| is_unsafe(character) && character != '\n'), "{fixture}");
        let raw = inspected.get(&format!("{path}/raw"));
        assert_eq!(raw.body, message(hostile).as_bytes());
        for (name, value) in [
            ("content-type", "application/octet-stream"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox; default-src 'none'"),
        ] {
            assert_eq!(raw.header(name), Some(value));
        }
        assert!(raw.header("content-disposition").unwrap().starts_with("attachment; filename=\""));
    }
    assert_harmless("the list", &inspected.page("/"));
    // Only visible characters are allowed in a head.
    for hostile in HOSTILE.iter().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')) {
        let headers = format!("X-Test: {hostile}\r\nUser-Agent: {hostile}\r\n");
        let captured = answer(
            inspected.receiver.address,
            post("/capture", &headers, format!("{{\"clientSecret\":\"{SECRET}\",\"{hostile}")),
        );
        let id = captured.json()["id"].as_str().unwrap().to_owned();
        let answer = inspected.wait_for(&format!("/messages/{id}"), |answer| answer.status == 200);
        assert_harmless(hostile, &String::from_utf8(answer.body).unwrap());
    }
    let target =
        "/%3Cscript%3Ealert(1)%3C/script%3E\"><script>alert(1)</script>?<img>=1".replace([' ', '"', '<', '>'], "%3C");
    for request in [
        format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nX-<script>: 1\r\n\r\n"),
        "POST /open HTTP/1.1\r\nHost: x\r\nContent-Type: <script>alert(1)</script>\r\nContent-Length: 2\r\n\r\n{}"
            .to_owned(),
        "GET /open HTTP/1.1\r\nHost: x\r\nX-Img: <img src=x onerror=alert(1)>\r\n\r\n".to_owned(),
    ] {
        let refused = answer(inspected.receiver.address, request);
        assert!(refused.status >= 400);
        let Some(id) = refused.header("x-request-id") else { continue };
        let answer = inspected.wait_for(&format!("/refused/{id}"), |answer| answer.status == 200);
        assert_harmless(id, &String::from_utf8(answer.body).unwrap());
    }
    assert_harmless("refused", &inspected.page("/refused"));
    for query in HOSTILE.map(super::encoded) {
        let page = String::from_utf8(inspected.get(&format!("/?q={query}")).body).unwrap();
        // The search box has the search as it is, to be sent again.
        let (start, value) = page.split_once(" value=\"").unwrap();
        let (_, end) = value.split_once('"').unwrap();
        assert_harmless(&query, &format!("{start}{end}"));
    }
}
