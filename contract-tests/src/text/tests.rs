use super::*;

fn text(plain: &str, credential: &str, shell: Option<&str>, then: &str) -> Text {
    let mut text = Text::plain(plain.as_bytes().to_vec());
    text.push_credential(credential.as_bytes().to_vec(), shell.map(str::to_owned));
    text.push_plain(then);
    text
}

#[test]
fn a_shell_gets_the_same_text_as_a_word_or_from_commands() {
    for (name, made, word, commands) in [
        (
            "a credential",
            text("a'b", "s", Some("${S}x"), "c"),
            Some(r#"'a'\''b'"${S}x"'c'"#),
            Some(r#"printf 'a'\''b%sc' "${S}x""#),
        ),
        ("no secret", text("a", "*", Some("*"), ""), Some("'a*'"), Some("printf 'a*'")),
        ("beyond shells", text("a", "s", None, "c"), None, None),
        ("nothing", Text::default(), Some("''"), Some("printf ''")),
        ("control characters", Text::plain(b"\r\n\x00%\\ -".to_vec()), None, Some(r"printf '\r\n\000%%\\ -'")),
        ("not UTF-8", Text::plain(b"-\xff\xd8".to_vec()), None, Some(r"printf '\055\377\330'")),
        ("hidden", Text::plain("a\u{200d}é".into()), None, Some(r"printf 'a\342\200\215é'")),
        (
            "equal bytes",
            Text::plain("[".repeat(1000).into_bytes()),
            Some(""),
            Some(r"head -c 1000 /dev/zero | tr '\0' '['"),
        ),
        (
            "a long text",
            text(&format!("<{}Lon", FILLER.repeat(100)), "s", Some("${S}"), ">"),
            Some(""),
            Some(r#"{ printf '<'; yes 'Long text. ' | tr -d '\n' | head -c 1103; printf '%s>' "${S}"; }"#),
        ),
    ] {
        if word != Some("") {
            assert_eq!(made.word().as_deref(), word, "{name}");
        }
        assert_eq!(made.commands().as_deref(), commands, "{name}");
    }
}

#[test]
fn readable_bytes_hold_no_credential() {
    let made = text("a\r\nb\\ \u{1}", "s3cret", Some("${S}"), "c\u{200d}");
    assert_eq!(readable(&made.masked()), "a\\r\\n\nb\\\\ \\x01<credential, 6 bytes>c\\xe2\\x80\\x8d");
    assert_eq!(made.masked().len(), made.sent().len());
    let long = Text::plain(format!("<{}>{}", FILLER.repeat(50), "[".repeat(500)).into_bytes());
    assert_eq!(readable(&long.masked()), "<<550 bytes of \"Long text. \">><500 times '['>");
}

#[test]
fn a_cut_credential_is_for_no_shell() {
    for (bytes, sent, word) in [
        (0, "as3c", Some(r#"'a'"${S}"'c'"#)),
        (1, "as3", Some(r#"'a'"${S}""#)),
        (2, "as", None),
        (3, "a", Some("'a'")),
        (9, "", Some("''")),
    ] {
        let mut made = text("a", "s3", Some("${S}"), "c");
        made.cut(bytes);
        assert_eq!((made.sent(), made.word().as_deref()), (sent.as_bytes().to_vec(), word), "{bytes}");
    }
}
