//! Every request of the catalogue as it is shown: without a credential, and where it is a command line, sent by `curl` as
//! the runner sends it.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    thread,
};

use schemas::{Authentication, BasicCredentials, ClientSecret, Profile, log_command, text::is_unsafe};

use super::*;
use crate::{
    case::{Action, AuthenticationKind, Case},
    request::{Request, RequestBuilder},
    secret_encodings::SecretEncodings,
    variation::Variation,
};

const SECRET: &str = "sécret-0123 (canary) 4567";
const USERNAME: &str = "jo-ünicode-0123";
const PASSWORD: &str = "pä:ss-0123 (canary) 4567";

fn authentications() -> [Authentication; 3] {
    let client_secret = ClientSecret::new(SECRET.to_owned()).unwrap();
    let basic = BasicCredentials::new(USERNAME, PASSWORD.to_owned()).unwrap();
    [Authentication::None, Authentication::ClientSecret { client_secret }, Authentication::Basic(basic)]
}

/// Every request of the catalogue with each kind of authentication that it has.
fn requests(url: &str) -> Vec<(String, &'static RequestForm, Request)> {
    let endpoint: EndpointUrl = url.parse().unwrap();
    let mut requests = Vec::new();
    for authentication in &authentications() {
        let kind = AuthenticationKind::from(authentication);
        for case in Case::all().iter().filter(|case| case.runs_with(kind)) {
            let Action::Send(exchange) = &case.action else { continue };
            let builder = RequestBuilder {
                endpoint: &endpoint,
                ca: None,
                authentication,
                profile: Profile::v1(),
                variation: Variation::default(),
            };
            let request = builder.build(&exchange.request, 7).unwrap();
            requests.push((format!("{} {kind:?}", case.id), &exchange.request, request));
        }
    }
    requests
}

#[test]
fn no_request_shows_a_credential() {
    let hidden: Vec<SecretEncodings> = authentications().iter().map(SecretEncodings::expected).collect();
    for (name, _, request) in requests("http://127.0.0.1:1/run?code=url-canary-key") {
        let ShownRequest { request, sent, .. } = &request.shown;
        for text in [request, sent] {
            let is_hidden = hidden.iter().all(|spellings| !spellings.are_in(text.as_bytes()));
            assert!(is_hidden && !text.contains("canary"), "{name}: {text}");
        }
    }
}

#[test]
fn what_is_shown_can_be_pasted_and_names_what_it_sends() {
    let mut command_lines = 0;
    for (name, form, request) in requests("http://127.0.0.1:1/hooks") {
        let ShownRequest { request, sent, flow } = &request.shown;
        assert!(!sent.is_empty() && !request.is_empty(), "{name}");
        assert_eq!(flow.is_some(), request.contains("FLOW-7"), "{name}: {request}");
        if is_command_line(request) {
            command_lines += 1;
            // A report changes nothing in it.
            assert!(!request.chars().any(is_unsafe), "{name}: {request}");
            assert_eq!(log_command::escape(request, log_command::Notation::Text), request.as_str(), "{name}");
            // In zsh, setting USERNAME changes the user.
            assert!(!request.replace("BASIC_USERNAME", "").contains("USERNAME"), "{name}: {request}");
        } else {
            assert!(request.contains(" HTTP/1.1\\r\\n\n") || form.line.is_some(), "{name}: {request}");
        }
    }
    assert!(command_lines > 300, "{command_lines}");
}

#[test]
fn requests_that_curl_cannot_send_are_raw_bytes() {
    let requests = requests("http://127.0.0.1:1/hooks");
    for id in
        ["HTTP-019", "HTTP-020", "HTTP-028", "HTTP-068", "HTTP-080", "HTTP-103", "HTTP-025", "HTTP-088", "OPS-004"]
    {
        for (name, _, request) in requests.iter().filter(|(name, ..)| name.starts_with(id)) {
            assert!(!is_command_line(&request.shown.request), "{name}: {}", request.shown.request);
        }
    }
}

/// A request as a server reads it.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    line: String,
    /// Names in lower case, sorted; without those of the framing.
    headers: Vec<(String, String)>,
    chunked: bool,
    body: Vec<u8>,
}

fn read(mut bytes: impl FnMut(&mut Vec<u8>) -> bool) -> Option<Read> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if !bytes(&mut read) {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let pairs = lines.map(|line| line.split_once(':').unwrap());
    let mut headers: Vec<(String, String)> =
        pairs.map(|(name, value)| (name.to_lowercase(), value.trim_matches([' ', '\t']).to_owned())).collect();
    let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let chunked = value("transfer-encoding").is_some();
    let length = value("content-length").map(|length| length.parse::<usize>().unwrap());
    let mut body = read.split_off(end + 4);
    if chunked {
        while !body.ends_with(b"0\r\n\r\n") && bytes(&mut body) {}
        body = unchunked(&body);
    } else {
        while body.len() < length.unwrap_or(0) && bytes(&mut body) {}
    }
    headers.retain(|(name, _)| !matches!(name.as_str(), "content-length" | "transfer-encoding"));
    headers.sort();
    Some(Read { line, headers, chunked, body })
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
        if size == 0 {
            break;
        }
    }
    body
}

fn from_stream(stream: &mut TcpStream) -> Option<Read> {
    let mut asked = false;
    read(|read| {
        if !asked && String::from_utf8_lossy(read).to_lowercase().contains("expect: 100-continue") {
            asked = true;
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        let mut buffer = [0; 65536];
        let count = stream.read(&mut buffer).unwrap_or(0);
        read.extend_from_slice(&buffer[..count]);
        count > 0
    })
}

/// Whatever else a server sees would make the answer to a pasted line another one than that to the runner.
#[test]
#[ignore = "needs curl"]
fn curl_sends_what_the_runner_sends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let home = tempfile::tempdir().unwrap();
    let (mut tried, mut different) = (0, Vec::new());
    for (name, form, request) in requests(&url) {
        let line = &request.shown.request;
        if !is_command_line(line) || form.http2 {
            continue;
        }
        tried += 1;
        let mut shell = Command::new("bash")
            .args(["-c", line])
            .env_clear()
            .envs([
                ("LC_ALL", "C.UTF-8"),
                ("CLIENT_SECRET", SECRET),
                ("BASIC_USERNAME", USERNAME),
                ("BASIC_PASSWORD", PASSWORD),
            ])
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let accepting = listener.try_clone().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = accepting.accept().unwrap();
            let read = from_stream(&mut stream);
            stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
            read
        });
        let mut told = String::new();
        shell.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(shell.wait().unwrap().success(), "{name}: {told}\n{line}");
        let actual = server.join().unwrap().unwrap();

        let mut whole = Some([request.head.clone(), request.body.clone()].concat());
        let due = read(|read| whole.take().map(|whole| read.extend(whole)).is_some()).unwrap();
        if actual != due {
            let body = actual.body == due.body;
            different.push(format!(
                "{name}: body equal: {body}\n{:?} {:?} {}\n{:?} {:?} {}\n{line}",
                actual.line, actual.headers, actual.chunked, due.line, due.headers, due.chunked
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n\n"));
    assert!(tried > 300, "{tried}");
}
