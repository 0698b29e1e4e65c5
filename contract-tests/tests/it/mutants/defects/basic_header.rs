//! Defects in reading the header of Basic.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE},
};

use super::{basic::decoded_text, spelling};
use crate::mutants::{
    answer::Answer,
    defect::Defect,
    json::Json,
    rules::{Expected, MEMBER, basic},
};

pub(super) fn defects() -> Vec<Defect> {
    vec![
        Defect::basic("wants Basic with a capital", "AUTH-13", |r| r.basic_parts.scheme = |scheme| scheme == "Basic")
            .also(&["AUTH-12"])
            .refusing_all(),
        Defect::basic("wants basic without a capital", "AUTH-13", |r| {
            r.basic_parts.scheme = |scheme| scheme == "basic"
        })
        .also(&["AUTH-12"]),
        Defect::basic("knows Basic and basic, and no other letter case", "AUTH-13", |r| {
            r.basic_parts.scheme = |scheme| scheme == "Basic" || scheme == "basic";
        }),
        Defect::basic("splits at the last colon", "AUTH-14", |r| {
            r.basic_parts.split = |text| text.rsplit_once(':').map(|(user, password)| (user.into(), password.into()));
        })
        .also(&["AUTH-12"])
        .refusing_all(),
        Defect::basic("takes the password up to its first colon, as split(':')[1] does", "AUTH-14", |r| {
            r.basic_parts.split = |text| {
                let mut parts = text.split(':');
                Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
            };
        })
        .also(&["AUTH-12"])
        .refusing_all(),
        Defect::basic("compares the password up to its first colon", "AUTH-14", |r| {
            r.basic_parts.same = |sent, right| {
                let until = |text: &str| text.split(':').next().map(str::to_owned);
                sent.0 == right.0 && until(sent.1) == until(right.1)
            };
        })
        .also(&["AUTH-16", "AUTH-18"]),
        Defect::basic("takes the bytes for Latin-1", "AUTH-15", |r| {
            r.basic_parts.text = |bytes| Some(spelling::latin1(&bytes));
        })
        .also(&["AUTH-12"])
        .refusing_all(),
        Defect::basic("takes Latin-1 beside UTF-8", "AUTH-20", |r| {
            r.basic_parts.text = |bytes| match String::from_utf8(bytes) {
                Ok(text) => Some(text),
                Err(error) => Some(spelling::latin1(error.as_bytes())),
            };
        })
        .also(&["AUTH-15", "AUTH-19"])
        .expecting(Expected::Basic("jo", "Pä:ssword")),
        Defect::basic("accepts a message without the header", "AUTH-17", |r| {
            r.basic = |head, parts, right| head.get("authorization").is_none() || basic(head, parts, right);
        })
        .also(&["AUTH-22"]),
        Defect::basic("accepts an empty header", "AUTH-19", |r| {
            r.basic = |head, parts, right| head.get("authorization") == Some("") || basic(head, parts, right);
        })
        .also(&["AUTH-17"]),
        Defect::basic("accepts any other scheme", "AUTH-17", |r| {
            r.basic = |head, parts, right| {
                let value = head.get("authorization").unwrap_or_default().to_ascii_lowercase();
                (!value.is_empty() && !value.starts_with("basic")) || basic(head, parts, right)
            };
        })
        .also(&["AUTH-19", "AUTH-22"]),
        Defect::basic("reads the second word, whatever the scheme", "AUTH-17", |r| r.basic_parts.scheme = |_| true),
        Defect::basic("takes the parameter without a scheme", "AUTH-17", |r| {
            r.basic_parts.parameter = |value| {
                let (scheme, parameter) = value.split_once(' ').unwrap_or(("basic", value));
                Some((scheme.to_owned(), parameter.trim_start_matches(' ').to_owned()))
            };
        })
        .also(&["AUTH-19", "AUTH-20"]),
        Defect::basic("takes username and password as they are, without base64", "AUTH-19", |r| {
            r.basic_parts.decode = |parameter| BASE64_STANDARD.decode(parameter).ok().or(Some(parameter.into()));
        })
        .expecting(Expected::Basic("jo", "correct:horse")),
        Defect::basic("crashes on a parameter that is not base64", "AUTH-19", |r| {
            r.before_basic = |head| {
                let value = head.get("authorization").and_then(|value| value.split_once(' '));
                let is_broken = value.is_some_and(|(_, parameter)| BASE64_STANDARD.decode(parameter.trim()).is_err());
                if is_broken { Err(Answer::crash()) } else { Ok(()) }
            };
        })
        .also(&["AUTH-17", "AUTH-20", "AUTH-21", "AUTH-22"]),
        Defect::basic("crashes on credentials without a colon", "AUTH-19", |r| {
            r.before_basic = |head| match decoded_text(head) {
                Some(text) if !text.contains(&b':') => Err(Answer::crash()),
                _ => Ok(()),
            };
        }),
        Defect::basic("crashes on credentials that are not UTF-8", "AUTH-19", |r| {
            r.before_basic = |head| match decoded_text(head) {
                Some(text) if String::from_utf8(text.clone()).is_err() => Err(Answer::crash()),
                _ => Ok(()),
            };
        })
        .also(&["AUTH-15", "AUTH-20"]),
        Defect::basic("crashes where the parameter is missing", "AUTH-19", |r| {
            r.before_basic = |head| match head.get("authorization") {
                Some(value) if !value.trim().contains(' ') => Err(Answer::crash()),
                _ => Ok(()),
            };
        })
        .also(&["AUTH-17", "AUTH-20"]),
        Defect::basic("closes the connection on broken credentials", "AUTH-19", |r| {
            r.before_basic = |head| {
                let is_broken = head.get("authorization").is_some() && decoded_text(head).is_none();
                if is_broken { Err(Answer::new(0, "")) } else { Ok(()) }
            };
        })
        .also(&["AUTH-17", "AUTH-20", "AUTH-21", "AUTH-22"]),
        Defect::basic("skips what is not base64, as Buffer.from does", "AUTH-20", |r| {
            r.basic_parts.decode = |parameter| {
                let kept: String = parameter.chars().map(standard).filter(|character| is_base64(*character)).collect();
                lenient().decode(kept).ok()
            };
        })
        .also(&["AUTH-19", "AUTH-21"]),
        Defect::basic("takes the alphabet of URLs as well", "AUTH-20", |r| {
            r.basic_parts.decode =
                |parameter| BASE64_STANDARD.decode(parameter).or_else(|_| BASE64_URL_SAFE.decode(parameter)).ok();
        })
        .also(&["AUTH-19"]),
        Defect::basic("takes base64 without padding", "AUTH-20", |r| {
            r.basic_parts.decode = |parameter| {
                let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
                GeneralPurpose::new(&STANDARD, config).decode(parameter).ok()
            };
        })
        .also(&["AUTH-19"]),
        Defect::basic("takes base64 whose rest bits are not zero", "AUTH-20", |r| {
            r.basic_parts.decode = |parameter| {
                let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
                GeneralPurpose::new(&STANDARD, config).decode(parameter).ok()
            };
        })
        .also(&["AUTH-19"])
        .expecting(Expected::Basic("jo", "correct:horse")),
        Defect::basic("takes white space within base64", "AUTH-20", |r| {
            r.basic_parts.decode = |parameter| BASE64_STANDARD.decode(parameter.replace([' ', '\t'], "")).ok();
        })
        .also(&["AUTH-19"]),
        Defect::basic("takes a tab for the space behind the scheme", "AUTH-20", |r| {
            r.basic_parts.parameter = |value| {
                let (scheme, parameter) = value.split_once([' ', '\t'])?;
                Some((scheme.to_owned(), parameter.trim_start_matches([' ', '\t']).to_owned()))
            };
        })
        .also(&["AUTH-19"]),
        Defect::basic("wants exactly one space behind the scheme", "AUTH-20", |r| {
            r.basic_parts.parameter = |value| value.split_once(' ').map(|(scheme, rest)| (scheme.into(), rest.into()));
        }),
        Defect::basic("reads the second word and forgets the others", "AUTH-20", |r| {
            r.basic_parts.parameter = |value| {
                let mut words = value.split_whitespace();
                Some((words.next()?.to_owned(), words.next()?.trim_end_matches(',').to_owned()))
            };
        })
        .also(&["AUTH-19", "AUTH-21"]),
        Defect::basic("decodes what is not UTF-8 by replacing it", "AUTH-19", |r| {
            r.basic_parts.text = |bytes| Some(String::from_utf8_lossy(&bytes).into_owned());
            r.basic_parts.same = |sent, right| {
                let without = |text: &str| text.replace('\u{fffd}', "");
                without(sent.0) == right.0 && without(sent.1) == right.1
            };
        })
        .also(&["AUTH-15", "AUTH-18", "AUTH-20"]),
        Defect::basic("takes the first of two authorization headers", "AUTH-21", |r| {
            r.basic_parts.one = |values| values.first().map(|value| (*value).to_owned());
        }),
        Defect::basic("takes the last of two authorization headers", "AUTH-21", |r| {
            r.basic_parts.one = |values| values.last().map(|value| (*value).to_owned());
        }),
        Defect::basic("joins authorization headers and takes the first credential of the list", "AUTH-21", |r| {
            r.basic_parts.one = |values| values.join(", ").split(',').next().map(str::to_owned);
        })
        .also(&["AUTH-20"]),
        Defect::basic("takes the password as the client secret of the body", "AUTH-22", |r| {
            // Basic is checked before the body here; a client secret that holds the password passes only at the end.
            r.basic = |head, parts, right| head.get("authorization").is_none() || basic(head, parts, right);
            r.store = |request, _| {
                let message = Json::read(&request.body);
                let given = message.as_ref().and_then(|message| message.get(MEMBER)).and_then(Json::text);
                let is_right = given == Some(crate::mutants::credentials::PASSWORD.as_str());
                if request.head.get("authorization").is_some() || is_right {
                    Ok(())
                } else {
                    Err(Answer::unauthorized())
                }
            };
        }),
        Defect::basic("refuses a header of more than 256 characters", "AUTH-16", |r| {
            r.basic = |head, parts, right| {
                head.get("authorization").is_none_or(|value| value.len() <= 256) && basic(head, parts, right)
            };
        })
        .also(&["AUTH-12"])
        .refusing_all(),
        Defect::basic("refuses a password of more than 100 bytes", "AUTH-16", |r| {
            r.basic_parts.same = |sent, right| sent.1.len() <= 100 && sent == right;
        })
        .also(&["AUTH-12"])
        .refusing_all(),
    ]
}

fn standard(character: char) -> char {
    match character {
        '-' => '+',
        '_' => '/',
        other => other,
    }
}

fn is_base64(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '+' || character == '/'
}

fn lenient() -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, config)
}
