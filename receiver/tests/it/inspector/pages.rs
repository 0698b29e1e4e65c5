//! What the pages show.

use schemas::{Sample, json};

use super::{Inspected, SECRET, text};
use crate::support::raw_client::{answer, post};

fn with_secret(sample: &str) -> Vec<u8> {
    let body = Sample::find(sample).unwrap().body;
    json::put(body, &"/clientSecret".parse().unwrap(), &format!("\"{SECRET}\"")).unwrap().body
}

/// Without what differs from run to run.
fn stable(page: &str, inspected: &Inspected, ids: &[&str]) -> String {
    let mut shown = text(page).replace(&inspected.receiver.address.to_string(), "LISTEN");
    for (index, id) in ids.iter().enumerate() {
        shown = shown.replace(id, &format!("ID-{}", index + 1));
    }
    let mut words = Vec::new();
    for line in shown.lines() {
        let mut rest = line.to_owned();
        while let Some(at) = rest.find(" UTC") {
            let start = at.saturating_sub("2026-11-24 08:00:00".len());
            rest.replace_range(start..at + " UTC".len(), "TIME");
        }
        words.push(rest);
    }
    words.join("\n")
}

#[test]
fn a_message_is_shown_as_people_read_it() {
    let inspected = Inspected::with_endpoints();
    let id = inspected.receive("/hooks", with_secret("step-completed-approval-rejected-and-sent-back"));
    let page = inspected.page(&format!("/messages/{id}"));
    assert!(!page.contains(SECRET));
    insta::assert_snapshot!("message", stable(&page, &inspected, &[&id]));
}

#[test]
fn a_violation_is_shown_at_its_place_with_its_clause() {
    let inspected = Inspected::with_endpoints();
    let violations = |sample: &Sample| {
        let document = schemas::Document::read(sample.body, schemas::Profile::v1()).ok()?;
        document.is_message().then(|| document.violations()).filter(|violations| !violations.is_empty())
    };
    let sample = Sample::invalid().find(|sample| violations(sample).is_some()).unwrap();
    let violations = violations(&sample).unwrap();
    let id = inspected.receive("/open", sample.body);
    let page = inspected.page(&format!("/messages/{id}"));
    for violation in &violations {
        assert!(page.contains(&format!("href=\"/contract#{}\"", violation.clause)), "{violation}");
    }
    assert_eq!(page.matches("<span class=\"note\"").count(), violations.len(), "{page}");
    assert!(text(&page).contains("▲ "), "{page}");
    let list = inspected.page("/?q=is%3Abroken");
    assert!(list.contains(&id), "{list}");
    assert!(!inspected.page("/?q=is%3Aholds").contains(&id));
}

