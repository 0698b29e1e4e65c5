//! TLS on the listener: versions, protocols, deadlines, and a certificate that is renewed while messages come in.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;

use crate::support::{
    certificate::{Certificate, TLS, connect},
    program::Receiver,
    raw_client::{Raw, post},
};

const MESSAGE: &str = r#"{"a":1}"#;
const ENDPOINT: &str = "[[endpoint]]\npath = \"/none\"\n";
/// Far above any deadline here; a busy machine is no failure.
const MOST: Duration = Duration::from_secs(10);

fn start(more: &str) -> (TempDir, Certificate, Receiver) {
    let folder = TempDir::new().unwrap();
    let certificate = Certificate::make();
    certificate.install(folder.path());
    let receiver = Receiver::start_in(folder.path(), &format!("{more}{TLS}{ENDPOINT}"), &[]);
    (folder, certificate, receiver)
}

fn status(raw: &mut Raw) -> u16 {
    raw.send(post("/none", "", MESSAGE));
    raw.answer().unwrap().status
}

#[test]
fn both_versions_and_both_protocols_are_spoken_and_http_2_is_preferred() {
    let (_folder, certificate, receiver) = start("");
    for (case, versions, offered, chosen) in [
        ("1.3", &[&TLS13][..], &["http/1.1"][..], Some("http/1.1")),
        ("1.2", &[&TLS12], &["http/1.1"], Some("http/1.1")),
        ("no choice is HTTP/1.1", &[&TLS13], &[], None),
        ("both", &[&TLS13], &["http/1.1", "h2"], Some("h2")),
        ("1.2 with both", &[&TLS12], &["http/1.1", "h2"], Some("h2")),
    ] {
        let mut stream = connect(&receiver, certificate.client(versions, offered)).unwrap();
        assert_eq!(stream.conn.protocol_version(), Some(versions[0].version), "{case}");
        assert_eq!(stream.conn.alpn_protocol(), chosen.map(str::as_bytes), "{case}");
        if chosen == Some("h2") {
            // The client's preface and empty settings; the server's settings come back.
            stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
            let mut frame = [0; 9];
            std::io::Read::read_exact(&mut stream, &mut frame).unwrap();
            assert_eq!(frame[3], 4, "{case}: SETTINGS come first");
        } else {
            assert_eq!(status(&mut Raw::over(stream)), 200, "{case}");
        }
    }
    let other = connect(&receiver, certificate.client(&[&TLS13], &["spdy/3"]));
    assert!(other.is_err(), "a protocol that is not spoken");
}

