//! Defects by which a message without the right credential gets round the check.

use crate::mutants::{
    answer::Answer,
    defect::Defect,
    json::Json,
    request::{Head, Request},
    rules::{Basic, PATH, Secret, Verdict, basic, secret},
};

pub(super) fn defects() -> Vec<Defect> {
    [paths(), headers(), messages()].concat()
}

/// Basic is checked for exactly one path, and the router behind it takes others too.
fn checked_at_one_path(head: &Head, parts: &Basic, right: (&str, &str)) -> bool {
    head.target != PATH || basic(head, parts, right)
}

fn found(is_the_path: bool) -> Verdict {
    if is_the_path { Ok(()) } else { Err(Answer::not_found()) }
}

/// The path of a target, without its query.
fn path_of(head: &Head) -> &str {
    head.target.split('?').next().unwrap_or_default()
}

fn paths() -> Vec<Defect> {
    let behind = |name, path: fn(&Head) -> Verdict| {
        let defect = Defect::basic(name, "AUTH-28", |r| r.basic = checked_at_one_path);
        defect.with_path(path).also(&["HTTP-18"])
    };
    vec![
        behind("checks one path, and routes without regard to letter case", |head| {
            found(path_of(head).eq_ignore_ascii_case(PATH))
        }),
        behind("checks one path, and routes without regard to a slash at the end", |head| {
            found(path_of(head).trim_end_matches('/') == PATH)
        }),
        behind("checks one path, and merges slashes", |head| {
            let parts: Vec<&str> = path_of(head).split('/').filter(|part| !part.is_empty()).collect();
            found(format!("/{}", parts.join("/")) == PATH)
        }),
        behind("checks one path, and removes dot segments", |head| {
            let mut parts: Vec<&str> = Vec::new();
            for part in path_of(head).split('/').filter(|part| !part.is_empty() && *part != ".") {
                if part == ".." {
                    parts.pop();
                } else {
                    parts.push(part);
                }
            }
            found(format!("/{}", parts.join("/")) == PATH)
        }),
        behind("checks one path, and decodes it", |head| {
            found(super::spelling::percent_decoded(path_of(head)).trim_end() == PATH)
        }),
        behind("checks one path, and cuts parameters off, as servlets do", |head| {
            found(path_of(head).split(';').next() == Some(PATH))
        }),
        behind("checks one path, and takes a format at its end, as Rails does", |head| {
            found(path_of(head).trim_end_matches(".json") == PATH)
        }),
        behind("checks one path, and takes backslashes for slashes, as IIS does", |head| {
            found(path_of(head).replace('\\', "/") == PATH)
        }),
        behind("checks one target, its query included", |head| found(path_of(head) == PATH)),
        behind("checks one target, and routes the absolute form as well", |head| {
            let at = head.target.find("://").and_then(|at| Some(at + 3 + head.target[at + 3..].find('/')?));
            found(&head.target[at.unwrap_or(0)..] == PATH)
        }),
    ]
}

/// Whether one of these headers holds the text.
fn says(head: &Head, names: &[&str], text: &str) -> bool {
    names.iter().any(|name| head.get(name).is_some_and(|value| value.contains(text)))
}

