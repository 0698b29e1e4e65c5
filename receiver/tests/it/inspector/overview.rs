//! The pages Overview and Contract.

use schemas::{Clause, Sample};

use super::Inspected;
use crate::support::raw_client::{answer, post};

const ENDPOINT: &str = "[[endpoint]]\npath = \"/none\"\n";

fn text(inspected: &Inspected, path: &str) -> String {
    let answer = inspected.get(path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    String::from_utf8(answer.body).unwrap()
}

#[test]
fn the_overview_counts_what_just_happened() {
    let inspected = Inspected::start(ENDPOINT);
    for body in ["{\"a\":1}", "{\"a\":2}", "no JSON"] {
        answer(inspected.receiver.address, post("/none", "", body));
    }
    let page = text(&inspected, "/overview");
    for expected in [
        "<th scope=\"row\">accepted</th><td class=\"number\">2</td><td class=\"number\">2</td>",
        "<th scope=\"row\">not-json</th><td class=\"number\">1</td><td class=\"number\">1</td>",
        "aria-label=\"Requests per second in the last 1 minute. accepted: now ",
        "aria-label=\"Size on disk in the last 1 minute. log: now ",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page.contains(" style="), "the policy of the page forbids it");
}

#[test]
fn the_contract_has_an_anchor_for_each_clause_and_links_each_sample() {
    let inspected = Inspected::start(ENDPOINT);
    let page = text(&inspected, "/contract");
    for clause in Clause::all() {
        assert!(page.contains(&format!("<article class=\"clause\" id=\"{}\">", clause.id)), "{}", clause.id);
    }
    for sample in Sample::valid().chain(Sample::invalid()) {
        assert!(page.contains(&format!("<a href=\"/samples/{}\">", sample.name)), "{}", sample.name);
    }
    let sample = text(&inspected, "/samples/step-completed-approval-decision-unknown--MSG-12");
    assert!(sample.contains("Breaks <a href=\"/contract#MSG-12\">MSG-12</a>"), "{sample}");
    let control = text(&inspected, "/samples/step-completed-markup-and-quotes-in-text");
    assert!(!control.contains("<script>alert") && control.contains("&lt;"), "{control}");
    let raw = inspected.get("/samples/step-completed-minimal/raw");
    assert_eq!(raw.body, Sample::find("step-completed-minimal").unwrap().body);
    assert_eq!(raw.header("content-disposition"), Some("attachment; filename=\"step-completed-minimal.json\""));
    for path in ["/samples/missing", "/samples/missing/raw", "/samples/..%2f..%2fCargo/raw"] {
        assert_eq!(inspected.get(path).status, 404, "{path}");
    }
}