/// The same greeting, byte for byte as RFC 5246 has it, of a client that knows TLS 1.1 at most and of one that knows 1.2.
#[test]
fn tls_1_1_is_refused_where_1_2_is_not() {
    let (_folder, _certificate, receiver) = start("");
    for (version, answered) in [(2, &[21, 3, 3, 0, 2, 2, 70][..]), (3, &[22, 3, 3])] {
        let groups_and_signatures = [0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3];
        let ciphers = [0, 4, 0xc0, 0x2b, 0xc0, 0x13];
        let body = [&[3, version][..], &[7; 32], &[0], &ciphers, &[1, 0], &[0, 16], &groups_and_signatures].concat();
        let handshake = [&[1, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
        let record = [&[22, 3, 1, 0, u8::try_from(handshake.len()).unwrap()][..], &handshake].concat();
        let mut stream = std::net::TcpStream::connect(receiver.address).unwrap();
        stream.write_all(&record).unwrap();
        let mut answer = vec![0; answered.len()];
        std::io::Read::read_exact(&mut stream, &mut answer).unwrap();
        assert_eq!(answer, answered, "TLS 1.{}", version - 1);
    }
}

/// It could take twice as much of each client, to the end of its deadline.
#[test]
fn a_greeting_that_goes_on_and_on_is_cut_short() {
    let (_folder, certificate, receiver) = start("[limits]\nheader_timeout = \"1h\"\n");
    let greeting = [&[1, 0, 0xf0, 0][..], &[3, 3], &[7; 60_000]].concat();
    let records = greeting.chunks(8_000).map(|part| [&[22, 3, 1, 0x1f, 0x40][..], part].concat());
    let mut raw = Raw::connect(receiver.address);
    for record in records {
        if !raw.try_send(&record) {
            break;
        }
    }
    while !raw.is_closed() {}
    assert_eq!(status(&mut certificate.connect(&receiver)), 200);
}

#[test]
fn who_does_not_speak_tls_gets_nothing_and_costs_the_others_nothing() {
    let (_folder, certificate, receiver) = start("[limits]\nheader_timeout = \"400ms\"\nconnections = 2\n");
    for (case, sent) in
        [("silent", &b""[..]), ("half a handshake", &[22, 3, 1, 2, 0, 1]), ("plain HTTP", b"GET / HTTP/1.1\r\n\r\n")]
    {
        let began = Instant::now();
        let mut raw = Raw::connect(receiver.address);
        raw.send(sent);
        assert_eq!(status(&mut certificate.connect(&receiver)), 200, "{case}");
        while !raw.is_closed() {}
        assert!(began.elapsed() < MOST, "{case}");
    }
    // With no room left the oldest goes first, though it has not even shaken hands.
    let mut waiting: Vec<Raw> = (0..2).map(|_| Raw::connect(receiver.address)).collect();
    assert_eq!(status(&mut certificate.connect(&receiver)), 200);
    assert!(waiting[0].is_closed());
}

#[test]
fn the_log_says_why_a_handshake_failed_and_whose_it_was() {
    let (_folder, _certificate, receiver) = start("");
    let stranger = Certificate::make();
    let hello_of_1_1 = [&[22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2][..], &[7; 32], &[0, 0, 2, 0xc0, 0x13, 1, 0]].concat();
    type Client<'c> = &'c dyn Fn(&Receiver);
    let sends = |bytes: &'static [u8]| {
        move |receiver: &Receiver| {
            let mut raw = Raw::connect(receiver.address);
            raw.send(bytes);
            while !raw.is_closed() {}
        }
    };
    for (case, client, expected) in [
        ("plain HTTP", &sends(b"POST /none HTTP/1.1\r\nHost: x\r\n\r\n") as Client<'_>, "did not send TLS"),
        ("who trusts another one", &|receiver| assert!(stranger.try_connect(receiver).is_err()), "does not accept"),
        ("TLS 1.1", &|receiver| Raw::connect(receiver.address).send(&hello_of_1_1), "no version or cipher in common"),
    ] {
        let seen = receiver.log().len();
        client(&receiver);
        receiver.logged(seen, "tls-handshake");
        let line = receiver.log_lines().pop().unwrap();
        assert!(line["reason"].as_str().unwrap().contains(expected), "{case}: {line}");
        assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{case}: {line}");
    }
}

#[test]
fn the_deadlines_hold_over_tls() {
    let (_folder, certificate, receiver) =
        start("[limits]\nheader_timeout = \"400ms\"\nbody_timeout = \"400ms\"\nidle_timeout = \"600ms\"\n");
    let head = "POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    for (case, sent, answered) in [
        ("silent", "", None),
        ("half a head", "POST /none HTTP/1.1\r\nHost: x\r\n", None),
        ("half a body", &format!("{head}{{\"a\":")[..], Some(408)),
    ] {
        let began = Instant::now();
        let mut raw = certificate.connect(&receiver);
        raw.send(sent);
        assert_eq!(raw.answer().map(|answer| answer.status), answered, "{case}");
        assert!(raw.is_closed(), "{case}");
        assert!((Duration::from_millis(350)..MOST).contains(&began.elapsed()), "{case}: {:?}", began.elapsed());
    }
    let mut kept = certificate.connect(&receiver);
    assert_eq!((status(&mut kept), status(&mut kept)), (200, 200));
    assert!(kept.is_closed());
}

#[test]
fn a_certificate_that_ended_is_a_warning_and_the_one_that_renews_it_is_none() {
    let folder = TempDir::new().unwrap();
    Certificate::ending_in(2020).install(folder.path());
    let receiver = Receiver::start_in(folder.path(), &format!("{TLS}{ENDPOINT}"), &[]);
    let seen = receiver.logged(0, "expired at 2020-01-01T00:00:00Z");
    Certificate::make().install(folder.path());
    let seen = receiver.logged(seen, "new connections get the new certificate");
    assert!(!receiver.log()[seen..].contains("expired at"));
}

#[test]
fn a_renewed_certificate_is_shown_to_new_connections_and_drops_none() {
    let (folder, old, receiver) = start("");
    let mut kept = old.connect(&receiver);
    assert_eq!(status(&mut kept), 200);
    let mut open = old.connect(&receiver);
    open.send("POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(open.answer().unwrap().status, 100);

    let new = Certificate::make();
    fs::write(folder.path().join("certificate.pem"), &new.pem).unwrap();
    // For a moment the two do not fit each other: the old ones stay.
    let seen = receiver.logged(0, "it is not the key of the first certificate");
    assert_eq!(status(&mut old.connect(&receiver)), 200);
    fs::write(folder.path().join("key.pem"), &new.key).unwrap();
    receiver.logged(seen, "new connections get the new certificate");

    assert_eq!(status(&mut new.connect(&receiver)), 200);
    assert!(old.try_connect(&receiver).is_err());
    assert_eq!(status(&mut kept), 200);
    open.send(MESSAGE);
    assert_eq!(open.answer().unwrap().status, 200);
    assert_eq!(receiver.exported().len(), 5);
}

#[test]
#[ignore = "needs curl"]
fn curl_delivers_over_http_2_and_over_http_1_1() {
    let (folder, certificate, receiver) = start("");
    let url = format!("https://localhost:{}/none", receiver.address.port());
    let authority = folder.path().join("authority.pem");
    fs::write(&authority, &certificate.pem).unwrap();
    for (version, expected) in [("--http2", "200 2"), ("--http1.1", "200 1.1")] {
        let output = Command::new("curl")
            .args(["-sS", version, "--cacert"])
            .arg(&authority)
            .args(["-H", "content-type: application/json", "-d", MESSAGE, "-o", "/dev/null"])
            .args(["-w", "%{http_code} %{http_version}", &url])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, expected, "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(receiver.exported().len(), 2);
}
