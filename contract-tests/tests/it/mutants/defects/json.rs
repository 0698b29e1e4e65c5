//! Defects in reading the body.

use crate::mutants::{answer::Answer, defect::Defect, json::Json};

pub(super) fn defects() -> Vec<Defect> {
    let read = Defect::open;
    vec![
        read("takes what is not JSON for an empty message, as get_json(silent=True) does", "HTTP-12", |r| {
            r.read = |body| Ok(Json::read(body).unwrap_or(Json::Null));
        })
        .also(&["HTTP-20", "MSG-2"]),
        read("takes an empty body for an empty message", "HTTP-12", |r| {
            r.read =
                |body| if body.is_empty() { Ok(Json::Null) } else { Json::read(body).ok_or_else(Answer::bad_request) };
        })
        .also(&["HTTP-20"]),
        read("reads the first value and leaves the rest, as json.Decoder does", "HTTP-22", |r| {
            r.read = |body| {
                let first = serde_json::Deserializer::from_slice(body).into_iter().next();
                first.and_then(Result::ok).ok_or_else(Answer::bad_request)
            };
        })
        .also(&["HTTP-20"])
        .common(),
        read("mends a message that is cut short", "HTTP-12", |r| {
            r.read = |body| {
                let is_cut = body.first() == Some(&b'{') && !body.trim_ascii_end().ends_with(b"}");
                if is_cut { Ok(Json::Null) } else { Json::read(body).ok_or_else(Answer::bad_request) }
            };
        })
        .also(&["HTTP-20"]),
        read("allows a comma behind the last member", "HTTP-22", |r| {
            r.read = |body| {
                let text = String::from_utf8_lossy(body).replace(",}", "}").replace(",]", "]");
                Json::read(text.as_bytes()).ok_or_else(Answer::bad_request)
            };
        })
        .also(&["HTTP-20", "MSG-2"])
        .common(),
        read("allows single quotes", "HTTP-22", |r| {
            r.read = |body| {
                let text = String::from_utf8_lossy(body).replace('\'', "\"");
                Json::read(body).or_else(|| Json::read(text.as_bytes())).ok_or_else(Answer::bad_request)
            };
        })
        .also(&["HTTP-20", "MSG-2"])
        .common(),
        read("allows comments", "HTTP-22", |r| {
            r.read = |body| {
                let text = String::from_utf8_lossy(body).into_owned();
                let without =
                    text.split_once("/*").and_then(|(before, rest)| Some(before.to_owned() + rest.split_once("*/")?.1));
                let lines: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
                Json::read(body)
                    .or_else(|| Json::read(without?.as_bytes()))
                    .or_else(|| Json::read(lines.join("\n").as_bytes()))
                    .ok_or_else(Answer::bad_request)
            };
        })
        .also(&["HTTP-20"])
        .common(),
        read("allows line breaks within text", "HTTP-22", |r| {
            r.read = |body| {
                let text = String::from_utf8_lossy(body).replace(|character: char| character.is_control(), " ");
                Json::read(body).or_else(|| Json::read(text.as_bytes())).ok_or_else(Answer::bad_request)
            };
        })
        .also(&["HTTP-20"])
        .common(),
        read("reads JSON5", "HTTP-22", |r| {
            r.read = |body| {
                let text = String::from_utf8_lossy(body).replace("/* a message */", "").replace(",}", "}");
                Json::read(body).or_else(|| Json::read(text.as_bytes())).ok_or_else(Answer::bad_request)
            };
        })
        .common(),
        read("takes a form for a message", "HTTP-12", |r| {
            r.read = |body| {
                let is_form = body.contains(&b'=') && !body.starts_with(b"{");
                if is_form { Ok(Json::Null) } else { Json::read(body).ok_or_else(Answer::bad_request) }
            };
            r.media_type = |_| Ok(());
        })
        .also(&["HTTP-15", "HTTP-20"]),
        read("crashes on broken JSON", "HTTP-20", |r| r.read = |body| Json::read(body).ok_or_else(Answer::crash))
            .also(&["MSG-2"]),
        read("crashes on an empty body", "HTTP-20", |r| {
            r.read = |body| {
                Json::read(body).ok_or_else(|| if body.is_empty() { Answer::crash() } else { Answer::bad_request() })
            };
        }),
        read("closes the connection on broken JSON", "HTTP-20", |r| {
            r.read = |body| Json::read(body).ok_or_else(|| Answer::new(0, ""));
        })
        .also(&["HTTP-12", "MSG-2"]),
        read("crashes on deep nesting", "HTTP-20", |r| {
            r.read = |body| {
                let depth = body.iter().filter(|byte| **byte == b'[').count();
                Json::read(body).ok_or_else(|| if depth > 1000 { Answer::new(0, "") } else { Answer::bad_request() })
            };
        })
        .also(&["HTTP-12"]),
        read("answers 200 where it understood nothing", "HTTP-12", |r| {
            r.read = |body| Json::read(body).ok_or_else(|| Answer::new(200, r#"{"error":"invalid JSON"}"#));
        })
        .also(&["HTTP-20", "MSG-2"]),
        read("shows where its parser was when it failed", "OPS-7", |r| {
            r.read = |body| {
                let trace = "Traceback (most recent call last):\n  File \"/srv/app/hooks.py\", line 42, in receive\n\
                             json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)";
                Json::read(body).ok_or_else(|| Answer::new(400, trace))
            };
        }),
        read("warns in HTML before its answer, as PHP does", "OPS-7", |r| {
            r.finish = |_, _, answer| {
                let warning = "<br />\n<b>Warning</b>:  Undefined array key \"x\" in <b>/app/public/hook.php</b> on line <b>7</b><br />";
                Answer { body: format!("{warning}\n{}", answer.body), ..answer }
            };
        }),
        read("shows the trace of an exception in JSON, as Spring does", "OPS-7", |r| {
            r.read = |body| {
                let trace = r#"{"status":400,"trace":"Oops\n\tat nz.co.hooks.Receiver.accept(Receiver.java:42)\n"}"#;
                Json::read(body).ok_or_else(|| Answer::new(400, trace))
            };
        }),
        read("shows the stack of an error on a page, as Express does", "OPS-7", |r| {
            r.read = |body| {
                let page = "<pre>SyntaxError: no<br> &nbsp; &nbsp;at JSON.parse (&lt;anonymous&gt;)<br></pre>";
                Json::read(body).ok_or_else(|| Answer::new(400, page))
            };
        }),
        read("names the exception that it met, as .NET does", "OPS-7", |r| {
            r.read = |body| {
                let text = "System.Text.Json.JsonException: no\n   at Hooks.Receiver.Accept(String body)";
                Json::read(body).ok_or_else(|| Answer::new(400, text))
            };
        }),
        read("names the file that it cannot write", "OPS-7", |r| {
            r.read = |body| {
                let text = "open /data/messages.jsonl: permission denied";
                Json::read(body).ok_or_else(|| Answer::new(400, text))
            };
        }),
        read("shows its query", "OPS-7", |r| {
            r.read = |body| {
                let text = "failed: INSERT INTO messages (flow, body) VALUES ($1, $2)";
                Json::read(body).ok_or_else(|| Answer::new(400, text))
            };
        }),
        read("answers an error with what was sent", "OPS-7", |r| {
            r.read = |body| {
                let text = String::from_utf8_lossy(body);
                Json::read(body).ok_or_else(|| Answer::new(400, format!("cannot read {text}")))
            };
        }),
    ]
}
