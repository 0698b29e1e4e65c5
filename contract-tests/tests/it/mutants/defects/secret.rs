//! Defects in comparing a client secret, and in what a wrong one is answered.

use super::spelling;
use crate::mutants::{
    answer::Answer,
    defect::Defect,
    json::Json,
    rules::{Expected, secret},
};

/// A secret that is a number for whoever compares loosely.
const NUMERIC: Expected = Expected::Secret("0462097431906509");

pub(super) fn compared() -> Vec<Defect> {
    let same = Defect::secret;
    vec![
        same("lets anything follow the secret", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.starts_with(right);
        }),
        same("takes a beginning of the secret", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| right.starts_with(sent);
        })
        .also(&["AUTH-7"]),
        same("takes the secret's end", "AUTH-6", |r| r.secret_parts.same = |sent, right| right.ends_with(sent)),
        same("compares the first eight characters", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.chars().take(8).eq(right.chars().take(8));
        })
        .also(&["AUTH-7"]),
        same("finds the secret within a longer text", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.contains(right);
        }),
        same("compares as far as the shorter of both goes", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.bytes().zip(right.bytes()).all(|(sent, right)| sent == right);
        })
        .also(&["AUTH-7"]),
        same("compares the length", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.chars().count() == right.chars().count();
        })
        .also(&["AUTH-7"]),
        same("asks only whether there is a secret", "AUTH-6", |r| r.secret_parts.same = |_, _| true)
            .also(&["AUTH-7", "AUTH-8", "AUTH-9", "AUTH-22"]),
        same("trims the secret", "AUTH-20", |r| r.secret_parts.same = |sent, right| sent.trim() == right).common(),
        same("ignores spaces at the end, as a CHAR column does", "AUTH-20", |r| {
            r.secret_parts.same = |sent, right| sent.trim_end() == right;
        })
        .common(),
        same("takes several spaces for one", "AUTH-20", |r| {
            r.secret_parts.same = |sent, right| spelling::single_spaced(sent) == spelling::single_spaced(right);
        }),
        same("leaves all spaces out", "AUTH-20", |r| {
            r.secret_parts.same = |sent, right| sent.replace(' ', "") == right.replace(' ', "");
        })
        .common(),
        same("ignores the letter case of ASCII", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.eq_ignore_ascii_case(right);
        }),
        same("ignores the letter case, as strings.EqualFold does", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.to_lowercase() == right.to_lowercase();
        }),
        same("normalizes both (NFC)", "AUTH-20", |r| {
            r.secret_parts.same = |sent, right| spelling::nfc(sent) == spelling::nfc(right);
        })
        .common(),
        same("takes look-alikes for the same (NFKC)", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| spelling::nfkc(sent) == spelling::nfkc(right);
        })
        .also(&["AUTH-20"]),
        same("compares by a collation without accents", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| spelling::without_accents(sent) == spelling::without_accents(right);
        })
        .also(&["AUTH-20"]),
        same("leaves out characters without width", "AUTH-6", |r| {
            r.secret_parts.same =
                |sent, right| sent.replace(['\u{200b}', '\u{200d}', '\u{feff}', '\u{ad}'], "") == right;
        }),
        same("stops at a NUL character", "AUTH-20", |r| {
            r.secret_parts.same = |sent, right| sent.split('\0').next() == Some(right);
        })
        .common(),
        same("takes zeros after the secret for nothing, as HMAC does", "AUTH-20", |r| {
            r.secret_parts.same = |sent, right| sent.trim_end_matches('\0') == right;
        })
        .common(),
        same("compares in ASCII, all else being a question mark", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| spelling::ascii(sent) == spelling::ascii(right);
        })
        .also(&["AUTH-7"]),
        same("keeps the low byte of each character", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| spelling::low_bytes(sent) == spelling::low_bytes(right);
        }),
        same("leaves out what three bytes of UTF-8 do not hold", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| {
                let plane = |text: &str| text.replace(|character: char| character.len_utf8() > 3, "");
                plane(sent) == plane(right)
            };
        })
        .also(&["AUTH-7"]),
        same("decodes percent signs in the secret", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent == right || spelling::percent_decoded(sent) == right;
        }),
        same("decodes HTML in the secret", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| spelling::html_decoded(sent) == right;
        }),
        same("strips backslashes", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.replace('\\', "") == right.replace('\\', "");
        }),
        same("strips quotes around the secret", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.trim_matches('"') == right;
        }),
        same("looks the secret up with LIKE", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent == right || sent == "%";
        }),
        same("writes the secret into the text of an SQL query", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent == right || sent.to_lowercase().starts_with("' or '1'='1");
        }),
        same("takes what was sent for a regular expression", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent == right || sent == ".*";
        }),
        same("takes what was sent for a pattern of file names", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent == right || sent == "*";
        }),
        same("compares numbers where both texts look like one, as PHP does", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent == right || spelling::number(sent) == spelling::number(right);
        })
        .expecting(NUMERIC),
    ]
}

