use super::{assert_only_problem, folder, load};
use crate::config::Config;

#[test]
fn every_problem_of_a_file_is_reported_at_once() {
    let folder = folder();
    let text = r#"
listen = "localhost:8080"
trusted_proxies = ["10.0.0.0/8", "proxy.local"]
dat_dir = "x"
colour = "red"
log_payloads = "yes"

[limits]
header_bytes = 100
body_timeout = "soon"
connections = 0
bodies_bytes = 4000

[retention]
max_age = "0s"
max_bytes = 0

[[endpoint]]
path = "hooks"
authentication = { type = "client-secret", secret = "canary-7f3a" }
nonconfirming = "reject"

[[endpoint]]
path = "/a"
authentication = { type = "client-secret", secret = "file:long", username = "jo" }

[[endpoint]]
path = "/a"
authentication = { type = "basic", username = "j:o", password = "file:secret" }

[[endpoint]]
path = "/d"
authentication = { type = "basic", username = "jo" }

[[endpoint]]
path = "/e"
authentication = { type = "client-secret", secret = "file:empty" }

[[endpoint]]
path = "/f"
authentication = { type = "client-secret", secret = "env:NO_SUCH_VARIABLE_HERE" }

[[endpoint]]
path = "/g"
authentication = { type = "client-secret", secret = "file:no-such-file" }
profile = "profile.toml"

[[endpoint]]
path = "/h"
authentication = { type = "client-secret", secret = "file:secret" }
also_accept = [{ type = "basic", username = "jo", password = "file:secret" }]

[[endpoint]]
pth = "/i"
autentication = { type = "basic", username = "jo", pasword = "canary-7f3a" }

[[endpoint]]
authentication = { type = "oauth", secret = "canary-7f3a" }
capture = 1
"#;
    insta::assert_snapshot!(load(&folder, text).unwrap_err());
}

#[test]
fn each_problem_has_its_line_and_what_to_do() {
    let folder = folder();
    for (case, text, expected) in [
        ("a syntax error", "listen = \n", "1: "),
        (
            "one address for both listeners",
            "listen = \"0.0.0.0:8080\"\nadmin = \"127.0.0.1:8080\"\n[[endpoint]]\npath = \"/\"",
            "2: `admin` and `listen` are the same address",
        ),
        ("a space", "[[endpoint]]\npath = \"/a b\"", "2: `path` must be percent-encoded"),
        ("a half escape", "[[endpoint]]\npath = \"/a%2\"", "2: `path` must have two hexadecimal digits after each %"),
        ("an empty name", "[[endpoint]]\npath = \"/\"\nname = \"\"", "3: `name` must not be empty"),
        ("no endpoint", "listen = \"127.0.0.1:1\"", "1: there is no [[endpoint]]"),
        ("a port alone", "admin = \"9090\"\n[[endpoint]]\npath = \"/\"", "1: `admin` must be an IP address and a port"),
        (
            "public metrics",
            "admin = \"0.0.0.0:9090\"\n[[endpoint]]\npath = \"/\"",
            "1: `admin` would show health and metrics to anyone",
        ),
        (
            "one address for health and the inspector",
            "admin = \"127.0.0.1:9090\"\ninspect = \"0.0.0.0:9090\"\ninspect_hosts = [\"a\"]\nbehind_tls_proxy = true\n[[endpoint]]\npath = \"/\"",
            "2: `inspect` and `admin` are the same address",
        ),
        (
            "the inspector's password over plain HTTP",
            "inspect = \"192.0.2.1:9091\"\n[[endpoint]]\npath = \"/\"",
            "1: browsers would send the inspector's password over plain HTTP",
        ),
        (
            "an inspector without a name",
            "inspect = \"[::]:9091\"\nbehind_tls_proxy = true\n[[endpoint]]\npath = \"/\"",
            "1: `inspect` is every address of this machine; add the names",
        ),
        (
            "a URL for a name",
            "inspect = \"127.0.0.1:9091\"\ninspect_hosts = [\"https://a\"]\n[[endpoint]]\npath = \"/\"",
            "2: `inspect_hosts` must be names",
        ),
        (
            "passwords over plain HTTP",
            "listen = \"0.0.0.0:80\"\n[[endpoint]]\npath = \"/\"\nauthentication = { type = \"basic\", username = \"jo\", password = \"file:secret\" }",
            "1: a Basic endpoint would accept passwords over plain HTTP",
        ),
    ] {
        assert_only_problem(&folder, case, text, &format!("receiver.toml:{expected}"));
    }
    let missing = Config::load(&folder.path().join("none.toml")).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read the configuration "), "{missing}");
}

#[test]
fn a_secret_in_the_wrong_place_is_never_repeated() {
    let folder = folder();
    for authentication in [
        r#""canary-7f3a""#,
        r#"["canary-7f3a"]"#,
        r#"{ type = "canary-7f3a" }"#,
        r#"{ type = "canary-7f3a, expected one", secret = "file:secret" }"#,
        r#"{ type = "client-secret", secret = { file = "canary-7f3a" } }"#,
        r#"{ type = "client-secret", secret = ["canary-7f3a"] }"#,
        r#"{ type = "client-secret", secret = "file:secret", not_after = "canary-7f3a" }"#,
        r#"{ type = "client-secret", secret = canary-7f3a }"#,
        r#"{ type = "client-secret", secret = "canary-7f3a }"#,
        r#"{ type = "client-secret", secret = "canary-7f3a\x" }"#,
        r#"{ type = "basic", username = "jo", password = "canary-7f3a" }"#,
        r#"{ type = "basic", username = "jo", password = 73737373 }"#,
    ] {
        let error =
            load(&folder, &format!("[[endpoint]]\npath = \"/\"\nauthentication = {authentication}")).unwrap_err();
        assert!(!error.contains("canary") && !error.contains("73737373"), "{error}");
        assert!(error.starts_with("receiver.toml:"), "{error}");
    }
}