fn headers() -> Vec<Defect> {
    let skipped =
        |name, skips: fn(&Head, &Basic, (&str, &str)) -> bool| Defect::basic(name, "AUTH-28", |_| {}).with_basic(skips);
    vec![
        skipped("trusts X-Forwarded-For: 127.0.0.1", |head, parts, right| {
            says(head, &["x-forwarded-for"], "127.0.0.1") || basic(head, parts, right)
        }),
        skipped("trusts X-Real-IP with an address of the own network", |head, parts, right| {
            says(head, &["x-real-ip"], "10.") || basic(head, parts, right)
        }),
        skipped("trusts Forwarded", |head, parts, right| {
            says(head, &["forwarded"], "for=127.0.0.1") || basic(head, parts, right)
        }),
        skipped("trusts the address that a content network names", |head, parts, right| {
            says(head, &["cf-connecting-ip", "true-client-ip"], "127.0.0.1") || basic(head, parts, right)
        }),
        skipped("checks nothing where Host is localhost", |head, parts, right| {
            says(head, &["host"], "localhost") || basic(head, parts, right)
        }),
        skipped("checks nothing where X-Forwarded-Host is localhost", |head, parts, right| {
            says(head, &["x-forwarded-host"], "localhost") || basic(head, parts, right)
        }),
        skipped("checks nothing where Origin is its own", |head, parts, right| {
            says(head, &["origin"], "//localhost") || basic(head, parts, right)
        }),
        skipped("checks the path that X-Original-URL names", |head, parts, right| {
            head.get("x-original-url").is_some_and(|path| path != PATH) || basic(head, parts, right)
        }),
        skipped("checks the path of the request line, and routes by X-Original-URL", |head, parts, right| {
            head.target != PATH || basic(head, parts, right)
        })
        .with_path(|head| found(head.get("x-original-url").unwrap_or(&head.target) == PATH))
        .also(&["HTTP-18"]),
        skipped("checks nothing where X-HTTP-Method-Override names another method", |head, parts, right| {
            head.get("x-http-method-override").is_some_and(|method| method != "POST") || basic(head, parts, right)
        }),
        skipped("checks POST only, and takes the method from X-HTTP-Method-Override", |head, parts, right| {
            head.method != "POST" || basic(head, parts, right)
        })
        .with_method(|head| {
            let method = head.get("x-http-method-override").unwrap_or(&head.method);
            if method == "POST" { Ok(()) } else { Err(Answer::new(405, "only POST").with("allow", "POST")) }
        }),
        skipped("checks POST only, and takes PUT as well", |head, parts, right| {
            head.method != "POST" || basic(head, parts, right)
        })
        .with_method(|head| {
            let is_known = ["POST", "PUT"].contains(&head.method.as_str());
            if is_known { Ok(()) } else { Err(Answer::new(405, "only POST").with("allow", "POST")) }
        })
        .also(&["HTTP-14"]),
        skipped("checks POST in capitals only, and takes post as well", |head, parts, right| {
            head.method != "POST" || basic(head, parts, right)
        })
        .with_method(|head| {
            let is_post = head.method.eq_ignore_ascii_case("POST");
            if is_post { Ok(()) } else { Err(Answer::new(405, "only POST").with("allow", "POST")) }
        }),
        skipped("believes a header that names a user who is signed in", |head, parts, right| {
            head.get("x-remote-user").is_some() || basic(head, parts, right)
        }),
        skipped("checks HTTP/1.1 only", |head, parts, right| head.version == "HTTP/1.0" || basic(head, parts, right)),
    ]
}

/// A check of the secret, skipped for some requests.
type Skipping = fn(&Request, &Json, &Secret, &str) -> Verdict;

fn messages() -> Vec<Defect> {
    let checked =
        |name, check: Skipping| Defect::secret(name, "AUTH-28", |r| r.media_type = |_| Ok(())).with_secret(check);
    vec![
        checked("checks the secret of application/json only", |request, message, parts, right| {
            let is_checked = request.head.media_type().as_deref() == Some("application/json");
            if is_checked { secret(request, message, parts, right) } else { Ok(()) }
        })
        .also(&["HTTP-15"]),
        checked(
            "checks the secret where the content type is nothing but application/json",
            |request, message, parts, right| {
                let is_checked = request.head.get("content-type") == Some("application/json");
                if is_checked { secret(request, message, parts, right) } else { Ok(()) }
            },
        )
        .also(&["HTTP-15"]),
        checked("checks the secret where a content type is given", |request, message, parts, right| {
            let is_checked = request.head.get("content-type").is_some();
            if is_checked { secret(request, message, parts, right) } else { Ok(()) }
        })
        .also(&["HTTP-15"]),
        checked("does not check the secret of a form", |request, message, parts, right| {
            let is_form = request.head.media_type().as_deref() == Some("application/x-www-form-urlencoded");
            if is_form { Ok(()) } else { secret(request, message, parts, right) }
        })
        .also(&["HTTP-15"]),
        checked("does not check the secret of JSON with a suffix", |request, message, parts, right| {
            let has_suffix = request.head.media_type().is_some_and(|media_type| media_type.ends_with("+json"));
            if has_suffix { Ok(()) } else { secret(request, message, parts, right) }
        })
        .also(&["HTTP-15"]),
        Defect::secret("checks the secret where a length is given", "AUTH-28", |r| {
            r.secret = |request, message, parts, right| {
                let is_checked = request.head.get("content-length").is_some();
                if is_checked { secret(request, message, parts, right) } else { Ok(()) }
            };
        })
        .also(&["HTTP-8"]),
        Defect::secret("checks the secret in the first 32 KB only", "AUTH-28", |r| {
            r.secret = |request, message, parts, right| {
                let is_checked = request.body.len() <= 32 << 10;
                if is_checked { secret(request, message, parts, right) } else { Ok(()) }
            };
        })
        .also(&["HTTP-10"]),
        Defect::secret("accepts what it does not know before it checks the secret", "AUTH-28", |r| {
            r.secret = |request, message, parts, right| match message.get("trigger").and_then(Json::text) {
                Some("stepCreated" | "stepCompleted") | None => secret(request, message, parts, right),
                Some(_) => Ok(()),
            };
        }),
    ]
}