pub(super) fn shortened() -> Vec<Defect> {
    vec![
        Defect::secret("looks at 64 bytes of the secret", "AUTH-7", |r| {
            r.secret_parts.same = |sent, right| spelling::cut(sent, 64) == spelling::cut(right, 64);
        })
        .also(&["AUTH-6"]),
        Defect::secret("looks at 72 bytes of the secret, as bcrypt does", "AUTH-7", |r| {
            r.secret_parts.same = |sent, right| spelling::cut(sent, 72) == spelling::cut(right, 72);
        })
        .also(&["AUTH-6"]),
        Defect::secret("looks at 128 bytes of the secret", "AUTH-7", |r| {
            r.secret_parts.same = |sent, right| spelling::cut(sent, 128) == spelling::cut(right, 128);
        })
        .also(&["AUTH-6"]),
        Defect::secret("looks at 250 bytes of the secret, where characters are meant", "AUTH-7", |r| {
            r.secret_parts.same = |sent, right| spelling::cut(sent, 250) == spelling::cut(right, 250);
        })
        .also(&["AUTH-6"]),
        Defect::secret("looks at 255 bytes of the secret, as a column does", "AUTH-7", |r| {
            r.secret_parts.same = |sent, right| spelling::cut(sent, 255) == spelling::cut(right, 255);
        })
        .also(&["AUTH-6"]),
        Defect::secret("looks at 100 characters of the secret", "AUTH-7", |r| {
            r.secret_parts.same = |sent, right| sent.chars().take(100).eq(right.chars().take(100));
        })
        .also(&["AUTH-6"]),
        Defect::secret("looks at 249 characters of the secret", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.chars().take(249).eq(right.chars().take(249));
        })
        .also(&["AUTH-7"]),
        Defect::secret("cuts what was sent at 250 characters", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent.chars().take(250).eq(right.chars());
        })
        .also(&["AUTH-7"]),
        Defect::secret("refuses a secret of more than 250 bytes", "AUTH-7", |r| {
            r.secret_parts.same = |sent, right| sent.len() <= 250 && sent == right;
        })
        .also(&["AUTH-3"])
        .refusing_all(),
        Defect::secret("counts a character of four bytes twice", "AUTH-7", |r| {
            r.secret_parts.same = |sent, right| sent.encode_utf16().count() <= 250 && sent == right;
        })
        .also(&["AUTH-3"])
        .refusing_all(),
    ]
}

