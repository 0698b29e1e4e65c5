//! Defects in reading the body, and in what is expected of a message.

use crate::mutants::{answer::Answer, defect::Defect, json::Json, rules::Rules};

fn refuse_if(is_bad: bool) -> Result<(), Answer> {
    if is_bad { Err(Answer::new(422, "the message is not as expected")) } else { Ok(()) }
}

fn crash_if(is_bad: bool) -> Result<(), Answer> {
    if is_bad { Err(Answer::crash()) } else { Ok(()) }
}

fn text_of<'a>(message: &'a Json, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(message, |value, name| value.get(name)).and_then(Json::text)
}

fn any_character_beside_secret(message: &Json, is_bad: fn(char) -> bool) -> bool {
    let beside = message.all_members().iter().filter(|(name, _)| name != "clientSecret");
    beside.flat_map(|(_, value)| value.each()).filter_map(Json::text).any(|text| text.contains(is_bad))
}

fn has_only(value: Option<&Json>, known: &[&str]) -> bool {
    value.is_none_or(|value| value.all_members().iter().all(|(name, _)| known.contains(&name.as_str())))
}

/// A message that is sent shows many clauses at a time: what fails on one fails on all messages that hold it.
const SAMPLES: &[&str] = &[
    "AUTH-3", "MSG-1", "MSG-2", "MSG-3", "MSG-4", "MSG-5", "MSG-6", "MSG-7", "MSG-8", "MSG-9", "MSG-10", "MSG-11",
    "MSG-12", "MSG-13", "MSG-14", "MSG-16", "MSG-17", "MSG-18", "MSG-19", "MSG-21",
];

const STEP: &[&str] =
    &["stepIdentifier", "type", "access", "createdAt", "completedAt", "completedBy", "fields", "decisions"];

pub(super) fn defects() -> Vec<Defect> {
    [reading(), expecting()].concat()
}

