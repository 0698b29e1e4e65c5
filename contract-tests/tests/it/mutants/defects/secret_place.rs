//! Defects in what counts as a client secret: its type, its place and its spelling.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::mutants::{
    answer::Answer,
    defect::Defect,
    json::Json,
    rules::{Expected, MEMBER, secret},
};

pub(super) fn typed() -> Vec<Defect> {
    vec![
        Defect::secret("accepts a message without the member", "AUTH-4", |r| {
            r.secret = |request, message, parts, right| {
                if message.get(MEMBER).is_none() { Ok(()) } else { secret(request, message, parts, right) }
            };
        })
        .also(&["AUTH-9", "AUTH-10", "AUTH-22"]),
        Defect::secret("accepts an empty secret", "AUTH-4", |r| {
            r.secret = |request, message, parts, right| match message.get(MEMBER).and_then(Json::text) {
                Some("") => Ok(()),
                _ => secret(request, message, parts, right),
            };
        }),
        Defect::secret("accepts null", "AUTH-5", |r| {
            r.secret = |request, message, parts, right| match message.get(MEMBER) {
                Some(Json::Null) => Ok(()),
                _ => secret(request, message, parts, right),
            };
        }),
        Defect::secret("accepts a number that reads like the secret", "AUTH-5", |r| {
            r.secret_parts.text = |given| match given {
                Json::Number(number) => Some(number.to_string()),
                _ => given.text().map(str::to_owned),
            };
        })
        .expecting(Expected::Secret("462097431906509")),
        Defect::secret("accepts true, as a loose comparison does", "AUTH-5", |r| {
            r.secret = |request, message, parts, right| match message.get(MEMBER) {
                Some(Json::Bool(true)) => Ok(()),
                _ => secret(request, message, parts, right),
            };
        }),
        Defect::secret("accepts 0, as PHP before 8 does", "AUTH-5", |r| {
            r.secret = |request, message, parts, right| match message.get(MEMBER) {
                Some(Json::Number(0.0)) => Ok(()),
                _ => secret(request, message, parts, right),
            };
        }),
        Defect::secret("accepts an array that holds the secret", "AUTH-5", |r| {
            r.secret_parts.text = |given| match given {
                Json::Array(items) => items.first().and_then(Json::text).map(str::to_owned),
                _ => given.text().map(str::to_owned),
            };
        }),
        Defect::secret("accepts any array, as strcmp in PHP does", "AUTH-5", |r| {
            r.secret = |request, message, parts, right| match message.get(MEMBER) {
                Some(Json::Array(_)) => Ok(()),
                _ => secret(request, message, parts, right),
            };
        }),
        Defect::secret("accepts an object that holds the secret", "AUTH-5", |r| {
            r.secret_parts.text = |given| given.each().into_iter().find_map(Json::text).map(str::to_owned);
        }),
        Defect::secret("crashes on a secret that is no string", "AUTH-5", |r| {
            r.secret = |request, message, parts, right| match message.get(MEMBER) {
                None | Some(Json::Text(_)) => secret(request, message, parts, right),
                Some(_) => Err(Answer::crash()),
            };
        }),
    ]
}

