//! Defects in what is expected of a message.

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
