use super::*;

fn read(body: &str) -> Result<Document<'_>, ReadError> {
    Document::read(body.as_bytes(), Profile::v1())
}

#[test]
fn the_secret_is_found_with_its_exact_bytes() {
    for (body, text, raw) in [
        (r#"{"clientSecret":"s3cret"}"#, Some("s3cret"), r#""s3cret""#),
        (r#"{ "a": [1], "clientSecret" : "\u0073\"\\" , "b": {} }"#, Some("s\"\\"), r#""\u0073\"\\""#),
        ("{\"client\\u0053ecret\":\"\u{1F30A}\"}", Some("\u{1F30A}"), "\"\u{1F30A}\""),
        (r#"{"clientSecret":""}"#, Some(""), r#""""#),
        (r#"{"clientSecret":7}"#, None, "7"),
        (r#"{"clientSecret": {"a": [1, 2]}, "x": 1}"#, None, r#"{"a": [1, 2]}"#),
    ] {
        let document = read(body).unwrap();
        let span = document.secret_span().unwrap();
        assert_eq!(&body[span.clone()], raw);
        let edited = document.with_secret("q\"").unwrap();
        assert_eq!(edited.at, span.start);
        assert_eq!(edited.body, body.replace(raw, r#""q\"""#).as_bytes());
        match text {
            Some(text) => assert!(document.secret() == PresentedSecret::Text(text), "{body}"),
            None => assert!(document.secret() == PresentedSecret::NotText, "{body}"),
        }
    }
    let decoy = read(r#"{"step":{"clientSecret":"s3cret"},"ClientSecret":"s3cret"}"#).unwrap();
    assert!(decoy.secret() == PresentedSecret::Absent);
    assert_eq!(decoy.secret_span(), None);
    assert_eq!(decoy.with_secret("q"), None);
}

#[test]
fn the_scan_notes_what_the_tree_has() {
    for sample in crate::Sample::valid().chain(crate::Sample::invalid()) {
        let Ok(document) = Document::read(sample.body, Profile::v1()) else { continue };
        for role in Role::ALL {
            let pointer = Profile::v1().pointer(role).unwrap();
            assert_eq!(document.get(role), document.root().get(pointer), "{} {role}", sample.name);
        }
        assert_eq!(document.root().to_value(), document.to_value(), "{}", sample.name);
        let is_message = matches!(document.root(), Node::Object(members) if !members.is_empty());
        assert_eq!(document.is_message(), is_message, "{}", sample.name);
    }
}

#[test]
fn a_name_twice_is_refused_on_the_way_to_a_role_and_noted_elsewhere() {
    for body in [
        r#"{"clientSecret":"a","clientSecret":"a"}"#,
        r#"{"clientSecret":"a","client\u0053ecret":"b"}"#,
        r#"{"flow":{"flowIdentifier":"a","flowIdentifier":"b"}}"#,
        r#"{"flow":{},"flow":{}}"#,
        r#"{"step":{"fields":[{"name":"a","value":1,"value":2}]}}"#,
    ] {
        assert!(matches!(read(body), Err(ReadError::Duplicate(_))), "{body}");
    }
    let elsewhere = read(r#"{"noise":{"a":1,"a":2},"b":[{"c":1,"c":2}],"flow":{"x":1,"x":1}}"#).unwrap();
    let shown: Vec<String> = elsewhere.duplicates().iter().map(Pointer::to_string).collect();
    assert_eq!(shown, ["/noise/a", "/b/0/c", "/flow/x"]);
}

#[test]
fn an_ambiguous_role_is_found_behind_any_number_of_other_names_and_no_name_is_repeated() {
    let noise = vec!["\"canary\":0"; 1000].join(",");
    let body = format!("{{\"noise\":{{{noise}}},\"clientSecret\":\"a\",\"clientSecret\":\"b\"}}");
    let error = read(&body).unwrap_err();
    assert!(matches!(error, ReadError::Duplicate(Role::ClientSecret)), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    let noise = read(&body.replace("clientSecret", "other")).unwrap().duplicates().len();
    assert_eq!(noise, 20);
}

#[test]
fn many_names_are_compared_in_good_time() {
    let members: Vec<String> = (0..100_000).map(|n| format!("\"{n}\":{n}")).collect();
    let unique = format!("{{{}}}", members.join(","));
    assert!(read(&unique).unwrap().duplicates().is_empty());
    let twice = format!("{{{},\"7\":0}}", members.join(","));
    assert_eq!(read(&twice).unwrap().duplicates().len(), 1);
}

#[test]
fn what_is_not_json_is_refused_with_its_position() {
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read(&deep(127)).is_ok());
    for body in
        ["", "{", "{}x", "{'a':1}", "{\"a\":1,}", "[01]", "\"\\ud800\"", "\"\u{1}\"", "1e999", "nul", &deep(200)]
    {
        assert!(matches!(read(body), Err(ReadError::Json(_))), "{body:?}");
    }
    let latin_1 = Document::read(b"{\"a\":\"\xE4\"}", Profile::v1());
    assert!(matches!(latin_1, Err(ReadError::Json(_))));
    let marked = Document::read(b"\xEF\xBB\xBF{}", Profile::v1());
    assert!(matches!(marked, Err(ReadError::ByteOrderMark)));
    for body in ["{\n  \"a\": x\n}", "{\n\"clientSecret\":\"\\ud800\"}"] {
        let message = read(body).unwrap_err().to_string();
        assert!(message.contains("line 2"), "{message}");
    }
}
