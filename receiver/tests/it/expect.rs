//! Clients that ask before they send the body (`Expect: 100-continue`), and some of them wait for the answer without end.

use std::future::poll_fn;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, StatusCode, header};

use crate::support::{
    http2_client::{Server, soon},
    program::Receiver,
    raw_client::{Raw, post},
};

const MESSAGE: &str = r#"{"a":1}"#;
const HEAD: &str = "Host: x\r\nContent-Type: application/json\r\n";
/// More than a connection's buffers take: who does not read it sees it fail.
const LARGE: usize = 4_000_000;

fn asking(path: &str, expect: &[&str], length: usize) -> Request<()> {
    let request = Request::post(format!("https://localhost{path}")).header(header::CONTENT_TYPE, "application/json");
    let request = expect.iter().fold(request, |request, value| request.header(header::EXPECT, *value));
    request.header(header::CONTENT_LENGTH, length).body(()).unwrap()
}

/// The statuses of the interim responses, and the answer's; the body is sent once the first interim response is there.
async fn exchange(client: &mut SendRequest<Bytes>, request: Request<()>, body: &'static str) -> (Vec<u16>, u16) {
    let mut ready = client.clone().ready().await.unwrap();
    let (mut answer, mut upload) = ready.send_request(request, body.is_empty()).unwrap();
    let mut interim = Vec::new();
    while let Some(response) = soon(poll_fn(|cx| answer.poll_informational(cx))).await {
        interim.push(response.unwrap().status().as_u16());
        if interim.len() == 1 {
            upload.send_data(Bytes::from_static(body.as_bytes()), true).unwrap();
        }
    }
    (interim, soon(answer).await.unwrap().status().as_u16())
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_the_body_is_asked_for_or_the_request_refused() {
    let server = Server::start("[limits]\nbody_bytes = 1000\n");
    let (client, connection) = h2::client::handshake(server.stream().await).await.unwrap();
    let _connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    for (case, request, body, interim, status) in [
        ("as the RFC has it", asking("/none", &["100-continue"], 7), MESSAGE, &[100][..], 200),
        ("as Java has it", asking("/none", &["100-Continue"], 7), MESSAGE, &[100], 200),
        ("a list", asking("/none", &["100-continue, 100-CONTINUE"], 7), MESSAGE, &[100], 200),
        ("not JSON", asking("/none", &["100-continue"], 1), "{", &[100], 400),
        ("a wrong secret", asking("/secret", &["100-continue"], 7), MESSAGE, &[100], 403),
        ("an empty body", asking("/none", &["100-continue"], 0), "", &[], 400),
        ("no endpoint", asking("/other", &["100-continue"], 7), MESSAGE, &[], 404),
        ("no password", asking("/basic", &["100-continue"], 7), MESSAGE, &[], 401),
        ("too large", asking("/none", &["100-continue"], 1001), MESSAGE, &[], 413),
        ("another expectation", asking("/none", &["x"], 7), MESSAGE, &[], 417),
        ("another one beside it", asking("/none", &["100-continue, x"], 7), MESSAGE, &[], 417),
    ] {
        let came = exchange(&mut client, request, body).await;
        assert_eq!(came, (interim.to_vec(), status), "{case}");
    }
    assert_eq!(server.receiver.exported().len(), 3, "those that were answered 200");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_nobody_is_told_to_go_on_who_did_not_ask_or_has_begun() {
    let server = Server::start("");
    let (client, connection) = h2::client::handshake(server.stream().await).await.unwrap();
    let _connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (mut asks, mut first) = client.send_request(asking("/none", &["100-continue"], 7), false).unwrap();
    assert_eq!(soon(poll_fn(|cx| asks.poll_informational(cx))).await.unwrap().unwrap().status(), StatusCode::CONTINUE);
    // The answer to one that is sent later shows that the receiver has waited for the body of this one.
    let (mut silent, mut second) = client.send_request(asking("/none", &[], 7), false).unwrap();
    assert_eq!(exchange(&mut client, asking("/none", &["100-continue"], 7), MESSAGE).await, (vec![100], 200));
    for upload in [&mut second, &mut first] {
        upload.send_data(Bytes::from_static(MESSAGE.as_bytes()), true).unwrap();
    }
    assert!(soon(poll_fn(|cx| silent.poll_informational(cx))).await.is_none());
    assert_eq!(soon(silent).await.unwrap().status(), StatusCode::OK);
    assert!(soon(poll_fn(|cx| asks.poll_informational(cx))).await.is_none(), "it is told once");
    assert_eq!(soon(asks).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_a_client_that_takes_its_request_back_while_it_waits_harms_no_other() {
    let server = Server::start("");
    let (client, connection) = h2::client::handshake(server.stream().await).await.unwrap();
    let _connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (mut asks, mut body) = client.send_request(asking("/none", &["100-continue"], 7), false).unwrap();
    soon(poll_fn(|cx| asks.poll_informational(cx))).await.unwrap().unwrap();
    body.send_reset(h2::Reason::CANCEL);
    assert_eq!(exchange(&mut client, asking("/none", &["100-continue"], 7), MESSAGE).await, (vec![100], 200));
    assert_eq!(server.receiver.exported().len(), 1);
}

#[test]
fn over_http_1_the_body_is_asked_for_or_the_request_refused() {
    let receiver = Receiver::start_with("canary-secret", "canary-password", "");
    let length = "Content-Length: 7\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (case, version, path, expect, framing, statuses) in [
        ("as the RFC has it", "1.1", "/none", "Expect: 100-continue\r\n", length, &[100, 200][..]),
        ("as Java has it", "1.1", "/none", "Expect: 100-Continue\r\n", length, &[100, 200]),
        ("in chunks", "1.1", "/none", "Expect: 100-continue\r\n", chunked, &[100, 200]),
        ("an empty element", "1.1", "/none", "Expect:\r\nExpect: 100-continue\r\n", length, &[100, 200]),
        ("nothing expected", "1.1", "/none", "Expect: \r\n", length, &[200]),
        ("an empty body", "1.1", "/none", "Expect: 100-continue\r\n", "Content-Length: 0\r\n", &[400]),
        ("no endpoint", "1.1", "/other", "Expect: 100-continue\r\n", length, &[404]),
        ("no password", "1.1", "/basic", "Expect: 100-continue\r\n", length, &[401]),
        ("another expectation", "1.1", "/none", "Expect: x\r\n", length, &[417]),
        ("another one beside it", "1.1", "/none", "Expect: 100-continue, x\r\n", length, &[417]),
        ("another one before it", "1.1", "/none", "Expect: x\r\nExpect: 100-continue\r\n", length, &[417]),
        ("HTTP/1.0", "1.0", "/none", "Expect: 100-continue\r\n", length, &[200]),
        ("HTTP/1.0, another expectation", "1.0", "/none", "Expect: x\r\n", length, &[200]),
    ] {
        let mut raw = Raw::connect(receiver.address);
        raw.send(format!("POST {path} HTTP/{version}\r\n{HEAD}{expect}{framing}\r\n"));
        // Who is not asked for the body does not send it, unless nothing else is to come.
        let mut came = Vec::new();
        let body = if framing == chunked { "7\r\n{\"a\":1}\r\n0\r\n\r\n" } else { MESSAGE };
        if statuses == [200] {
            raw.send(body);
        }
        while let Some(answer) = raw.answer() {
            came.push(answer.status);
            match answer.status {
                100 => raw.send(body),
                _ => break,
            }
        }
        assert_eq!(came, statuses, "{case}");
    }
}

/// Whoever does not wait sends a refused body to its end, and would not hear the answer on a connection that is reset.
#[test]
fn over_http_1_a_refused_client_that_does_not_wait_hears_the_answer() {
    let receiver = Receiver::start_with("canary-secret", "canary-password", "");
    let body = " ".repeat(LARGE);
    for (case, expect, version, status) in [
        ("nothing expected", "", "1.1", 401),
        ("HTTP/1.0", "Expect: 100-continue\r\n", "1.0", 401),
        ("another expectation", "Expect: x\r\n", "1.1", 417),
    ] {
        let request = String::from_utf8(post("/basic", expect, &body)).unwrap();
        let mut raw = Raw::connect(receiver.address);
        raw.send(request.replacen("HTTP/1.1", &format!("HTTP/{version}"), 1));
        assert_eq!(raw.answer().unwrap().status, status, "{case}");
    }
}

/// Sends one message over HTTP/2, and holds the body back until it is asked for, without end.
const JAVA: &str = r#"
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.*;

public class Expect {
    public static void main(String[] arguments) throws Exception {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var file = new FileInputStream("certificate.pem")) {
            store.setCertificateEntry("receiver", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        var tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).sslContext(tls).build();
        var request = HttpRequest.newBuilder(URI.create(arguments[0])).expectContinue(true)
            .header("content-type", "application/json").POST(HttpRequest.BodyPublishers.ofString("{\"a\":1}")).build();
        var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        System.out.print(answer.version() + " " + answer.statusCode());
    }
}
"#;

#[test]
#[ignore = "needs java"]
fn java_waits_for_100_and_gets_its_answer() {
    let server = Server::start("");
    let folder = server.receiver.folder();
    std::fs::write(folder.join("Expect.java"), JAVA).unwrap();
    let url = format!("https://localhost:{}/none", server.receiver.address.port());
    let java = std::process::Command::new("java").args(["Expect.java", &url]).current_dir(folder).output().unwrap();
    let said = [java.stdout, java.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert_eq!(said[0], "HTTP_2 200", "{}", said[1]);
}
