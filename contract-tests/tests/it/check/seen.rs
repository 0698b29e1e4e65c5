//! What people see, face by face. The cases are those that the catalogue began with, so that a new one changes nothing.

use insta::assert_snapshot;
use wiremock::{Request, ResponseTemplate};

use crate::check::{
    endpoint::{closed, mock, mute},
    program::{checked, ran},
    reference::Reference,
};

const COMMON: [&str; 4] = ["--only", "*-0*", "--seed", "5"];

/// The text without what differs from run to run: the port, times and all of a request but its beginning and its end.
fn redacted(text: &str, address: &str) -> String {
    let lines = text.replace(address, "127.0.0.1:55555");
    let lines = lines.lines().map(|line| {
        if let Some((facts, _)) = line.split_once(" · seed 5") {
            return format!("{facts} · seed 5 · TIME");
        }
        if let Some((begin, body)) = line.split_once(" --data-binary '{") {
            return format!("{begin} --data-binary '{{ ... {}", &body[body.rfind("previousStep").unwrap()..]);
        }
        match line.rsplit_once(" (") {
            Some((begin, took)) if took.ends_with("s)") && line.starts_with('✗') => begin.to_owned(),
            _ => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn address(url: &str) -> &str {
    url.split('/').nth(2).unwrap()
}

fn seen(url: &str, arguments: &[&str]) -> String {
    redacted(&checked(url, &[&COMMON, arguments].concat()).stdout, address(url))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_keeps_the_contract() {
    let reference = Reference::start(false).await;
    let url = format!("http://{}/client-secret", reference.address);
    let file = format!("file:{}", reference.secret_file().display());
    let ran = ran(&[&["check", &url, "--client-secret", &file], &COMMON[..]].concat());
    assert_snapshot!("kept", redacted(&ran.stdout, address(&url)));
    assert_snapshot!("wrong_secret", seen(&url, &[]));
    assert_snapshot!("wrong_path", seen(&url.replace("client-secret", "absent"), &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_server_that_takes_no_post() {
    // As `python3 -m http.server` answers.
    let page = "<!DOCTYPE HTML>\n<html lang=\"en\"><p>Message: Unsupported method ('POST').</p></html>";
    let (_server, url) = mock(move |_| ResponseTemplate::new(501).set_body_string(page)).await;
    assert_snapshot!("no_post", seen(&url, &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_looks_at_nothing() {
    let (_server, url) = mock(|_| ResponseTemplate::new(200)).await;
    let arguments = ["--only", "AUTH-SECRET-005", "--only", "HTTP-070", "--seed", "5"];
    assert_snapshot!("looks_at_nothing", redacted(&checked(&url, &arguments).stdout, address(&url)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_takes_too_long() {
    let late = |_: &Request| ResponseTemplate::new(200).set_delay(std::time::Duration::from_millis(700));
    let (_server, url) = mock(late).await;
    let seen = seen(&url, &["--timeout", "350ms"]);
    // How long it took is not the same each time.
    let words: Vec<&str> = seen.split("after 0.").collect();
    let words = words.iter().enumerate().map(|(at, text)| if at == 0 { text } else { &text[1..] });
    assert_snapshot!("too_long", words.collect::<Vec<_>>().join("after 0.N"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_tested_one_sentence_says_why() {
    let (plain, encrypted) = (Reference::start(false).await, Reference::start(true).await);
    let faces = [
        format!("http://{}/hooks", closed().await),
        mute(true).await,
        mute(false).await,
        format!("https://{}/none", plain.address),
        format!("http://{}/none", encrypted.address),
    ];
    let told = faces.map(|url| {
        let ran = checked(&url, &[&COMMON[..], &["--timeout", "250ms"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{url}");
        redacted(&ran.stdout, address(&url))
    });
    assert_snapshot!("nothing_tested", told.join("\n\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_does_not_hold() {
    let encrypted = Reference::start(true).await;
    let url = format!("https://{}/client-secret", encrypted.address);
    assert_snapshot!("certificate", seen(&url, &[]));
}
