use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::{
    config::tests::{SECRET, as_json, folder, load},
    relay::{Content, DestinationTarget},
};

#[test]
fn the_schema_and_the_types_know_the_same_keys_of_destinations() {
    const DESTINATIONS: &str = r#"
        [[endpoint]]
        path = "/hooks"
        [[endpoint.destination]]
        name = "channel"
        type = "teams"
        url = "file:url"
        when = "decision != 'approved'"
        template = "card.jinja"
        flow_url = "https://acme.example/flows/{flowIdentifier}"
        budget_bytes = 10000
        rate = "90/m"
        timeout = "5s"
        retry = { attempts = 3, total = "2h", longest_wait = "1m" }
        [[endpoint.destination]]
        name = "crm"
        type = "http"
        url = "http://crm.internal.example/hooks"
        content_type = "application/vnd.acme+json"
        authentication = { type = "client-secret", secret = "file:secret" }
        allow_address = ["private", "192.0.2.0/24"]
        allow_plaintext = true
        [[endpoint.destination]]
        name = "archive"
        type = "file"
        path = "archive.jsonl"
    "#;
    let folder = folder();
    fs::write(folder.path().join("url"), "https://x.0f.environment.api.powerplatform.com/invoke?sig=canary-7f3a")
        .unwrap();
    fs::set_permissions(folder.path().join("url"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.path().join("card.jinja"), r#"{"type": "AdaptiveCard", "version": "1.4", "body": []}"#).unwrap();
    let config = load(&folder, DESTINATIONS).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let names: Vec<&str> = config.destinations.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["channel", "crm", "archive"]);
    assert!(!format!("{:?}", config.destinations).contains(SECRET));
    let schema: Value = serde_json::from_str(include_str!("../../../config.schema.json")).unwrap();
    let value: Value = toml::from_str::<toml::Table>(DESTINATIONS).map(as_json).unwrap();
    assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&value));
    for part in ["destination", "retry"] {
        for key in schema["$defs"][part]["properties"].as_object().unwrap().keys() {
            assert!(DESTINATIONS.contains(key.as_str()), "{key}");
        }
    }
}

#[test]
fn names_and_files_are_each_destinations_own() {
    let destination = |name: &str, path: &str| {
        format!("[[endpoint.destination]]\nname = \"{name}\"\ntype = \"file\"\npath = \"{path}\"\n")
    };
    let endpoint = |path: &str| format!("[[endpoint]]\npath = \"{path}\"\n");
    let first = endpoint("/a") + &destination("archive", "a.jsonl");
    for (case, more, expected) in [
        ("its own", destination("other", "b.jsonl"), None),
        (
            "the same name",
            destination("archive", "b.jsonl"),
            Some("8: another destination already has the name archive"),
        ),
        ("the same file", destination("other", "a.jsonl"), Some("10: another destination already writes to a.jsonl")),
        (
            "at another endpoint",
            endpoint("/b") + &destination("archive", "b.jsonl"),
            Some("10: another destination already has the name archive"),
        ),
    ] {
        let expected = expected.map(|expected| format!("receiver.toml:{expected}"));
        assert_eq!(load(&folder(), &(first.clone() + &more)).err(), expected, "{case}");
    }
}

/// An endpoint with one destination of the type `http`.
fn to_http(more: &str) -> String {
    format!(
        "[[endpoint]]\npath = \"/hooks\"\n[[endpoint.destination]]\nname = \"one\"\ntype = \"http\"\n\
         url = \"http://hooks.example/\"\n{more}\n"
    )
}

#[test]
fn a_template_may_use_all_that_a_stored_message_has() {
    let folder = folder();
    for (name, template) in [
        ("time.txt.jinja", "{{ received_at | time }}"),
        ("id.txt.jinja", "{{ message_id[:8] }} {{ endpoint | upper }} {{ received_at[:10] ~ '' }}"),
        ("url.txt.jinja", "{{ flow.url | urlencode }} {{ flow.url[:8] }}"),
        ("dates.txt.jinja", "{{ previous_step.completed_at | time if previous_step }}{{ step.created_at | time }}"),
        (
            "missing.txt.jinja",
            "{{ flow.initiator | upper }}{{ values['No such'] | date }}{{ step.completed_at | time }}",
        ),
    ] {
        fs::write(folder.path().join(name), template).unwrap();
        let flow_url = "flow_url = \"https://acme.example/flows/{flowIdentifier}\"";
        let config = load(&folder, &to_http(&format!("template = \"{name}\"\n{flow_url}")));
        assert!(config.is_ok(), "{template}: {}", config.unwrap_err());
    }
}