fn reading() -> Vec<Defect> {
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

fn expecting() -> Vec<Defect> {
    let message = |name, clause, put: fn(&mut Rules)| Defect::secret(name, clause, put).also(SAMPLES);
    vec![
        message("crashes where previousStep is null", "MSG-7", |r| {
            r.message = |message| crash_if(message.get("previousStep") == Some(&Json::Null));
        })
        .refusing_all(),
        message("wants a previousStep that is not null", "MSG-7", |r| {
            r.message = |message| refuse_if(!matches!(message.get("previousStep"), Some(Json::Object(_))));
        })
        .refusing_all(),
        message("wants no previousStep", "MSG-6", |r| {
            r.message = |message| refuse_if(matches!(message.get("previousStep"), Some(Json::Object(_))));
        }),
        message("knows the trigger stepCompleted only", "MSG-3", |r| {
            r.message = |message| refuse_if(text_of(message, &["trigger"]) != Some("stepCompleted"));
        }),
        message("knows the trigger stepCreated only", "MSG-3", |r| {
            r.message = |message| refuse_if(text_of(message, &["trigger"]) != Some("stepCreated"));
        })
        .refusing_all(),
        message("crashes on a previous step that is an approval", "MSG-6", |r| {
            r.message = |message| {
                let kind = text_of(message, &["previousStep", "type"]).unwrap_or_default();
                crash_if(kind.to_lowercase().ends_with("approval"))
            };
        }),
        message("knows the kinds of step task and approval only", "MSG-11", |r| {
            r.message = |message| {
                let kind = |step| text_of(message, &[step, "type"]).unwrap_or("task");
                refuse_if(["step", "previousStep"].iter().any(|step| !["task", "approval"].contains(&kind(*step))))
            };
        }),
        message("crashes on a public form", "MSG-11", |r| {
            r.message = |message| {
                let kind = |step| text_of(message, &[step, "type"]) == Some("publicForm");
                crash_if(kind("step") || kind("previousStep"))
            };
        }),
        message("knows one decision an approval", "MSG-12", |r| {
            r.message = |message| {
                let lists = message.each().into_iter().filter_map(|value| value.get("decisions"));
                crash_if(lists.into_iter().any(|list| matches!(list, Json::Array(items) if items.len() > 1)))
            };
        }),
        message("knows the decision approved only", "MSG-13", |r| {
            r.message = |message| {
                let mut decisions = message.each().into_iter().filter_map(|value| value.get("decision")?.text());
                refuse_if(decisions.any(|decision| decision != "approved"))
            };
        }),
        message("crashes on a comment that is null", "MSG-13", |r| {
            r.message =
                |message| crash_if(message.each().into_iter().any(|value| value.get("comment") == Some(&Json::Null)));
        }),
        message("crashes on a field without a value", "MSG-10", |r| {
            r.message =
                |message| crash_if(message.fields().into_iter().any(|field| field.get("value") == Some(&Json::Null)));
        }),
        message("wants fields in a step", "MSG-5", |r| {
            r.message = |message| {
                let lists = message.each().into_iter().filter_map(|value| value.get("fields"));
                refuse_if(lists.into_iter().any(|list| matches!(list, Json::Array(items) if items.is_empty())))
            };
        }),
        message("takes every value for a text", "MSG-10", |r| {
            r.message = |message| {
                let mut values = message.fields().into_iter().filter_map(|field| field.get("value"));
                crash_if(values.any(|value| !matches!(value, Json::Text(_) | Json::Null)))
            };
        })
        .refusing_all(),
        message("reads numbers as whole ones", "MSG-10", |r| {
            r.message = |message| {
                let values = message.fields().into_iter().filter_map(|field| field.get("value"));
                crash_if(values.into_iter().any(|value| matches!(value, Json::Number(number) if number.fract() != 0.0)))
            };
        })
        .refusing_all(),
        message("crashes on a value that is an array", "MSG-10", |r| {
            r.message = |message| {
                let mut values = message.fields().into_iter().filter_map(|field| field.get("value"));
                crash_if(values.any(|value| matches!(value, Json::Array(_))))
            };
        }),
        message("wants the description of the webhook to be a text", "MSG-14", |r| {
            r.message = |message| {
                let description = message.get("webhook").and_then(|webhook| webhook.get("description"));
                refuse_if(description == Some(&Json::Null))
            };
        })
        .refusing_all(),
        message("refuses a property that it does not know", "MSG-17", |r| {
            r.message = |message| {
                let known = ["webhook", "trigger", "clientSecret", "flow", "step", "previousStep"];
                refuse_if(!has_only(Some(message), &known))
            };
        }),
        message("refuses a property of a step that it does not know", "MSG-17", |r| {
            r.message =
                |message| refuse_if(["step", "previousStep"].iter().any(|step| !has_only(message.get(step), STEP)));
        }),
        message("refuses a property of a field that it does not know", "MSG-17", |r| {
            r.message = |message| {
                let known = ["name", "type", "order", "identifier", "value", "options"];
                refuse_if(message.fields().into_iter().any(|field| !has_only(Some(field), &known)))
            };
        }),
        message("refuses a type of field that it does not know", "MSG-18", |r| {
            r.message = |message| {
                let known = [
                    "Text",
                    "TextArea",
                    "SelectList",
                    "RadioButtonList",
                    "MultiSelectList",
                    "CheckBox",
                    "Email",
                    "Date",
                    "Datetime",
                    "Currency",
                    "Number",
                    "Instruction",
                    "FileUpload",
                    "Signature",
                ];
                let mut kinds = message.fields().into_iter().filter_map(|field| field.get("type")?.text());
                refuse_if(kinds.any(|kind| !known.contains(&kind)))
            };
        }),
        message("crashes on a kind of step that it does not know", "MSG-19", |r| {
            r.message = |message| {
                let known = ["task", "approval", "parallelApproval", "sequentialApproval", "publicForm"];
                let mut kinds = ["step", "previousStep"].iter().filter_map(|step| text_of(message, &[step, "type"]));
                crash_if(kinds.any(|kind| !known.contains(&kind)))
            };
        }),
        message("crashes on emoji, as a column of three bytes a character does", "MSG-21", |r| {
            r.message = |message| crash_if(any_character_beside_secret(message, |c| c.len_utf8() > 3));
        }),
        message("stores text in Latin-1", "MSG-21", |r| {
            r.message = |message| crash_if(any_character_beside_secret(message, |c| c as u32 > 255));
        }),
        message("crashes on U+0000, as a column of PostgreSQL does", "MSG-22", |r| {
            r.message = |message| crash_if(any_character_beside_secret(message, |c| c == '\0'));
        })
        .common(),
        message("answers U+0000 with 400, as Django REST framework does", "MSG-22", |r| {
            r.message = |message| {
                let is_there = any_character_beside_secret(message, |c| c == '\0');
                if is_there { Err(Answer::bad_request()) } else { Ok(()) }
            };
        })
        .common(),
        message("crashes on control characters, as XML does", "MSG-22", |r| {
            r.message = |message| crash_if(any_character_beside_secret(message, |c| c < ' ' && !"\t\n\r".contains(c)));
        }),
        message("wants the trigger before the step", "MSG-1", |r| {
            r.message = |message| {
                let place = |name: &str| message.all_members().iter().position(|(found, _)| found == name);
                refuse_if(place("trigger") > place("step"))
            };
        }),
        message("wants JSON without line breaks", "AUTH-3", |r| {
            r.read = |body| match Json::read(body) {
                Some(message) if !body.contains(&b'\n') => Ok(message),
                _ => Err(Answer::bad_request()),
            };
        }),
    ]
}