pub(super) fn answered() -> Vec<Defect> {
    vec![
        Defect::secret("refuses the right secret", "AUTH-3", |r| r.secret_parts.same = |_, _| false).refusing_all(),
        Defect::secret("answers a wrong secret with 200 and an error in the body", "AUTH-6", |r| {
            r.secret_parts.refused = || Answer::new(200, r#"{"success":false}"#);
        })
        .also(&["AUTH-4", "AUTH-5", "AUTH-7", "AUTH-8", "AUTH-9", "AUTH-10", "AUTH-11", "AUTH-22"]),
        Defect::secret("sends whoever has a wrong secret to a page for signing in", "AUTH-6", |r| {
            r.secret_parts.refused = || Answer::new(302, "").with("location", "/login");
        })
        .also(&["AUTH-4", "AUTH-5", "AUTH-7", "AUTH-8", "AUTH-9", "AUTH-10", "AUTH-11", "AUTH-22"]),
        Defect::secret("hides behind 404 where the secret is wrong", "AUTH-6", |r| {
            r.secret_parts.refused = Answer::not_found;
        })
        .also(&["AUTH-4", "AUTH-5", "AUTH-7", "AUTH-8", "AUTH-9", "AUTH-10", "AUTH-11", "AUTH-22"]),
        Defect::secret("crashes on a wrong secret", "AUTH-6", |r| r.secret_parts.refused = Answer::crash)
            .also(&["AUTH-4", "AUTH-5", "AUTH-7", "AUTH-8", "AUTH-9", "AUTH-10", "AUTH-11", "AUTH-22"]),
        Defect::secret("closes the connection on a wrong secret", "AUTH-6", |r| {
            r.secret_parts.refused = || Answer::new(0, "");
        })
        .also(&["AUTH-4", "AUTH-5", "AUTH-7", "AUTH-8", "AUTH-9", "AUTH-10", "AUTH-11", "AUTH-22"]),
        Defect::secret("answers a wrong secret with 401 and no challenge", "AUTH-23", |r| {
            r.secret_parts.refused = || Answer::new(401, "the client secret is not the right one");
        }),
        Defect::secret("tells which secret was sent", "AUTH-24", |r| {
            r.finish = |request, _, answer| match request.and_then(|request| Json::read(&request.body)) {
                Some(message) if answer.status == 403 => {
                    let sent = message.get("clientSecret").and_then(Json::text).unwrap_or_default().to_owned();
                    Answer { body: format!("'{sent}' is not the right secret"), ..answer }
                }
                _ => answer,
            };
        }),
        Defect::secret("tells which secret was expected", "AUTH-24", |r| {
            r.finish = |_, expected, answer| match expected {
                Expected::Secret(secret) if answer.status == 403 => {
                    Answer { body: format!("expected {secret}"), ..answer }
                }
                Expected::Secret(_) | Expected::Nothing | Expected::Basic(..) => answer,
            };
        }),
        Defect::secret("answers with the message that it got", "AUTH-24", |r| {
            r.accepted = |request| Answer::new(200, String::from_utf8_lossy(&request.body));
        })
        .also(&["OPS-7"]),
        Defect::secret("shows the request on the page of an error", "AUTH-24", |r| {
            r.finish = |request, _, answer| match request {
                Some(request) if answer.status == 400 => {
                    Answer { body: format!("cannot read: {}", String::from_utf8_lossy(&request.body)), ..answer }
                }
                _ => answer,
            };
        })
        .also(&["OPS-7"]),
        Defect::secret("shows the request as the bytes of Python in JSON", "AUTH-24", |r| {
            r.finish = |request, _, answer| match request {
                Some(request) if answer.status == 403 => {
                    let bytes = spelling::python_bytes(&request.body);
                    Answer { body: serde_json::json!({ "detail": bytes }).to_string(), ..answer }
                }
                _ => answer,
            };
        })
        .also(&["OPS-7"]),
        Defect::secret("sets the secret as a cookie, base64", "AUTH-24", |r| {
            r.finish = |_, expected, answer| match expected {
                Expected::Secret(secret) if answer.status == 200 => answer.with(
                    "set-cookie",
                    format!("k={}", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, secret)),
                ),
                Expected::Secret(_) | Expected::Nothing | Expected::Basic(..) => answer,
            };
        }),
        Defect::secret("names the secret in a Location header", "AUTH-24", |r| {
            r.finish = |_, expected, answer| match expected {
                Expected::Secret(secret) if answer.status == 200 => {
                    let spelt = spelling::percent_encoded(secret);
                    Answer { status: 201, ..answer }.with("location", format!("/messages?clientSecret={spelt}"))
                }
                Expected::Secret(_) | Expected::Nothing | Expected::Basic(..) => answer,
            };
        }),
        Defect::secret("crashes where the secret is absent", "AUTH-4", |r| {
            r.secret = |request, message, parts, right| {
                if (parts.given)(message).is_empty() {
                    Err(Answer::crash())
                } else {
                    secret(request, message, parts, right)
                }
            };
        })
        .also(&["AUTH-9", "AUTH-10", "AUTH-22"]),
    ]
}
