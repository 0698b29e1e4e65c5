//! Differences from the plain valid message with which an endpoint that refuses it may accept it. All further requests of a
//! run have them, unless their case conflicts.

use crate::case::{AuthenticationKind, Changes, Framing, HeaderCase, Member, RequestForm};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Difference {
    /// `Basic` instead of `basic`.
    Scheme,
    ContentType(&'static str),
    /// Another `Host`.
    Host(String),
    Headers(Vec<(&'static str, String)>),
    /// Header names as `Content-Type`.
    HeaderNames,
    /// The credentials in Latin-1.
    Latin1,
    NoCredential,
    EscapedSecret,
    SecretName(&'static str),
    Credential(Changes),
    Chunked,
    /// HTTP/2.
    Http2,
    Sample(&'static str),
}

/// The differences of a run; usually there are none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Variation {
    pub(crate) differences: Vec<Difference>,
}

/// A request with the differences of a run.
pub(crate) struct Varied {
    pub(crate) form: RequestForm,
    /// The value of `Host`, if it is not that of the URL.
    pub(crate) host: Option<String>,
    /// Whether it has all the differences. A case that is about one of them may conflict with it.
    pub(crate) is_whole: bool,
    /// Whether the case itself has one of them and a right credential, so that the endpoint accepts it.
    pub(crate) is_own: bool,
}

/// How a request took a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applied {
    Added,
    /// The request had it before.
    Own,
    /// The request has something else in its place.
    Conflict,
}

impl Variation {
    /// The difference between the credential of a request and the one given.
    pub(crate) fn credential(&self) -> Changes {
        let changes = self.differences.iter().find_map(|difference| match difference {
            Difference::Credential(changes) => Some(changes.clone()),
            _ => None,
        });
        changes.unwrap_or_default()
    }

    /// The request with the differences, for an endpoint whose URL has this host; `{host}` in the value of a header becomes
    /// the `Host` that is sent.
    pub(crate) fn of(&self, form: &RequestForm, kind: AuthenticationKind, host: &str) -> Varied {
        let mut varied = Varied { form: form.clone(), host: None, is_whole: true, is_own: false };
        for difference in &self.differences {
            let applied = difference.put(&mut varied, kind);
            varied.is_whole &= applied != Applied::Conflict;
            varied.is_own |= applied == Applied::Own && is_right(form);
        }
        let host = varied.host.as_deref().unwrap_or(host);
        for (_, value) in &mut varied.form.headers {
            *value = value.replace("{host}", host);
        }
        varied
    }
}

impl Difference {
    /// Adds it to a request.
    fn put(&self, varied: &mut Varied, kind: AuthenticationKind) -> Applied {
        let form = &mut varied.form;
        let has_own_body = form.body.is_some() || form.body_base64.is_some();
        match self {
            Self::EscapedSecret | Self::SecretName(_) | Self::Sample(_) if has_own_body => Applied::Conflict,
            Self::NoCredential => match kind {
                AuthenticationKind::None => Applied::Added,
                AuthenticationKind::ClientSecret => put_if_none(&mut form.secret, Member::default, |_| false),
                AuthenticationKind::Basic => put_if_none(&mut form.authorization, Vec::new, Vec::is_empty),
            },
            Self::Scheme => in_authorization(form, kind, |value| match value.starts_with("basic ") {
                true => Some(value.replace("basic ", "Basic ")),
                false => None,
            }),
            Self::Latin1 => in_authorization(form, kind, |value| {
                let marked = |value: &str, name: &str| {
                    let (utf8, latin1) = (format!("{{{name}}}"), format!("{{{name}:latin1}}"));
                    value.replace(&latin1, "\0").replace(&utf8, &latin1).replace('\0', &utf8)
                };
                Some(marked(&marked(value, "right"), "given"))
            }),
            Self::ContentType(value) => {
                put_if_none(&mut form.content_type, || vec![(*value).to_owned()], |own| own == &[*value])
            }
            Self::Host(host) => {
                let own = form.headers.iter().find(|(name, _)| name == "host");
                let applied = match own {
                    Some((_, own)) if own == host => Applied::Own,
                    None if !form.without.iter().any(|name| name == "host") => Applied::Added,
                    _ => Applied::Conflict,
                };
                varied.host = Some(host.clone()).filter(|_| applied == Applied::Added);
                applied
            }
            Self::Headers(headers) => {
                let mut applied = Applied::Added;
                for (name, value) in headers {
                    let own = form.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                    match own {
                        Some((_, own)) if own == value => {}
                        None if !form.without.iter().any(|without| without == name) => {
                            form.headers.push(((*name).to_owned(), value.clone()));
                        }
                        _ => applied = Applied::Conflict,
                    }
                }
                applied
            }
            Self::HeaderNames => match form.header_case {
                HeaderCase::Lower => {
                    form.header_case = HeaderCase::Title;
                    Applied::Added
                }
                HeaderCase::Title => Applied::Own,
                HeaderCase::Upper => Applied::Conflict,
            },
            Self::EscapedSecret => {
                let member = || Member { values: vec!["{given:escaped}".to_owned()], ..Member::default() };
                put_if_none(&mut form.secret, member, |own| own.values == ["{right:escaped}"])
            }
            Self::SecretName(name) => match &mut form.secret {
                Some(member) if member.names.is_empty() => {
                    member.names.push((*name).to_owned());
                    Applied::Added
                }
                secret => {
                    let (values, names) = (vec!["{given}".to_owned()], vec![(*name).to_owned()]);
                    let member = || Member { values, names, ..Member::default() };
                    put_if_none(secret, member, |own| own.names == [*name])
                }
            },
            // The request has the place; the value comes from `Variation::credential`.
            Self::Credential(_) => Applied::Added,
            Self::Chunked if form.framing == Framing::Length => {
                form.framing = Framing::Chunked(Vec::new());
                Applied::Added
            }
            Self::Chunked => Applied::Conflict,
            Self::Http2 => {
                form.http2 = true;
                Applied::Added
            }
            Self::Sample(name) => put_if_none(&mut form.sample, || (*name).to_owned(), |own| own == name),
        }
    }
}

/// Whether all credentials of a request are right.
fn is_right(form: &RequestForm) -> bool {
    let values = form.secret.iter().flat_map(|member| &member.values).chain(form.authorization.iter().flatten());
    form.change == Changes::default() && values.into_iter().all(|value| value.contains("{right"))
}

/// Sets a value that is missing.
fn put_if_none<T>(place: &mut Option<T>, value: impl FnOnce() -> T, is_own: impl FnOnce(&T) -> bool) -> Applied {
    match place {
        None => {
            *place = Some(value());
            Applied::Added
        }
        Some(own) if is_own(own) => Applied::Own,
        Some(_) => Applied::Conflict,
    }
}

/// Changes each `authorization` header that may be right.
fn in_authorization(
    form: &mut RequestForm,
    kind: AuthenticationKind,
    change: impl Fn(&str) -> Option<String>,
) -> Applied {
    if kind != AuthenticationKind::Basic {
        return Applied::Added;
    }
    let values = form.authorization.get_or_insert_with(|| vec!["basic {given}".to_owned()]);
    let mut applied = Applied::Added;
    for value in values {
        let changed = change(value);
        if changed.is_none() && (value.contains("{right") || value.contains("{given")) {
            applied = if value.starts_with("Basic ") { Applied::Own } else { Applied::Conflict };
        }
        if let Some(changed) = changed {
            *value = changed;
        }
    }
    applied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varied(difference: Difference, form: &str) -> (RequestForm, Option<String>, bool) {
        let form: RequestForm = serde_json::from_str(form).unwrap();
        let Varied { form, host, is_whole, .. } =
            Variation { differences: vec![difference] }.of(&form, AuthenticationKind::Basic, "a.example");
        (form, host, is_whole)
    }

    #[test]
    fn credentials_are_sent_with_the_difference_unless_a_case_is_about_it() {
        for (difference, form, expected, is_whole) in [
            (Difference::Scheme, "{}", &["Basic {given}"][..], true),
            (
                Difference::Scheme,
                r#"{"authorization":["basic {wrong}","basic {right}"]}"#,
                &["Basic {wrong}", "Basic {right}"],
                true,
            ),
            (
                Difference::Scheme,
                r#"{"authorization":["basic {right}, basic {wrong}"]}"#,
                &["Basic {right}, Basic {wrong}"],
                true,
            ),
            (Difference::Scheme, r#"{"authorization":["BASIC {right}"]}"#, &["BASIC {right}"], false),
            (Difference::Scheme, r#"{"authorization":["basicx {right}"]}"#, &["basicx {right}"], false),
            (Difference::Scheme, r#"{"authorization":[]}"#, &[], true),
            (Difference::Latin1, "{}", &["basic {given:latin1}"], true),
            (Difference::Latin1, r#"{"authorization":["basic {right:latin1}"]}"#, &["basic {right}"], true),
            (Difference::Latin1, r#"{"authorization":["basic {wrong}"]}"#, &["basic {wrong}"], true),
        ] {
            let (form, _, whole) = varied(difference.clone(), form);
            let expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!((form.authorization, whole), (Some(expected.clone()), is_whole), "{difference:?} {expected:?}");
        }
    }

    #[test]
    fn what_a_case_says_itself_stays() {
        let user_agent = || Difference::Headers(vec![("user-agent", "x".to_owned())]);
        let host = || Difference::Host("localhost".to_owned());
        let types = |form: &RequestForm| form.content_type.clone().unwrap_or_default();
        let (form, _, whole) = varied(Difference::ContentType("text/json"), "{}");
        assert_eq!((types(&form), whole), (vec!["text/json".to_owned()], true));
        let (form, _, whole) = varied(Difference::ContentType("text/json"), r#"{"contentType":["text/plain"]}"#);
        assert_eq!((types(&form), whole), (vec!["text/plain".to_owned()], false));
        let (form, _, whole) = varied(user_agent(), r#"{"headers":[["accept","*/*"]]}"#);
        assert_eq!((form.headers.len(), whole), (2, true));
        for own in [r#"{"headers":[["User-Agent","y"]]}"#, r#"{"without":["user-agent"]}"#] {
            let (form, _, whole) = varied(user_agent(), own);
            assert!(!whole && form.headers.iter().all(|(_, value)| value == "y"), "{own}");
        }
        assert!(varied(user_agent(), r#"{"headers":[["user-agent","x"]]}"#).2);
        assert!(matches!(varied(host(), "{}"), (_, Some(_), true)));
        for own in [r#"{"headers":[["host","y"]]}"#, r#"{"without":["host"]}"#] {
            assert!(matches!(varied(host(), own), (_, None, false)), "{own}");
        }
        assert!(matches!(varied(Difference::HeaderNames, r#"{"letters":"upper"}"#), (_, _, false)));
        let referer = || Difference::Headers(vec![("referer", "https://{host}/".to_owned())]);
        let variation = Variation { differences: vec![referer(), host()] };
        for (variation, expected) in
            [(variation, "https://localhost/"), (Variation { differences: vec![referer()] }, "https://a.example/")]
        {
            let varied = variation.of(&RequestForm::default(), AuthenticationKind::Basic, "a.example");
            assert_eq!(varied.form.headers[0].1, expected);
        }
    }

    #[test]
    fn a_case_with_the_difference_of_its_own_is_known_unless_its_credential_is_wrong() {
        for (difference, form, expected) in [
            (Difference::SecretName("secret"), r#"{"secret":{"values":["{right}"],"names":["secret"]}}"#, true),
            (Difference::SecretName("secret"), r#"{"secret":{"values":["{wrong}"],"names":["secret"]}}"#, false),
            (Difference::SecretName("secret"), r#"{"secret":{"values":["{right}"],"names":["Secret"]}}"#, false),
            (Difference::SecretName("secret"), "{}", false),
            (Difference::ContentType("text/json"), r#"{"contentType":["text/json"]}"#, true),
            (
                Difference::ContentType("text/json"),
                r#"{"contentType":["text/json"],"change":{"password":"append"}}"#,
                false,
            ),
            (Difference::Scheme, r#"{"authorization":["Basic {right}"]}"#, true),
            (Difference::Scheme, r#"{"authorization":["Basic {wrong}"]}"#, false),
        ] {
            let form: RequestForm = serde_json::from_str(form).unwrap();
            let kind = if difference == Difference::Scheme {
                AuthenticationKind::Basic
            } else {
                AuthenticationKind::ClientSecret
            };
            let is_own = Variation { differences: vec![difference.clone()] }.of(&form, kind, "a.example").is_own;
            assert_eq!(is_own, expected, "{difference:?} {form:?}");
        }
    }
}