#[test]
fn what_is_made_has_the_content_type_of_its_suffix_unless_another_is_configured() {
    let folder = folder();
    for (name, template, more, content_type) in [
        ("a.txt.jinja", "x", "", "text/plain; charset=utf-8"),
        ("a.html", "<p>", "", "text/html; charset=utf-8"),
        ("a.xml.j2", "<a/>", "", "application/xml"),
        ("a.md", "# x", "", "text/markdown; charset=utf-8"),
        ("a.csv.jinja", "a,b", "", "text/csv; charset=utf-8"),
        ("a.jinja", "{}", "", "application/json"),
        ("a.json.jinja", "{}", "", "application/json"),
        ("b.txt.jinja", "x", "content_type = \"text/x-log\"", "text/x-log"),
        ("b.jinja", "{}", "content_type = \"application/vnd.acme+json\"", "application/vnd.acme+json"),
    ] {
        fs::write(folder.path().join(name), template).unwrap();
        let config = load(&folder, &to_http(&format!("template = \"{name}\"\n{more}"))).unwrap();
        let destinations: Vec<_> = config.destinations.iter().collect();
        let DestinationTarget::Web(web) = &destinations[0].target else { panic!("{name}") };
        let Content::Text { content_type: found, .. } = &web.content else { panic!("{name}") };
        assert_eq!(found, content_type, "{name}");
    }
}

#[test]
fn a_condition_that_compares_two_types_is_refused_where_a_sample_shows_it() {
    let folder = folder();
    for (when, expected) in [
        ("step.name > 10", "cannot compare a text with a number; write `| number` after the text"),
        ("values['Credit limit'] > '10000'", "cannot compare a number with a text"),
        ("received_at > 2026", "cannot compare a text with a number"),
        ("decision in [1, 2]", "cannot compare a number with a text"),
    ] {
        let error = load(&folder, &to_http(&format!("when = \"{when}\""))).unwrap_err();
        assert!(
            error.contains("receiver.toml:7: `when`: on the sample ") && error.contains(expected),
            "{when}: {error}"
        );
    }
    load(&folder, &to_http("when = \"values['Credit limit'] > 10000 and received_at > '2026-01-01'\"")).unwrap();
}

#[test]
fn a_destination_that_could_get_nothing_is_refused() {
    let folder = folder();
    let at = |url: &str, more: &str| to_http(more).replace("http://hooks.example/", url);
    for (case, toml, expected) in [
        (
            "a trigger in other letters",
            to_http("when = \"trigger == 'stepcompleted'\""),
            "7: `when`: it holds for no message",
        ),
        (
            "a decision in other letters",
            to_http("when = \"decision in ['Approved']\""),
            "7: `when`: it holds for no message",
        ),
        ("never", to_http("when = \"false\""), "7: `when`: it holds for no message"),
        ("a private address", at("http://10.1.2.3:8080/x", ""), "6: the address in `url` is not public"),
        ("metadata of a cloud", at("http://169.254.169.254/", ""), "6: the address in `url` is not public"),
        ("in another spelling", at("http://0xa.1/", "allow_address = [\"192.168.0.0/16\"]"), "6: the address in `url`"),
    ] {
        let error = load(&folder, &toml).unwrap_err();
        assert!(error.contains(&format!("receiver.toml:{expected}")), "{case}: {error}");
    }
    for (case, toml) in [
        ("another word", to_http("when = \"trigger == 'stepCompleted' or values['Kind'] == 'x'\"")),
        ("a field that no sample has", to_http("when = \"values['No such'] == 'x'\"")),
        ("a private address that is allowed", at("http://10.1.2.3/", "allow_address = [\"private\"]")),
        ("this machine", at("http://127.0.0.1:1/", "")),
    ] {
        assert!(load(&folder, &toml).is_ok(), "{case}: {:?}", load(&folder, &toml).err());
    }
}

#[test]
fn what_is_neither_true_nor_false_nor_a_media_type_is_refused() {
    let folder = folder();
    for (line, expected) in [
        ("when = \"'false'\"", "the result is a text, neither true nor false"),
        ("when = \"1\"", "the result is a number, neither true nor false"),
        ("when = \"step.name\"", "the result is a text, neither true nor false"),
        ("when = \"fields\"", "the result is a list, neither true nor false"),
        ("content_type = \"text\"", "`content_type` must be a media type"),
        ("content_type = \"application/json, text/plain\"", "`content_type` must be a media type"),
        ("allow_address = [\"10.0.0.5/8\"]", "`allow_address`"),
    ] {
        let error = load(&folder, &to_http(line)).unwrap_err();
        assert!(error.contains("receiver.toml:7: ") && error.contains(expected), "{line}: {error}");
    }
    let error = load(&folder, &format!("trusted_proxies = [\"10.0.0.5/8\"]\n{}", to_http(""))).unwrap_err();
    assert!(error.contains("write 10.0.0.0/8 for the network, or 10.0.0.5 for the address"), "{error}");
}
