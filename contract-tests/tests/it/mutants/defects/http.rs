//! Defects in what an endpoint wants of method, target and headers.

use crate::mutants::{
    answer::Answer,
    defect::Defect,
    rules::{Leave, PATH, Verdict},
};

fn allow_if(is_good: bool, refusal: Answer) -> Verdict {
    if is_good { Ok(()) } else { Err(refusal) }
}

fn unsupported() -> Answer {
    Answer::new(415, "only JSON")
}

pub(super) fn defects() -> Vec<Defect> {
    [plain(), types(), others()].concat()
}

/// Defects that hit the plain message as well, which is one of AUTH-3.
fn plain() -> Vec<Defect> {
    vec![
        Defect::open("wants a credential where none is agreed", "AUTH-2", |r| {
            r.headers = |head| allow_if(head.get("authorization").is_some(), Answer::unauthorized());
        })
        .refusing_all(),
        Defect::secret("listens at another path", "HTTP-1", |r| r.path = |_| Err(Answer::not_found()))
            .also(&["AUTH-3"])
            .refusing_all(),
        Defect::secret("takes PUT only", "HTTP-1", |r| {
            r.method = |head| allow_if(head.method == "PUT", Answer::new(405, "").with("allow", "PUT"));
        })
        .also(&["AUTH-3", "HTTP-14"])
        .refusing_all(),
        Defect::secret("answers what it accepts with 302", "HTTP-3", |r| {
            r.accepted = |_| Answer::new(302, "").with("location", "/thank-you");
        })
        .also(&["AUTH-3", "HTTP-2"])
        .refusing_all(),
        Defect::secret("redirects to the path with a slash at its end", "HTTP-3", |r| {
            r.path = |_| Err(Answer::new(308, "").with("location", format!("{PATH}/")));
        })
        .also(&["AUTH-3", "HTTP-1", "HTTP-2"])
        .refusing_all(),
        Defect::secret("answers what it accepts with 304", "HTTP-2", |r| r.accepted = |_| Answer::new(304, ""))
            .also(&["AUTH-3", "HTTP-3"])
            .refusing_all(),
        Defect::secret("answers what it accepts with 500", "HTTP-2", |r| r.accepted = |_| Answer::crash())
            .also(&["AUTH-3"])
            .refusing_all(),
        Defect::secret("wants a token against forged forms", "HTTP-7", |r| {
            r.headers = |head| {
                let has_token = head.get("cookie").is_some() || head.get("x-csrf-token").is_some();
                allow_if(has_token, Answer::new(403, "the token against forged forms is missing"))
            };
        })
        .also(&["AUTH-3"])
        .refusing_all(),
        Defect::secret("wants a User-Agent", "HTTP-7", |r| {
            r.headers = |head| allow_if(head.get("user-agent").is_some(), Answer::forbidden());
        })
        .also(&["AUTH-3"])
        .refusing_all(),
        Defect::secret("wants an Accept", "HTTP-7", |r| {
            r.headers = |head| allow_if(head.get("accept").is_some(), Answer::new(406, ""));
        })
        .also(&["AUTH-3"])
        .refusing_all(),
        Defect::secret("wants an Origin", "HTTP-7", |r| {
            r.headers = |head| allow_if(head.get("origin").is_some(), Answer::forbidden());
        })
        .also(&["AUTH-3"])
        .refusing_all(),
        Defect::secret("takes multipart forms only", "HTTP-4", |r| {
            r.media_type = |head| allow_if(head.media_type().as_deref() == Some("multipart/form-data"), unsupported());
        })
        .also(&["AUTH-3", "HTTP-5", "HTTP-15"])
        .refusing_all(),
        Defect::secret("takes text/json only", "HTTP-4", |r| {
            r.media_type = |head| allow_if(head.media_type().as_deref() == Some("text/json"), unsupported());
        })
        .also(&["AUTH-3", "HTTP-5", "HTTP-15"])
        .refusing_all(),
    ]
}