pub(super) fn found() -> Vec<Defect> {
    vec![
        Defect::secret("finds a secret anywhere in the message", "AUTH-9", |r| {
            r.secret_parts.given = |message| {
                let everywhere = message.each().into_iter().flat_map(|value| value.members(MEMBER));
                everywhere.take(1).cloned().collect()
            };
        })
        .also(&["AUTH-11"]),
        Defect::secret("reads the secret of the webhook's object too", "AUTH-9", |r| {
            r.secret = |request, message, parts, right| {
                let within = message.get("webhook").unwrap_or(&Json::Null);
                secret(request, within, parts, right).or_else(|_| secret(request, message, parts, right))
            };
        }),
        Defect::secret("reads a field of a form that is named like the secret", "AUTH-9", |r| {
            r.secret = |request, message, parts, right| {
                let named =
                    message.fields().into_iter().find(|field| field.get("name").and_then(Json::text) == Some(MEMBER));
                let value = named.and_then(|field| field.get("value")).and_then(Json::text);
                if value == Some(right) { Ok(()) } else { secret(request, message, parts, right) }
            };
        }),
        Defect::secret("searches the whole body for the secret", "AUTH-9", |r| {
            r.secret = |_, message, parts, right| {
                let found = message.each().into_iter().any(|value| value.text() == Some(right));
                if found { Ok(()) } else { Err((parts.refused)()) }
            };
        })
        .also(&["AUTH-4", "AUTH-5", "AUTH-10", "AUTH-11"]),
        Defect::secret("takes the secret from the query as well", "AUTH-9", |r| {
            r.secret = |request, message, parts, right| {
                let query = request.head.target.split_once('?').map_or("", |(_, query)| query);
                let given = query.split('&').find_map(|pair| pair.strip_prefix("clientSecret="));
                let is_right = given.is_some_and(|given| super::spelling::percent_decoded(given) == right);
                if is_right { Ok(()) } else { secret(request, message, parts, right) }
            };
        })
        .also(&["AUTH-22"]),
        Defect::secret("takes the secret from a header as well", "AUTH-9", |r| {
            r.secret = |request, message, parts, right| {
                let names = ["clientSecret", "x-client-secret", "client-secret"];
                let is_right = names.iter().any(|name| request.head.get(name) == Some(right));
                if is_right { Ok(()) } else { secret(request, message, parts, right) }
            };
        })
        .also(&["AUTH-22"])
        .expecting(Expected::Secret("Correct-Horse-battery-staple-72")),
        Defect::secret("takes the secret from an x-api-key header as well", "AUTH-9", |r| {
            r.secret = |request, message, parts, right| {
                if request.head.get("x-api-key") == Some(right) {
                    Ok(())
                } else {
                    secret(request, message, parts, right)
                }
            };
        })
        .expecting(Expected::Secret("Correct-Horse-battery-staple-72")),
        Defect::secret("takes the secret from a cookie as well", "AUTH-9", |r| {
            r.secret = |request, message, parts, right| {
                let cookies = request.head.get("cookie").unwrap_or_default();
                let given = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("clientSecret="));
                let is_right = given.is_some_and(|given| super::spelling::percent_decoded(given) == right);
                if is_right { Ok(()) } else { secret(request, message, parts, right) }
            };
        }),
        Defect::secret("takes the secret as the whole authorization header", "AUTH-22", |r| {
            r.secret = |request, message, parts, right| {
                let is_right = request.head.get("authorization") == Some(right);
                if is_right { Ok(()) } else { secret(request, message, parts, right) }
            };
        })
        .expecting(Expected::Secret("Correct-Horse-battery-staple-72")),
        Defect::secret("takes the secret as a Bearer token", "AUTH-22", |r| {
            r.secret = |request, message, parts, right| {
                let token = request.head.get("authorization").and_then(|value| value.strip_prefix("Bearer "));
                if token == Some(right) { Ok(()) } else { secret(request, message, parts, right) }
            };
        })
        .also(&["AUTH-9"])
        .expecting(Expected::Secret("Correct-Horse-battery-staple-72")),
        Defect::secret("takes the secret as the password of Basic", "AUTH-22", |r| {
            r.secret = |request, message, parts, right| {
                let value = request.head.get("authorization").unwrap_or_default();
                let decoded = value.split_once(' ').and_then(|(_, token)| BASE64_STANDARD.decode(token).ok());
                let is_right = decoded.is_some_and(|bytes| bytes.ends_with(format!(":{right}").as_bytes()));
                if is_right { Ok(()) } else { secret(request, message, parts, right) }
            };
        }),
        Defect::secret("compares the secret as the body spells it", "AUTH-8", |r| {
            r.secret = |request, message, parts, right| {
                let spelt = serde_json::to_string(right).unwrap();
                let body = String::from_utf8_lossy(&request.body);
                if body.contains(&spelt) { secret(request, message, parts, right) } else { Err((parts.refused)()) }
            };
        }),
        Defect::secret("compares the member's name as the body spells it", "AUTH-8", |r| {
            r.secret = |request, message, parts, right| {
                let body = String::from_utf8_lossy(&request.body);
                if body.contains(r#""clientSecret""#) {
                    secret(request, message, parts, right)
                } else {
                    Err((parts.refused)())
                }
            };
        }),
        Defect::secret("does not join the two escapes of one character", "AUTH-8", |r| {
            r.secret = |request, message, parts, right| {
                let body = String::from_utf8_lossy(&request.body).to_lowercase();
                if body.contains(r"\ud8") { Err((parts.refused)()) } else { secret(request, message, parts, right) }
            };
        }),
        Defect::secret("does not know the escape of a slash", "MSG-21", |r| {
            r.secret = |request, message, parts, right| {
                let body = String::from_utf8_lossy(&request.body);
                if body.contains(r"\/") { Err((parts.refused)()) } else { secret(request, message, parts, right) }
            };
        }),
        Defect::secret("binds the member in any letter case, as ASP.NET does", "AUTH-10", |r| {
            r.secret_parts.given = |message| {
                let named = message.all_members().iter().filter(|(name, _)| name.eq_ignore_ascii_case(MEMBER));
                named.map(|(_, value)| value.clone()).collect()
            };
        }),
        Defect::secret("knows the member as client_secret too", "AUTH-10", |r| {
            r.secret_parts.given = |message| {
                let named = message.all_members().iter().filter(|(name, _)| name == MEMBER || name == "client_secret");
                named.map(|(_, value)| value.clone()).collect()
            };
        }),
        Defect::secret("takes the last of two secrets", "AUTH-11", |r| {
            r.secret_parts.one = |given| given.last().cloned()
        }),
        Defect::secret("takes the first of two secrets", "AUTH-11", |r| {
            r.secret_parts.one = |given| given.first().cloned();
        }),
        Defect::secret("takes either of two secrets", "AUTH-11", |r| {
            r.secret = |request, message, parts, right| {
                let is_right = (parts.given)(message).iter().any(|given| given.text() == Some(right));
                if is_right { Ok(()) } else { secret(request, message, parts, right) }
            };
        }),
        Defect::secret("takes two secrets where both are the same", "AUTH-11", |r| {
            r.secret_parts.one = |given| {
                let first = given.first()?;
                if given.iter().all(|other| other == first) { Some(first.clone()) } else { None }
            };
        }),
    ]
}
