//! Defects in the comparison and the answers of Basic.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::spelling;
use crate::mutants::{answer::Answer, defect::Defect, request::Head, rules::Expected};

pub(super) fn compared() -> Vec<Defect> {
    let same = Defect::basic;
    vec![
        same("checks the password only", "AUTH-18", |r| r.basic_parts.same = |sent, right| sent.1 == right.1)
            .also(&["AUTH-16"]),
        same("checks the username only", "AUTH-18", |r| r.basic_parts.same = |sent, right| sent.0 == right.0)
            .also(&["AUTH-14", "AUTH-16", "AUTH-22"]),
        same("takes any username and password", "AUTH-18", |r| r.basic_parts.same = |_, _| true)
            .also(&["AUTH-14", "AUTH-16", "AUTH-22"]),
        same("lets anything follow the password", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && sent.1.starts_with(right.1);
        }),
        same("takes a beginning of the password", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && right.1.starts_with(sent.1);
        })
        .also(&["AUTH-16"]),
        same("takes an empty password", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && (sent.1.is_empty() || sent.1 == right.1);
        }),
        same("lets anything follow the username", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| sent.0.starts_with(right.0) && sent.1 == right.1;
        }),
        same("ignores the letter case of the password", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && sent.1.to_lowercase() == right.1.to_lowercase();
        }),
        same("ignores the letter case of the username, as a directory does", "AUTH-20", |r| {
            r.basic_parts.same = |sent, right| sent.0.to_lowercase() == right.0.to_lowercase() && sent.1 == right.1;
        })
        .common(),
        same("trims the password", "AUTH-20", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && sent.1.trim() == right.1;
        })
        .common(),
        same("trims username and password, as Tomcat does", "AUTH-20", |r| {
            r.basic_parts.same = |sent, right| sent.0.trim() == right.0 && sent.1.trim() == right.1;
        })
        .common(),
        same("crashes where a username has another normalization form", "AUTH-20", |r| {
            r.before_basic = |head| {
                let sent = decoded_text(head).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
                let is_other = spelling::nfc(&sent) != sent;
                if is_other { Err(Answer::crash()) } else { Ok(()) }
            };
        }),
        same("compares username and password joined without the colon", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| format!("{}{}", sent.0, sent.1) == format!("{}{}", right.0, right.1);
        }),
        same("looks at 72 bytes of the password, as bcrypt does", "AUTH-16", |r| {
            r.basic_parts.same =
                |sent, right| sent.0 == right.0 && spelling::cut(sent.1, 72) == spelling::cut(right.1, 72);
        })
        .also(&["AUTH-14", "AUTH-18"]),
        same("looks at 64 bytes of the username", "AUTH-16", |r| {
            r.basic_parts.same =
                |sent, right| spelling::cut(sent.0, 64) == spelling::cut(right.0, 64) && sent.1 == right.1;
        })
        .also(&["AUTH-18"]),
        same("looks at 100 bytes of the password, where characters are meant", "AUTH-16", |r| {
            r.basic_parts.same =
                |sent, right| sent.0 == right.0 && spelling::cut(sent.1, 100) == spelling::cut(right.1, 100);
        })
        .also(&["AUTH-14", "AUTH-18"]),
        same("cuts the password that was sent at 100 characters", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && sent.1.chars().take(100).eq(right.1.chars());
        })
        .also(&["AUTH-16"]),
        same("keeps the low byte of each character of the password", "AUTH-18", |r| {
            r.basic_parts.same =
                |sent, right| sent.0 == right.0 && spelling::low_bytes(sent.1) == spelling::low_bytes(right.1);
        })
        .also(&["AUTH-15"]),
        same("compares in ASCII, all else being a question mark", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| {
                let equal = |sent, right| spelling::ascii(sent) == spelling::ascii(right);
                equal(sent.0, right.0) && equal(sent.1, right.1)
            };
        })
        .also(&["AUTH-15", "AUTH-16"]),
    ]
}

pub(super) fn answered() -> Vec<Defect> {
    vec![
        Defect::basic("refuses the right username and password", "AUTH-12", |r| r.basic_parts.same = |_, _| false)
            .refusing_all(),
        Defect::basic("answers 401 without a challenge", "AUTH-23", |r| {
            r.unauthorized = || Answer::new(401, "username or password is not the right one");
        }),
        Defect::basic("challenges without charset", "AUTH-23", |r| {
            r.unauthorized = || Answer::new(401, "").with("www-authenticate", r#"Basic realm="webhooks""#);
        }),
        Defect::basic("challenges without a realm", "AUTH-23", |r| {
            r.unauthorized = || Answer::new(401, "").with("www-authenticate", r#"Basic charset="UTF-8""#);
        }),
        Defect::basic("challenges for Bearer", "AUTH-23", |r| {
            r.unauthorized = || Answer::new(401, "").with("www-authenticate", r#"Bearer realm="webhooks""#);
        }),
        Defect::basic("sends whoever is not known to a page for signing in", "AUTH-18", |r| {
            r.unauthorized = || Answer::new(302, "").with("location", "/login");
        })
        .also(&["AUTH-13", "AUTH-14", "AUTH-15", "AUTH-16", "AUTH-17", "AUTH-19", "AUTH-20", "AUTH-21", "AUTH-22"]),
        Defect::basic("answers wrong credentials with 200", "AUTH-18", |r| {
            r.unauthorized = || Answer::new(200, "access denied");
        })
        .also(&["AUTH-13", "AUTH-14", "AUTH-15", "AUTH-16", "AUTH-17", "AUTH-19", "AUTH-20", "AUTH-21", "AUTH-22"]),
        Defect::basic("answers wrong credentials with 407", "AUTH-18", |r| {
            r.unauthorized = || Answer::new(407, "").with("proxy-authenticate", "Basic realm=\"webhooks\"");
        })
        .also(&["AUTH-13", "AUTH-14", "AUTH-15", "AUTH-16", "AUTH-17", "AUTH-19", "AUTH-20", "AUTH-21", "AUTH-22"]),
        Defect::basic("shows the authorization header on the page of an error", "AUTH-24", |r| {
            r.finish = |request, _, answer| match request.and_then(|request| request.head.get("authorization")) {
                Some(value) if answer.status == 401 => Answer { body: format!("cannot take: {value}"), ..answer },
                _ => answer,
            };
        }),
        Defect::basic("names the expected password on the page of an error", "AUTH-24", |r| {
            r.finish = |_, expected, answer| match expected {
                Expected::Basic(_, password) if answer.status == 400 => {
                    Answer { body: serde_json::to_string(password).unwrap(), ..answer }
                }
                Expected::Secret(_) | Expected::Nothing | Expected::Basic(..) => answer,
            };
        }),
    ]
}

pub(super) fn decoded_text(head: &Head) -> Option<Vec<u8>> {
    let (_, parameter) = head.get("authorization")?.split_once(' ')?;
    BASE64_STANDARD.decode(parameter.trim()).ok()
}