#[test]
fn pages_of_messages_follow_each_other_without_gap_or_repetition() {
    let inspected = Inspected::with_endpoints();
    let ids: Vec<String> = (0..120)
        .map(|number| {
            let body = format!(r#"{{"number":{number}}}"#);
            let endpoint = if number % 2 == 0 { "/open" } else { "/hooks" };
            let body =
                if endpoint == "/hooks" { format!(r#"{{"clientSecret":"{SECRET}","number":{number}}}"#) } else { body };
            answer(inspected.receiver.address, post(endpoint, "", body)).json()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let last = ids.last().unwrap();
    inspected.wait_for(&format!("/messages/{last}"), |answer| answer.status == 200);
    for (query, expected) in
        [("", ids.clone()), ("endpoint%3A%2Fopen", ids.iter().step_by(2).cloned().collect::<Vec<_>>())]
    {
        let mut found = Vec::new();
        let mut path = Some(format!("/?q={query}"));
        while let Some(this) = path {
            let page = inspected.page(&this);
            let (_, rows) = page.split_once("<tbody>").unwrap();
            let (rows, rest) = rows.split_once("</tbody>").unwrap();
            let before = found.len();
            found.extend(rows.split("href=\"/messages/").skip(1).map(|part| part[..36].to_owned()));
            assert!(found.len() - before <= 50);
            path = rest
                .split_once("rel=\"next\" href=\"")
                .map(|(_, rest)| rest.split('"').next().unwrap().replace("&amp;", "&"));
        }
        let expected: Vec<String> = expected.into_iter().rev().collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn a_wrong_search_is_explained_at_its_place() {
    let inspected = Inspected::with_endpoints();
    let answer = inspected.get("/?q=flwo%3AFLOW-604");
    assert_eq!(answer.status, 400);
    let page = String::from_utf8(answer.body).unwrap();
    let shown = text(&page);
    let (_, error) = shown.split_once("Search\n").unwrap();
    insta::assert_snapshot!("wrong_search", error.split("How to search").next().unwrap().trim());
    assert!(page.contains("aria-invalid=\"true\""));
}

#[test]
fn each_term_of_a_search_is_a_link_to_the_search_without_it() {
    let inspected = Inspected::with_endpoints();
    let page = inspected.page("/?q=is%3Aholds+flow%3A%22a+b%22");
    for (label, href) in
        [("Remove is:holds", "/?q=flow%3A%22a%20b%22"), ("Remove flow:&quot;a b&quot;", "/?q=is%3Aholds")]
    {
        assert!(page.contains(&format!("href=\"{href}\" aria-label=\"{label}\"")), "{label}: {page}");
    }
}

#[test]
fn large_bodies_and_many_fields_are_cut_with_a_sentence() {
    let inspected = Inspected::with_endpoints();
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(300 << 10));
    let id = inspected.receive("/open", &large);
    let page = inspected.page(&format!("/messages/{id}"));
    assert!(page.len() < 160 << 10, "{}", page.len());
    assert!(text(&page).contains("These are the first 65536; the download has all."));
    assert_eq!(inspected.get(&format!("/messages/{id}/raw")).body, large.as_bytes());
    let fields: Vec<String> = (0..2500).map(|number| format!(r#"{{"name":"f{number}","value":{number}}}"#)).collect();
    let id = inspected.receive("/open", format!(r#"{{"step":{{"fields":[{}]}}}}"#, fields.join(",")));
    let shown = text(&inspected.page(&format!("/messages/{id}")));
    assert!(shown.contains("500 more fields are not shown here; the download has all."), "{shown}");
}

#[test]
fn a_refused_request_is_explained_by_its_request_id() {
    let inspected = Inspected::with_endpoints();
    let refused = answer(inspected.receiver.address, post("/hooks", "", format!(r#"{{"clientSecret":"{SECRET}\n"}}"#)));
    assert_eq!(refused.status, 403);
    let id = refused.header("x-request-id").unwrap().to_owned();
    let answer = inspected.wait_for(&format!("/refused/{id}"), |answer| answer.status == 200);
    let page = String::from_utf8(answer.body).unwrap();
    assert!(!page.contains(SECRET));
    let shown = stable(&page, &inspected, &[&id]);
    let (about, _) = shown.split_once("The request\n").unwrap();
    insta::assert_snapshot!("refused", about);
    let list = inspected.page("/refused");
    assert!(list.contains(&format!("href=\"/refused/{id}\"")) && text(&list).contains("client secret"), "{list}");
    assert_eq!(inspected.get(&format!("/refused/by-id?id={}", &id[..13])).status, 200);
    assert_eq!(inspected.get("/refused/00000000-0000-7000-8000-000000000000").status, 404);
}

#[test]
fn every_page_is_there_and_all_of_them_are_small() {
    let inspected = Inspected::with_endpoints();
    let id = inspected.receive("/open", Sample::find("step-completed-exhaustive").unwrap().body);
    let pages = [
        "/".to_owned(),
        "/refused".to_owned(),
        "/relays".to_owned(),
        "/overview".to_owned(),
        "/contract".to_owned(),
        "/send".to_owned(),
        "/samples/step-completed-minimal".to_owned(),
        format!("/messages/{id}"),
        format!("/messages/{id}/replay"),
    ];
    // Every page has the same style and script.
    let layout = super::stream::compressed(&inspected, "/no-such-page");
    let mut total = layout;
    for path in &pages {
        let page = inspected.page(path);
        assert!(page.contains("<html lang=\"en\">") && page.matches("<h1>").count() == 1, "{path}");
        assert_eq!(page.matches("<script").count(), 1, "{path}");
        assert!(!page.contains(" style=") && !page.contains(" onclick="), "{path}");
        total += super::stream::compressed(&inspected, path) - layout;
    }
    assert!(total < 60_000, "{total}");
}
