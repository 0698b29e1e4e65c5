//! Large messages take seconds, and do not hold up others.

use std::fs;

use serde_json::{Value, json};

use super::{endpoint, folder, message, to_http};
use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
    teams::Teams,
};

/// Takes seconds to render if a message has many fields.
const SLOW: &str = r#"{
  "type": "AdaptiveCard", "version": "1.4", "body": [
    {% if fields | length > 500 %}{% for a in range(4000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}{% endif %}
    {"type": "TextBlock", "text": "{{ flow.subject }}"}
  ]
}"#;

/// A message of about `bytes` bytes, in many fields.
fn large(flow: &str, number: usize, bytes: usize) -> String {
    let mut large: Value = serde_json::from_str(&message(flow, number)).unwrap();
    let field = |place: usize| {
        json!({"name": format!("Field {place}"), "type": "singleLineText", "order": place, "identifier": format!("f{place}"),
               "value": "a value of some length", "options": null})
    };
    large["step"]["fields"] = (0..bytes / 130).map(field).collect();
    large.to_string()
}

#[test]
fn large_messages_with_a_condition_or_a_card_hold_up_no_other_endpoint_and_no_end() {
    let (teams, quick) = (Teams::accepting(), Teams::accepting());
    let folder = folder(&teams);
    fs::write(folder.path().join("slow.jinja"), SLOW).unwrap();
    let card = |number: usize| {
        format!(
            "[[endpoint.destination]]\nname = \"card-{number}\"\ntype = \"teams\"\nurl = \"file:teams-url\"\n\
             template = \"slow.jinja\"\n"
        )
    };
    let cards: String = (0..3).map(card).collect();
    let asked = to_http("asked", &teams, "when = \"fields | selectattr('long') | list | length == 0\"");
    let toml = format!(
        "{}[[endpoint]]\npath = \"/quick\"\n{}",
        endpoint(&format!("{cards}{asked}")),
        to_http("quick", &quick, "when = \"trigger == 'stepCompleted'\"")
    );
    let receiver = Receiver::start_in(folder.path(), &toml, &[]);
    const LARGE: usize = 5;
    for number in 0..LARGE {
        let answer = answer(receiver.address, post("/hooks", "", large(&format!("FLOW-{number}"), number, 1 << 20)));
        assert_eq!(answer.status, 200);
    }
    let answer = answer(receiver.address, post("/quick", "", message("FLOW-9", 9)));
    assert_eq!(answer.status, 200);
    quick.until_accepted(1);
    // Each of the large ones takes far longer than the one that came after them.
    let done = teams.got().len();
    assert!(done < 4 * LARGE, "the small message waited for all large ones");
    // It shuts down while some are still to be rendered.
    assert!(receiver.terminate().success());
    assert!(teams.got().len() < 4 * LARGE, "the end waited for all large messages");
}
