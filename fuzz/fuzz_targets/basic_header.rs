//! Compares the parser of the `authorization` header, and the verifier, with a second implementation of RFC 7617.
#![no_main]

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use libfuzzer_sys::fuzz_target;
use receiver::Verifier;
use schemas::{Authentication, BasicCredentials, authentication::PresentedBasic};

/// The accepted pair of `schemas/vectors/basic-authorization.json`.
const ACCEPTED: (&str, &str) = ("jo", "päss");

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let credentials = BasicCredentials::new(ACCEPTED.0, ACCEPTED.1).expect("within the limits");
    Verifier::new(&Authentication::Basic(credentials))
});

fuzz_target!(|header: &[u8]| {
    let expected = pair(header);
    let read = PresentedBasic::parse(header).ok();
    let read = read.as_ref().map(|read| (read.username().to_owned(), read.expose_password().to_owned()));
    assert_eq!(read, expected);

    let Ok(value) = HeaderValue::from_bytes(header) else { return };
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    let right = expected.is_some_and(|(username, password)| (&*username, &*password) == ACCEPTED);
    assert_eq!(VERIFIER.check_headers(&headers).is_ok(), right);
});

/// A second implementation of RFC 7617, bit by bit.
fn pair(header: &[u8]) -> Option<(String, String)> {
    let header = header.trim_ascii();
    let parameter = header.split_at_checked(6).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"basic "))?.1;
    let parameter = parameter.trim_ascii();
    if parameter.is_empty() || parameter.len() > 1068 || parameter.len() % 4 != 0 {
        return None;
    }
    let padding = parameter.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = &parameter[..parameter.len() - padding];
    let mut bits = Vec::new();
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let whole = bits.len() / 8 * 8;
    if padding > 2 || bits.len() - whole != 2 * padding || bits[whole..].contains(&1) {
        return None;
    }
    let bytes = bits[..whole].chunks(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit)).collect();
    let pair = String::from_utf8(bytes).ok()?;
    pair.split_once(':').map(|(username, password)| (username.to_owned(), password.to_owned()))
}
