mod problems;

use std::{fs, net::Ipv4Addr, os::unix::fs::PermissionsExt as _, time::Duration};

use schemas::Authentication;
use serde_json::Value;
use tempfile::TempDir;

use super::{Config, ConfigChanges, Limits};
use crate::{ingest::Nonconforming, log::Retention};

pub(super) const SECRET: &str = "canary-7f3a";

pub(super) fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in [
        ("secret", format!("{SECRET}\n")),
        ("old", "older".to_owned()),
        ("long", "x".repeat(251)),
        ("empty", "\n".to_owned()),
        (
            "profile.toml",
            "name = \"p\"\n[roles]\ntriger = \"/t\"\n[fields]\nform = \"map\"\nkey = \"name\"\n".to_owned(),
        ),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    for (certificate, key) in [("certificate.pem", "key.pem"), ("other.pem", "other-key.pem")] {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(folder.path().join(certificate), made.cert.pem()).unwrap();
        fs::write(folder.path().join(key), made.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(folder.path().join(key), fs::Permissions::from_mode(0o600)).unwrap();
    }
    folder
}

pub(super) fn load(folder: &TempDir, text: &str) -> Result<Config, String> {
    let file = folder.path().join("receiver.toml");
    fs::write(&file, text).unwrap();
    Config::load(&file).map_err(|error| {
        let shown = error.to_string().replace(&format!("{}/", folder.path().display()), "");
        assert!(!shown.contains(SECRET), "{shown}");
        shown
    })
}

/// Asserts that the configuration has exactly one problem.
pub(super) fn assert_only_problem(folder: &TempDir, case: &str, text: &str, expected: &str) {
    let error = load(folder, text).unwrap_err();
    assert!(error.contains(expected), "{case}: {error}");
    assert!(!error.contains('\n'), "{case}: {error}");
}

#[test]
fn only_a_path_is_required() {
    let folder = folder();
    let config = load(&folder, "[[endpoint]]\npath = \"/hooks\"\n").unwrap();
    assert_eq!(config.listen, (Ipv4Addr::LOCALHOST, 8080).into());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.data_dir, folder.path().join("flowingly/data"));
    let [endpoint] = &config.endpoints[..] else { panic!() };
    assert_eq!((endpoint.path.as_str(), endpoint.name.as_str()), ("/hooks", "/hooks"));
    assert_eq!(endpoint.authentication, Authentication::None);
    assert_eq!(endpoint.nonconforming, Nonconforming::Store);
}

const EVERYTHING: &str = r#"
listen = "[::1]:9999"
admin = "192.0.2.1:9090"
admin_remote = true
inspect = "192.0.2.1:9091"
inspect_hosts = ["hooks.example.com", "10.0.0.7:9091"]
data_dir = "/var/lib/hooks"
behind_tls_proxy = true
trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "::1"]
log_payloads = true
keep_refused_bodies = true

[limits]
body_bytes = 1048576
header_bytes = 16384
header_fields = 50
header_timeout = "2s"
body_timeout = "500ms"
idle_timeout = "90"
drain_timeout = "10s"
connections = 100
requests = 200
bodies_bytes = 2097152

[tls]
certificate = "certificate.pem"
key = "key.pem"

[retention]
max_age = "90d"
max_bytes = 21474836480

[[endpoint]]
path = "/a"
name = "a"
authentication = { type = "client-secret", secret = "file:secret" }
also_accept = [{ type = "client-secret", secret = "file:old", not_after = 2026-12-31T00:00:00Z }]
nonconforming = "reject"

[[endpoint]]
path = "/b"
authentication = { type = "basic", username = "jo", password = "file:secret" }

[[endpoint]]
path = "/c"
authentication = { type = "none" }
capture = true
"#;

