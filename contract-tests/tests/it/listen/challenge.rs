//! Senders that wait for the challenge before they send credentials, and those that never answer it.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use contract_tests::{Listener, Report, listen::ReceivedMessage, report::CaseOutcome};
use schemas::Authentication;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::listen::{
    BODY, HOST, JSON, PAIR, PASSWORD, USERNAME, basic, client_secret, request, secret_json, standing::Standing,
    with_secret,
};

const CHALLENGE: &str = "\r\nwww-authenticate: Basic realm=\"webhook-contract\", charset=\"UTF-8\"\r\n";

/// A request with the right credentials.
fn authorized(body: &str) -> Vec<u8> {
    request(&[HOST, JSON, &format!("authorization: basic {PAIR}")], body)
}

fn failed(report: &Report) -> Vec<(&str, &str)> {
    let failed = report.results.iter().filter_map(|result| match &result.outcome {
        CaseOutcome::Failed(failure) => Some((result.clause.as_str(), failure.actual.as_str())),
        _ => None,
    });
    failed.collect()
}

/// How each message was answered, and which clauses it breaks.
fn answers(seen: &[ReceivedMessage]) -> Vec<(u16, Vec<String>)> {
    seen.iter().map(|seen| (seen.status, seen.broken.clone())).collect()
}

#[tokio::test]
async fn a_message_that_comes_again_with_credentials_after_the_challenge_is_judged_once() {
    let plain = [HOST, JSON];
    let other = BODY.replace("FLOW-1", "FLOW-2");
    for (case, requests, challenged) in [
        ("one", vec![request(&plain, BODY), authorized(BODY)], 1),
        ("without its body first", vec![request(&plain, ""), authorized(BODY)], 1),
        (
            "two side by side",
            vec![request(&plain, BODY), request(&plain, &other), authorized(&other), authorized(BODY)],
            2,
        ),
        ("credentials from the beginning", vec![authorized(BODY), authorized(BODY)], 0),
    ] {
        let standing = Standing::start(Listener::new(basic())).await;
        for request in &requests {
            let answer = standing.send(request).await;
            let is_challenge = !String::from_utf8_lossy(request).contains("authorization");
            assert!(
                answer.starts_with(if is_challenge { "HTTP/1.1 401 " } else { "HTTP/1.1 200 " }),
                "{case}: {answer}"
            );
            assert_eq!(answer.contains(CHALLENGE), is_challenge, "{case}: {answer}");
        }
        let seen = standing.seen();
        assert_eq!(answers(&seen), vec![(200, vec![]); requests.len() - challenged], "{case}");
        let report = standing.stop().await;
        assert!(failed(&report).is_empty() && report.holds(true), "{case}: {report:?}");
        let told = report.notices.iter().any(|notice| notice.contains("again with them after the challenge"));
        assert_eq!(told, challenged > 0, "{case}: {:?}", report.notices);
    }
}

#[tokio::test]
async fn a_challenge_keeps_the_connection_and_the_messages_that_were_asked_for_are_those_with_credentials() {
    let listening = Listener::new(basic()).messages(2).bind().await.unwrap();
    let address = listening.url()["http://".len()..].split('/').next().unwrap().to_owned();
    let run = tokio::spawn(listening.run(std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let kept = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace("connection: close\r\n", "");
    let mut statuses = Vec::new();
    for bytes in [request(&[HOST, JSON], BODY), authorized(BODY), request(&[HOST, JSON], BODY), authorized(BODY)] {
        stream.write_all(kept(bytes).as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"seen\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        statuses.push(String::from_utf8(answer).unwrap()[9..12].to_owned());
    }
    assert_eq!(statuses, ["401", "200", "401", "200"]);
    let report = run.await.unwrap();
    assert!(report.holds(true), "{report:?}");
    assert!(report.notices[0].contains("2 messages"), "{:?}", report.notices);
}

#[tokio::test]
async fn a_sender_that_never_answers_the_challenge_breaks_the_clause() {
    let listening = Listener::new(basic()).messages(2).challenge_timeout(Duration::ZERO).bind().await.unwrap();
    let address = listening.url()["http://".len()..].split('/').next().unwrap().to_owned();
    let run = tokio::spawn(listening.run(std::future::pending()));
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&request(&[HOST, JSON], BODY)).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    // The run ends by itself: each of the two is a message.
    let report = run.await.unwrap();
    let failed = failed(&report);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].0, "AUTH-17");
    assert!(failed[0].1.contains("did not send the message again with it after the challenge"), "{failed:?}");
}