fn types() -> Vec<Defect> {
    vec![
        Defect::secret("compares the whole content type", "HTTP-5", |r| {
            r.media_type = |head| allow_if(head.get("content-type") == Some("application/json"), unsupported());
        }),
        Defect::secret("compares the content type's letter case", "HTTP-5", |r| {
            r.media_type = |head| {
                let media_type = head.get("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
                allow_if(media_type.trim() == "application/json", unsupported())
            };
        }),
        Defect::secret("wants the charset in small letters", "HTTP-5", |r| {
            r.media_type = |head| {
                let value = head.get("content-type").unwrap_or_default();
                let is_json = head.media_type().as_deref() == Some("application/json");
                allow_if(is_json && (!value.contains(';') || value.contains("utf-8")), unsupported())
            };
        }),
        Defect::secret("does not know a quoted charset", "HTTP-5", |r| {
            r.media_type = |head| {
                let value = head.get("content-type").unwrap_or_default();
                let is_json = head.media_type().as_deref() == Some("application/json");
                allow_if(is_json && !value.contains('"'), unsupported())
            };
        }),
        Defect::secret("wants a charset", "HTTP-4", |r| {
            r.media_type = |head| {
                let value = head.get("content-type").unwrap_or_default().to_lowercase();
                allow_if(value.starts_with("application/json") && value.contains("charset"), unsupported())
            };
        })
        .also(&["AUTH-3", "HTTP-5"])
        .refusing_all(),
        Defect::secret("takes any content type", "HTTP-15", |r| r.media_type = |_| Ok(())),
        Defect::secret("takes text/plain for JSON", "HTTP-15", |r| {
            r.media_type = |head| {
                let media_type = head.media_type().unwrap_or_default();
                allow_if(["application/json", "text/plain"].contains(&media_type.as_str()), unsupported())
            };
        }),
        Defect::secret("takes every content type in which json occurs", "HTTP-15", |r| {
            r.media_type = |head| {
                let value = head.get("content-type").unwrap_or_default().to_lowercase();
                allow_if(value.contains("json"), unsupported())
            };
        }),
        Defect::secret("answers another content type with 400", "HTTP-15", |r| {
            r.media_type =
                |head| allow_if(head.media_type().as_deref() == Some("application/json"), Answer::bad_request());
        }),
        Defect::secret("crashes on another content type", "HTTP-15", |r| {
            r.media_type = |head| allow_if(head.media_type().as_deref() == Some("application/json"), Answer::crash());
        }),
    ]
}

fn others() -> Vec<Defect> {
    vec![
        Defect::basic("knows authorization and Authorization, and no other letter case", "HTTP-6", |r| {
            r.headers = |head| {
                let known = |name: &str| name == "authorization" || name == "Authorization";
                allow_if(head.headers.iter().any(|(name, _)| known(name)), Answer::unauthorized())
            };
        })
        .also(&["AUTH-12"]),
        Defect::secret("knows content-type and Content-Type, and no other letter case", "HTTP-6", |r| {
            r.headers = |head| {
                let known = |name: &str| name == "content-type" || name == "Content-Type";
                allow_if(head.headers.iter().any(|(name, _)| known(name)), unsupported())
            };
        })
        .also(&["HTTP-15"]),
        Defect::secret("knows content-length and Content-Length, and no other letter case", "HTTP-6", |r| {
            r.headers = |head| {
                let is_other = |name: &str| {
                    name.eq_ignore_ascii_case("content-length") && name != "content-length" && name != "Content-Length"
                };
                allow_if(!head.headers.iter().any(|(name, _)| is_other(name)), Answer::new(411, ""))
            };
        }),
        Defect::open("answers GET with 200", "HTTP-14", |r| {
            r.method = |head| match head.method.as_str() {
                "POST" => Ok(()),
                "GET" => Err(Answer::new(200, "<html>webhook</html>")),
                _ => Err(Answer::new(405, "").with("allow", "GET, POST")),
            };
        }),
        Defect::open("takes a message by PUT", "HTTP-14", |r| {
            r.method = |head| {
                allow_if(["POST", "PUT"].contains(&head.method.as_str()), Answer::new(405, "").with("allow", "POST"))
            };
        }),
        Defect::secret("answers another method with 404", "HTTP-14", |r| {
            r.method = |head| allow_if(head.method == "POST", Answer::not_found());
        }),
        Defect::secret("answers 405 without Allow", "HTTP-14", |r| {
            r.method = |head| allow_if(head.method == "POST", Answer::new(405, ""));
        }),
        Defect::secret("answers a method that it does not know with 501", "HTTP-14", |r| {
            r.method = |head| allow_if(head.method == "POST", Answer::new(501, ""));
        }),
        Defect::secret("answers Expect with 417", "HTTP-9", |r| r.leave = |_| Leave::Refused(Answer::new(417, ""))),
        Defect::secret("answers Expect with 400", "HTTP-9", |r| {
            r.headers = |head| allow_if(head.get("expect").is_none(), Answer::bad_request());
        }),
        Defect::secret("closes the connection on Expect", "HTTP-9", |r| {
            r.leave = |_| Leave::Refused(Answer::new(0, ""))
        }),
        Defect::open("accepts before the body has come where that is asked for", "HTTP-12", |r| {
            r.early = |head| if head.get("expect").is_some() { Some(Answer::ok()) } else { None };
        }),
        Defect::open("accepts before the body has come", "HTTP-12", |r| {
            r.early = |head| if head.method == "POST" { Some(Answer::ok()) } else { None };
        })
        .also(&["HTTP-10", "HTTP-14", "HTTP-15", "HTTP-16", "HTTP-17", "HTTP-18", "HTTP-20", "MSG-2"]),
        Defect::secret("answers 404 to the absolute form of its own URL", "HTTP-18", |r| {
            r.path = |head| {
                let path = head.target.split('?').next();
                allow_if(path == Some(PATH), Answer::not_found())
            };
        }),
        Defect::secret("takes a request line with two spaces", "HTTP-18", |r| {
            r.request_line = |_| Ok(());
            r.path = |_| Ok(());
            r.method = |head| {
                let is_post = head.line.trim_start().starts_with("POST ");
                allow_if(is_post, Answer::new(405, "").with("allow", "POST"))
            };
        })
        .also(&["HTTP-16"]),
        Defect::secret("crashes on a request line that breaks the grammar", "HTTP-18", |r| {
            r.request_line = |head| {
                let is_good = head.line.split(' ').count() == 3 && head.version.starts_with("HTTP/1.");
                allow_if(is_good, Answer::crash())
            };
        }),
        Defect::secret("does without Host", "HTTP-16", |r| {
            r.host = |head| allow_if(head.all("host").len() < 2, Answer::bad_request());
        }),
        Defect::secret("takes the first of two hosts", "HTTP-16", |r| {
            r.host = |head| allow_if(!head.all("host").is_empty() || head.version == "HTTP/1.0", Answer::bad_request());
        }),
        Defect::secret("answers a missing Host with 404", "HTTP-16", |r| {
            r.host = |head| allow_if(head.all("host").len() == 1 || head.version == "HTTP/1.0", Answer::not_found());
        }),
    ]
}