#[test]
fn every_key_is_read() {
    let config = load(&folder(), EVERYTHING).unwrap();
    assert!(config.log_payloads && config.keep_refused_bodies);
    assert_eq!(config.admin, Some("192.0.2.1:9090".parse().unwrap()));
    let inspect = config.inspect.unwrap();
    assert_eq!((inspect.address.to_string().as_str(), inspect.hosts.len()), ("192.0.2.1:9091", 2));
    assert_eq!((config.limits.body_timeout.as_millis(), config.limits.idle_timeout.as_secs()), (500, 90));
    assert_eq!((config.limits.connections, config.limits.requests, config.limits.bodies_bytes), (100, 200, 2 << 20));
    let ninety_days = Duration::from_secs(90 * 24 * 3600);
    assert_eq!(config.retention, Retention { max_age: Some(ninety_days), max_bytes: Some(20 << 30) });
    assert!(config.tls.is_some() && config.trusted_proxies.len() == 3);
    let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
    assert!(warning.contains(":45: `capture = true`: "), "{warning}");
    let kinds: Vec<bool> =
        config.endpoints.iter().map(|endpoint| endpoint.authentication == Authentication::None).collect();
    assert_eq!(kinds, [false, false, true]);
    assert!(config.endpoints[0].also_accept[0].1.is_some());
    let capturing: Vec<bool> = config.endpoints.iter().map(|endpoint| endpoint.capture).collect();
    assert_eq!(capturing, [false, false, true]);
}

#[test]
fn reading_stored_messages_needs_no_secret() {
    let folder = folder();
    let text = "[[endpoint]]\npath = \"/a\"\nauthentication = { type = \"client-secret\", secret = \"env:NO_SUCH_VARIABLE_HERE\" }\nalso_accept = [{ type = \"client-secret\", secret = \"file:none\" }]\n";
    load(&folder, text).unwrap_err();
    let config = Config::load_for_reading(&folder.path().join("receiver.toml")).unwrap();
    assert_eq!((config.endpoints.len(), config.endpoints[0].path.as_str()), (1, "/a"));
}

