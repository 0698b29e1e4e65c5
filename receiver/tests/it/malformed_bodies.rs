//! Bodies that are no message: each is refused, with the words that its sender needs to mend it.

use std::fmt::Write as _;

use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
};

/// A member `a` of these bytes.
fn member(value: &[u8]) -> Vec<u8> {
    [b"{\"a\":", value, b"}"].concat()
}

fn nested(open: &str, close: &str, depth: usize) -> Vec<u8> {
    member((open.repeat(depth) + "1" + &close.repeat(depth)).as_bytes())
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// 1 KiB that unpacks to 1 MiB of spaces and more: the head of a gzip file, and then its repetitions.
fn gzip() -> Vec<u8> {
    let mut bytes = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xed\xc1".to_vec();
    bytes.resize(1024, 0);
    bytes
}

fn cases() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", b"".to_vec()),
        ("spaces", b" \n\t ".to_vec()),
        ("cut off", b"{\"a\":1".to_vec()),
        ("cut off in a string", b"{\"a\":\"x".to_vec()),
        ("two objects", b"{\"a\":1}{\"a\":1}".to_vec()),
        ("a zero byte behind", b"{\"a\":1}\0".to_vec()),
        ("a comma at the end", b"{\"a\":1,}".to_vec()),
        ("a comment", b"{\"a\":1} // one".to_vec()),
        ("single quotes", b"{'a':1}".to_vec()),
        ("a form", b"a=1&b=2".to_vec()),
        ("arrays, 129 deep", nested("[", "]", 128)),
        ("objects, 100 000 deep", nested("{\"a\":", "}", 100_000)),
        ("arrays never closed, 1 million deep", member("[".repeat(1_000_000).as_bytes())),
        ("NaN", member(b"NaN")),
        ("infinity", member(b"-Infinity")),
        ("a number beyond a double", member(b"1e309")),
        ("a number of 100 000 digits", member("9".repeat(100_000).as_bytes())),
        ("an exponent of 100 000 digits", member(("1e".to_owned() + &"9".repeat(100_000)).as_bytes())),
        ("a leading zero", member(b"01")),
        ("hexadecimal", member(b"0x1F")),
        ("a lone high surrogate", member(br#""\ud800""#)),
        ("a lone low surrogate", member(br#""\udc00x""#)),
        ("surrogates the wrong way round", member(br#""\udc00\ud800""#)),
        ("a lone surrogate in a name", br#"{"\ud800":1}"#.to_vec()),
        ("a lone surrogate in the secret", br#"{"clientSecret":"\ud800"}"#.to_vec()),
        ("a bad escape", member(br#""\x""#)),
        ("a line feed in a string", member(b"\"\n\"")),
        ("Latin-1", member(b"\"\xe4\"")),
        ("an overlong slash", member(b"\"\xc0\xaf\"")),
        ("a surrogate as bytes", member(b"\"\xed\xa0\x80\"")),
        ("beyond Unicode", member(b"\"\xf4\x90\x80\x80\"")),
        ("bad bytes in a name", b"{\"\xff\":1}".to_vec()),
        ("bad bytes in the secret", b"{\"clientSecret\":\"\xff\"}".to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{\"a\":1}".to_vec()),
        ("UTF-16", utf_16("{\"a\":1}")),
        ("UTF-16 with a byte order mark", utf_16("\u{feff}{\"a\":1}")),
        ("gzip that nothing announces", gzip()),
    ]
}

#[test]
fn a_malformed_body_is_a_400_that_says_what_is_wrong_where() {
    let receiver = Receiver::start_with("canary-secret-91b2", "canary-password-4e", "");
    let mut shown = String::new();
    for (case, body) in cases() {
        let refused = answer(receiver.address, post("/none", "", &body));
        assert_eq!(refused.status, 400, "{case}: {refused:?}");
        writeln!(shown, "{case}: {}", refused.json()["detail"].as_str().unwrap()).unwrap();
        // Whoever knows no credential gets no further.
        let of_stranger = if body.len() > 64 << 10 { 403 } else { 400 };
        assert_eq!(answer(receiver.address, post("/secret", "", &body)).status, of_stranger, "{case}");
        assert_eq!(answer(receiver.address, post("/basic", "", &body)).status, 401, "{case}");
    }
    insta::assert_snapshot!(shown);
    assert_eq!(receiver.exported().len(), 0);
}

#[test]
fn what_only_looks_malformed_is_taken() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\n");
    let cases = [
        ("arrays, 127 deep", nested("[", "]", 126)),
        ("a number that a double only comes near", member(b"123456789012345678901234567890")),
        ("a number below a double", member(b"1e-999")),
        ("a pair of surrogates", member(br#""\ud83c\udf0a""#)),
        ("a zero character, escaped", member(br#""\u0000""#)),
        ("a byte order mark inside", member("\"\u{feff}\"".as_bytes())),
        ("white space around", b" \r\n\t{\"a\":1}\r\n".to_vec()),
    ];
    for (case, body) in &cases {
        let taken = answer(receiver.address, post("/none", "", body));
        assert_eq!(taken.status, 200, "{case}: {taken:?}");
    }
    let stored = receiver.exported();
    for ((case, body), stored) in cases.iter().zip(&stored) {
        assert_eq!(stored["body"].as_str().unwrap().as_bytes(), body, "{case}");
    }
}

#[test]
fn a_coding_is_refused_before_anything_is_unpacked() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\n");
    for coding in ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "unknown"] {
        let refused = answer(receiver.address, post("/none", &format!("Content-Encoding: {coding}\r\n"), gzip()));
        assert_eq!(refused.status, 415, "{coding:?}: {refused:?}");
    }
    for more in ["Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", "Content-Type: application/json\r\n"] {
        assert_eq!(answer(receiver.address, post("/none", more, "{\"a\":1}")).status, 415, "{more:?}");
    }
}
