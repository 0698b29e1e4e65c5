//! Health, readiness and metrics, as a monitoring system sees them.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::support::{
    certificate::{Certificate, TLS},
    program::Receiver,
    raw_client::{Answer, PATIENCE, Raw, answer, post},
};

const SECRET: &str = "canary-secret-5d1c";
const MESSAGE: &str = r#"{"a":1}"#;
pub(crate) const NONE: &str = "admin = \"127.0.0.1:0\"\n[[endpoint]]\npath = \"/none\"\n";
#[cfg(feature = "relay")]
const OPERATIONS: &str = include_str!("../../../docs/operations.md");
#[cfg(feature = "relay")]
const ALERTS: &str = include_str!("../../../packaging/prometheus/alerts.yml");

fn get(address: SocketAddr, path: &str) -> Answer {
    answer(address, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
}

fn text(answer: Answer) -> String {
    String::from_utf8(answer.body).unwrap()
}

/// The samples of a scrape: name and labels, and the value.
fn samples(scrape: &str) -> BTreeMap<String, f64> {
    let lines = scrape.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(key, value)| (key.to_owned(), value.parse().unwrap()))
        .collect()
}

/// Scrapes until the samples are as they should be.
pub(crate) fn scraped(admin: SocketAddr, done: impl Fn(&BTreeMap<String, f64>) -> bool) -> BTreeMap<String, f64> {
    let began = Instant::now();
    loop {
        let samples = samples(&text(get(admin, "/metrics")));
        if done(&samples) {
            return samples;
        }
        assert!(began.elapsed() < PATIENCE, "{samples:#?}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn health_readiness_and_metrics_are_there_and_nothing_else_is() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), NONE, &[]);
    let admin = receiver.admin();
    let healthy = get(admin, "/healthz");
    assert_eq!((healthy.status, &healthy.body[..]), (200, &b"ok\n"[..]));
    let ready = get(admin, "/readyz");
    assert_eq!(ready.status, 200);
    assert_eq!(text(ready), "{\"ready\":true,\"log\":\"ok\",\"index\":\"ok\",\"draining\":false}\n");
    let metrics = get(admin, "/metrics");
    let kind = metrics.header("content-type").unwrap().to_owned();
    assert_eq!((metrics.status, kind.as_str()), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(text(metrics).ends_with("# EOF\n"));
    for (case, path, request, expected) in [
        ("a message", "/none", post("/none", "", MESSAGE), 404),
        ("nothing", "/", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 404),
        ("a POST", "/healthz", post("/healthz", "", MESSAGE), 405),
    ] {
        assert_eq!(answer(admin, request).status, expected, "{case}");
        assert_eq!(answer(receiver.address, post(path, "", MESSAGE)).status == 200, case == "a message", "{case}");
    }
    // The path is one of the other listener only.
    assert_eq!(get(receiver.address, "/metrics").status, 404);
}

#[test]
fn what_happens_is_counted_and_nothing_of_a_message_is_told() {
    let secret = format!(r#"{{"clientSecret":"{SECRET}","flow":{{"flowIdentifier":"FLOW-canary"}}}}"#);
    let more = "[[endpoint]]\npath = \"/named\"\nname = \"a \\\"name\\\"\"\n";
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    let endpoint =
        "[[endpoint]]\npath = \"/secret\"\nauthentication = { type = \"client-secret\", secret = \"file:secret\" }\n";
    let receiver = Receiver::start_in(folder.path(), &format!("{NONE}{endpoint}{more}"), &[]);
    let admin = receiver.admin();
    let before = samples(&text(get(admin, "/metrics")));
    assert_eq!(before["webhook_receiver_requests_total{endpoint=\"/none\",verdict=\"accepted\"}"], 0.0);
    for _ in 0..3 {
        assert_eq!(answer(receiver.address, post("/secret", "", &secret)).status, 200);
    }
    assert_eq!(answer(receiver.address, post("/secret", "", MESSAGE)).status, 403);
    assert_eq!(answer(receiver.address, post("/canary-path", "", MESSAGE)).status, 404);
    assert_eq!(answer(receiver.address, post("/named", "", "[]")).status, 422);
    assert_eq!(answer(receiver.address, "no head\r\n\r\n").status, 400);
    let after = scraped(admin, |samples| {
        samples["webhook_receiver_index_lag_bytes"] == 0.0
            && samples["webhook_receiver_connection_failures_total{reason=\"unreadable-head\"}"] == 1.0
            && samples["webhook_receiver_connections"] == 0.0
    });
    let stored: u64 = std::fs::read_dir(folder.path().join("data/log"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    let bodies = (3 * secret.len() + MESSAGE.len() + "[]".len()) as f64;
    for (sample, expected) in [
        ("requests_total{endpoint=\"/secret\",verdict=\"accepted\"}", 3.0),
        ("requests_total{endpoint=\"/secret\",verdict=\"client-secret-refused\"}", 1.0),
        ("requests_total{endpoint=\"\",verdict=\"not-found\"}", 1.0),
        ("requests_total{endpoint=\"a \\\"name\\\"\",verdict=\"not-a-message\"}", 1.0),
        ("request_duration_seconds_count{outcome=\"accepted\"}", 3.0),
        ("request_duration_seconds_count{outcome=\"refused\"}", 3.0),
        ("body_bytes_total", bodies),
        ("log_batch_records_sum", 3.0),
        ("log_batch_records_count", 3.0),
        ("log_sync_duration_seconds_count", 3.0),
        ("log_write_failures_total", 0.0),
        ("log_queue_records", 0.0),
        ("log_queue_bytes", 0.0),
        ("log_size_bytes", stored as f64),
        ("log_end_position", stored as f64),
        ("requests_in_flight", 0.0),
        ("bodies_in_flight_bytes", 0.0),
        ("connections_limit", 8192.0),
        ("configuration_ok", 1.0),
        ("index_failing", 0.0),
        ("draining", 0.0),
    ] {
        assert_eq!(after[&format!("webhook_receiver_{sample}")], expected, "{sample}: {after:#?}");
    }
    let written = after["webhook_receiver_log_written_bytes_total"];
    assert!(written > bodies / 2.0 && written < stored as f64, "{written}");
    assert!(!text(get(admin, "/metrics")).contains("canary"));
}

#[test]
fn a_configuration_that_is_not_taken_over_and_a_broken_handshake_are_told() {
    let folder = TempDir::new().unwrap();
    Certificate::make().install(folder.path());
    // `[tls]` must come behind what belongs to the top.
    let receiver = Receiver::start_in(folder.path(), &format!("{NONE}{TLS}"), &[]);
    let admin = receiver.admin();
    let mut raw = Raw::connect(receiver.address);
    raw.send(post("/none", "", MESSAGE));
    scraped(admin, |samples| samples["webhook_receiver_connection_failures_total{reason=\"tls-handshake\"}"] == 1.0);
    let config = folder.path().join("receiver.toml");
    let right = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, "wrong").unwrap();
    scraped(admin, |samples| samples["webhook_receiver_configuration_ok"] == 0.0);
    std::fs::write(&config, right).unwrap();
    scraped(admin, |samples| samples["webhook_receiver_configuration_ok"] == 1.0);
}

/// The relay's are there too.
#[cfg(feature = "relay")]
#[test]
fn the_documents_and_alerts_name_the_metrics_that_there_are() {
    let folder = TempDir::new().unwrap();
    Certificate::make().install(folder.path());
    let archive = "[[endpoint.destination]]\nname = \"archive\"\ntype = \"file\"\npath = \"archive.jsonl\"\n";
    let receiver = Receiver::start_in(folder.path(), &format!("{NONE}{archive}{TLS}"), &[]);
    scraped(receiver.admin(), |samples| samples.contains_key("webhook_receiver_relay_lag_bytes"));
    let scrape = text(get(receiver.admin(), "/metrics"));
    let told: BTreeSet<(String, String)> = scrape
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, kind)| match kind {
            "counter" => (format!("{name}_total"), kind.to_owned()),
            "info" => (format!("{name}_info"), kind.to_owned()),
            _ => (name.to_owned(), kind.to_owned()),
        })
        .collect();
    let rows =
        OPERATIONS.lines().filter(|line| line.starts_with("| `webhook_receiver_") || line.starts_with("| `process_"));
    let documented: BTreeSet<(String, String)> = rows
        .map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`')).collect::<Vec<_>>())
        .map(|cells| (cells[1].to_owned(), cells[2].to_owned()))
        .collect();
    assert_eq!(documented, told);
    let names: BTreeSet<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    for (place, text) in [("operations.md", OPERATIONS), ("alerts.yml", ALERTS)] {
        let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
        for word in words.filter(|word| word.starts_with("webhook_receiver_")) {
            let name = ["_bucket", "_count", "_sum"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
            assert!(names.contains(name), "{place}: {word}");
        }
    }
}

#[test]
#[ignore = "needs promtool"]
fn the_alert_rules_fire_for_the_traffic_that_they_are_for() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/prometheus/");
    for arguments in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]] {
        let output = Command::new("promtool").args(arguments).current_dir(folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
}

#[test]
fn readiness_names_the_log_while_the_disk_takes_nothing_and_comes_back_by_itself() {
    let folder = TempDir::new().unwrap();
    // Else the limit's signal would end it.
    let receiver = Receiver::start_execed_in(folder.path(), NONE, &["env", "--ignore-signal=XFSZ"]);
    let admin = receiver.admin();
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    scraped(admin, |samples| samples["webhook_receiver_index_lag_bytes"] == 0.0);
    receiver.limit_files(Some(1));
    // Nobody has met the trouble yet.
    assert_eq!(get(admin, "/readyz").status, 200);
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 503);
    let refused = get(admin, "/readyz");
    assert_eq!(refused.status, 503);
    let refused = refused.json();
    assert_eq!((&refused["ready"], &refused["index"]), (&false.into(), &"ok".into()));
    assert!(
        refused["log"].as_str().unwrap().starts_with("it could not be written, and neither can another file"),
        "{refused}"
    );
    assert_eq!(get(admin, "/healthz").status, 200);
    scraped(admin, |samples| samples["webhook_receiver_log_write_failures_total"] == 1.0);
    receiver.limit_files(None);
    assert_eq!(get(admin, "/readyz").status, 200);
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    assert!(!folder.path().join("data/probe").exists());
}

#[test]
fn who_asks_and_says_nothing_keeps_neither_messages_nor_other_askers_out() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), NONE, &[]);
    let admin = receiver.admin();
    let silent: Vec<Raw> = (0..40).map(|_| Raw::connect(admin)).collect();
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    assert_eq!(get(admin, "/healthz").status, 200);
    drop(silent);
}

#[test]
fn every_answer_names_its_line_in_the_log() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), NONE, &[]);
    let mut seen = BTreeSet::new();
    for (path, body, verdict) in
        [("/none", MESSAGE, "accepted"), ("/none", "[]", "not-a-message"), ("/other", MESSAGE, "not-found")]
    {
        let answer = answer(receiver.address, post(path, "", body));
        let id = answer.header("x-request-id").unwrap().to_owned();
        if verdict == "accepted" {
            assert_eq!(answer.json()["id"], id.as_str());
        }
        receiver.logged(0, &id);
        let log = receiver.log();
        let line = log.lines().find(|line| line.contains(&id)).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(line).unwrap()["verdict"], verdict, "{line}");
        assert!(seen.insert(id), "{path}");
    }
}