#[test]
fn the_schema_and_the_types_know_the_same_keys() {
    let schema: Value = serde_json::from_str(include_str!("../../config.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for text in [EVERYTHING, include_str!("../../receiver.default.toml")] {
        let value: Value = toml::from_str::<toml::Table>(text).map(as_json).unwrap();
        assert!(
            validator.is_valid(&value),
            "{:?}",
            validator.iter_errors(&value).map(|error| error.to_string()).collect::<Vec<_>>()
        );
    }
    // `EVERYTHING`, which the types read, has every key of the schema; so neither has a key that the other lacks.
    for part in [
        &schema,
        &schema["$defs"]["tls"],
        &schema["$defs"]["limits"],
        &schema["$defs"]["retention"],
        &schema["$defs"]["endpoint"],
        &schema["$defs"]["credential"],
    ] {
        for key in part["properties"].as_object().unwrap().keys() {
            // Profiles and destinations have tests of their own.
            if ["profile", "destination"].contains(&key.as_str()) {
                continue;
            }
            assert!(EVERYTHING.contains(key.as_str()), "{key}");
        }
    }
}

#[test]
fn risky_settings_are_warned_about() {
    let folder = folder();
    for open in ["key.pem", "old"] {
        fs::set_permissions(folder.path().join(open), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let text = format!("{EVERYTHING}\n[[endpoint]]\npath = \"/d\"\n");
    let warnings = load(&folder, &text).unwrap().warnings;
    let shown: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    let shown = shown.join("\n").replace(&format!("{}/", folder.path().display()), "");
    insta::assert_snapshot!(shown, @r#"
    receiver.toml:27: `key`: everyone on this machine can read key.pem; give it to the receiver's user or group, then run `chmod o= key.pem`
    receiver.toml:37: `secret`: everyone on this machine can read old; give it to the receiver's user or group, then run `chmod o= old`
    receiver.toml:45: `capture = true`: anyone who can reach this receiver gets 200 unchecked and can fill its disk; capture only until `learn` has enough messages, or let a firewall admit only the product's addresses
    receiver.toml:50: this endpoint has no `authentication`, so it accepts messages from anyone; if that is intended, write `authentication = { type = "none" }`
    "#);
    let secret = "authentication = { type = \"client-secret\", secret = \"file:secret\" }";
    for (more, is_warned) in [
        ("listen = \"192.0.2.1:8080\"", true),
        ("listen = \"0.0.0.0:8080\"", true),
        ("listen = \"10.0.0.1:8080\"", true),
        ("listen = \"[::]:8080\"", true),
        ("listen = \"127.0.0.1:8080\"", false),
        ("listen = \"[::1]:8080\"", false),
        ("listen = \"0.0.0.0:8080\"\nbehind_tls_proxy = true", false),
        ("listen = \"0.0.0.0:8080\"\ntls = { certificate = \"certificate.pem\", key = \"key.pem\" }", false),
    ] {
        fs::set_permissions(folder.path().join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
        let config = load(&folder, &format!("{more}\n[[endpoint]]\npath = \"/\"\n{secret}\n")).unwrap();
        let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings.len(), usize::from(is_warned), "{more}: {warnings:?}");
        assert!(warnings.iter().all(|warning| warning.contains("receiver.toml:1: client secrets cross the network")));
    }
    let local = load(&folder, "[[endpoint]]\npath = \"/d\"\n").unwrap();
    assert!(local.warnings.is_empty(), "only this machine can reach it");
}

#[test]
fn changes_are_described_without_any_credential() {
    let folder = folder();
    let tls = "[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n";
    let before = load(
        &folder,
        &format!(
            "{tls}{}",
            r#"
[[endpoint]]
path = "/a"
authentication = { type = "client-secret", secret = "file:old" }
[[endpoint]]
path = "/b"
[[endpoint]]
path = "/c"
"#
        ),
    )
    .unwrap();
    let after = load(
        &folder,
        &format!(
            "{}{}",
            tls.replace("certificate.pem", "other.pem").replace("key.pem", "other-key.pem"),
            r#"
[[endpoint]]
path = "/a"
authentication = { type = "client-secret", secret = "file:secret" }
also_accept = [{ type = "client-secret", secret = "file:old", not_after = 2026-12-31T00:00:00Z }]
[[endpoint]]
path = "/c"
name = "sea"
nonconforming = "reject"
authentication = { type = "basic", username = "jo", password = "file:secret" }
[[endpoint]]
path = "/d"
authentication = { type = "basic", username = "jo", password = "file:secret" }
[limits]
connections = 7
[retention]
max_age = "90d"
"#
        )
        .replacen(
            "[tls]",
            "listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:2\"\ntrusted_proxies = [\"::1\"]\n[tls]",
            1,
        ),
    )
    .unwrap();
    let changes = ConfigChanges::between(&before, &after);
    insta::assert_snapshot!(changes.at_once.join("\n"));
    assert_eq!(changes.at_next_start, ["listen", "admin", "[limits]", "[retention]"]);
    assert!(ConfigChanges::between(&after, &after).is_empty() && !changes.is_empty());
}

pub(super) fn as_json(table: toml::Table) -> Value {
    fn value(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(moment) => Value::from(moment.to_string()),
            toml::Value::Array(elements) => elements.into_iter().map(value_of).collect(),
            toml::Value::Table(members) => as_json(members),
            other => serde_json::to_value(other).unwrap(),
        }
    }
    fn value_of(element: toml::Value) -> Value {
        value(element)
    }
    Value::Object(table.into_iter().map(|(key, member)| (key, value(member))).collect())
}

#[test]
fn the_first_run_creates_a_secret_once_and_keeps_it() {
    let folder = TempDir::new().unwrap();
    let first = Config::first_run(folder.path()).unwrap();
    let second = Config::first_run(folder.path()).unwrap();
    assert_eq!(first.endpoints[0].authentication, second.endpoints[0].authentication);
    let file = folder.path().join("flowingly/client-secret");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!first.data_dir.starts_with(&file));
}
