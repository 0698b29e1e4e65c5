//! Real clients against a Basic endpoint, and the OpenAPI file's own fuzzer against a strict one.

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Raw, post},
};

const SAMPLE: &str = "step-completed-non-ascii-text";

fn sample() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/samples/valid")).join(format!("{SAMPLE}.json"))
}

/// A receiver whose endpoint takes `jo` and `päss`.
fn basic() -> (TempDir, Receiver) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("password"), "päss\n").unwrap();
    let endpoint = "[[endpoint]]\npath = \"/basic\"\nauthentication = { type = \"basic\", username = \"jo\", password = \"file:password\" }\n";
    let receiver = Receiver::start_in(folder.path(), endpoint, &[]);
    (folder, receiver)
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program}: {stdout}{stderr}");
    stdout.trim().to_owned()
}

/// The message is stored byte for byte.
fn arrived(receiver: &Receiver, count: usize) {
    let exported = receiver.exported();
    assert_eq!(exported.len(), count);
    assert_eq!(exported[count - 1]["body"].as_str().unwrap(), fs::read_to_string(sample()).unwrap());
}

#[test]
fn a_raw_socket_with_the_documented_header() {
    let (_folder, receiver) = basic();
    let mut raw = Raw::connect(receiver.address);
    raw.send(post("/basic", "authorization: basic am86cMOkc3M=\r\n", fs::read(sample()).unwrap()));
    assert_eq!(raw.answer().unwrap().status, 200);
    arrived(&receiver, 1);
}

#[test]
#[ignore = "needs curl"]
fn curl() {
    let (_folder, receiver) = basic();
    let url = format!("http://{}/basic", receiver.address);
    let data = format!("@{}", sample().display());
    let post = |user| {
        let common = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "content-type: application/json"];
        run("curl", &[&common[..], &["-u", user, "--data-binary", &data, &url]].concat())
    };
    assert_eq!(post("jo:päss"), "200");
    assert_eq!(post("jo:pass"), "401");
    arrived(&receiver, 1);
}

#[test]
#[ignore = "needs node"]
fn node_fetch() {
    let (_folder, receiver) = basic();
    let script = r#"
        const [url, file] = process.argv.slice(1);
        const post = async (pair) => (await fetch(url, {
            method: "POST",
            headers: {
                "content-type": "application/json",
                authorization: "Basic " + Buffer.from(pair, "utf8").toString("base64"),
            },
            body: require("fs").readFileSync(file),
        })).status;
        (async () => console.log(await post("jo:päss"), await post("jo:nope")))();
    "#;
    let url = format!("http://{}/basic", receiver.address);
    assert_eq!(run("node", &["-e", script, &url, sample().to_str().unwrap()]), "200 401");
    arrived(&receiver, 1);
}

#[test]
#[ignore = "needs python3 with schemas/tests/peers/requirements.txt"]
fn python_requests() {
    let (_folder, receiver) = basic();
    let script = r#"
import sys, requests
url, file = sys.argv[1:]
def post(pair):
    headers = {"content-type": "application/json"}
    return requests.post(url, data=open(file, "rb").read(), headers=headers, auth=pair, timeout=20).status_code
print(post(("jo", "päss".encode())), post(("jo", "nope")))
"#;
    let url = format!("http://{}/basic", receiver.address);
    assert_eq!(run("python3", &["-c", script, &url, sample().to_str().unwrap()]), "200 401");
    arrived(&receiver, 1);
}

#[test]
#[ignore = "needs python3 with schemas/tests/peers/requirements.txt"]
fn schemathesis_finds_nothing() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/hooks/flowingly\"\nnonconforming = \"reject\"\n");
    let openapi = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/openapi.yaml");
    let url = format!("http://{}", receiver.address);
    // Where it runs it leaves its cache.
    let folder = TempDir::new().unwrap();
    let output = Command::new("schemathesis")
        .args(["run", openapi, "--url", &url, "--seed", "1", "--max-examples", "50", "--no-color"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