#[tokio::test]
async fn a_message_without_credentials_is_challenged_only_where_basic_is_expected_and_it_is_whole() {
    let plain = [HOST, JSON];
    for (case, authentication, request, status) in [
        ("none", Authentication::None, request(&plain, BODY), 200),
        ("a client secret", client_secret(), request(&plain, &with_secret(&secret_json())), 200),
        ("Basic, another scheme", basic(), request(&[HOST, JSON, "authorization: bearer x"], BODY), 200),
        ("Basic, an empty header", basic(), request(&[HOST, JSON, "authorization:"], BODY), 200),
        ("Basic, a broken length", basic(), request(&[HOST, JSON, "content-length: x"], BODY), 400),
    ] {
        let standing = Standing::start(Listener::new(authentication)).await;
        let answer = standing.send(&request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{case}: {answer}");
        assert_eq!(standing.seen().len(), 1, "{case}");
        standing.stop().await;
    }
}

/// Sends [`BODY`] with a real client, which is given the URL, the username and the password, and waits for the challenge.
async fn with_client(command: &[&str]) {
    let listening = Listener::new(basic()).messages(1).bind().await.unwrap();
    let url = listening.url();
    let run = tokio::spawn(listening.run(std::future::pending()));
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("body.json"), BODY).unwrap();
    let mut client = Command::new(command[0]);
    client.args(&command[1..]).current_dir(folder.path()).stdin(Stdio::null());
    client.envs([("URL", &*url), ("LISTEN_USERNAME", USERNAME), ("LISTEN_PASSWORD", PASSWORD)]);
    let output = tokio::task::spawn_blocking(move || client.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = run.await.unwrap();
    assert!(failed(&report).is_empty(), "{report:?}");
    assert!(report.notices.iter().any(|notice| notice.contains("after the challenge")), "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs wget"]
async fn wget_waits_for_the_challenge() {
    let script = "printf 'http_user = %s\\nhttp_password = %s\\n' \"$LISTEN_USERNAME\" \"$LISTEN_PASSWORD\" >wgetrc; \
                  WGETRC=wgetrc exec wget -q -O - --header 'content-type: application/json' --post-file body.json \"$URL\"";
    with_client(&["sh", "-c", script]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs python3"]
async fn the_handler_of_python_waits_for_the_challenge() {
    let script = r#"
import os, urllib.request as u
passwords = u.HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(None, os.environ["URL"], os.environ["LISTEN_USERNAME"], os.environ["LISTEN_PASSWORD"])
opener = u.build_opener(u.HTTPBasicAuthHandler(passwords))
request = u.Request(os.environ["URL"], open("body.json", "rb").read(), {"content-type": "application/json"})
assert opener.open(request).status == 200
"#;
    with_client(&["python3", "-c", script]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs java"]
async fn the_authenticator_of_java_waits_for_the_challenge() {
    let script = r#"
cat >Send.java <<'END'
import java.net.*;
import java.net.http.*;
import java.nio.file.Path;

public class Send {
    public static void main(String[] arguments) throws Exception {
        var environment = System.getenv();
        var password = environment.get("LISTEN_PASSWORD").toCharArray();
        var client = HttpClient.newBuilder().authenticator(new Authenticator() {
            protected PasswordAuthentication getPasswordAuthentication() {
                return new PasswordAuthentication(environment.get("LISTEN_USERNAME"), password);
            }
        }).build();
        var request = HttpRequest.newBuilder(URI.create(environment.get("URL"))).header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofFile(Path.of("body.json"))).build();
        System.exit(client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200 ? 0 : 1);
    }
}
END
LC_ALL=C.UTF-8 exec java Send.java
"#;
    with_client(&["sh", "-c", script]).await;
}
