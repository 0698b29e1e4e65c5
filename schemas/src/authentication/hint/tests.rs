use super::{Spelling::*, *};

const USERNAME: &str = "jörg";
const PASSWORD: &str = "pä:ss wörd+1";

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

fn of_basic(header: &str, username: &str, password: &str) -> Vec<Spelling> {
    let hint = Hint::of_basic(header.as_bytes(), |one, other| (one, other) == (username, password));
    hint.into_iter().flat_map(Hint::spellings).collect()
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).unwrap()).collect()
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[test]
fn a_basic_credential_in_another_spelling_is_known() {
    let pair = format!("{USERNAME}:{PASSWORD}");
    let basic = |bytes: &[u8]| format!("Basic {}", base64(bytes));
    let utf_16 = |unit: fn(u16) -> [u8; 2]| pair.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let twice: String = pair.bytes().map(char::from).collect();
    let decomposed: String = pair.nfd().collect();
    for (case, header, expected) in [
        ("right", basic(pair.as_bytes()), &[][..]),
        ("Latin-1", basic(&latin_1(&pair)), &[Latin1]),
        ("Latin-1 with a line end", basic(&latin_1(&format!("{pair}\n"))), &[Latin1, InvisibleEdges]),
        ("UTF-16, little end first", basic(&utf_16(u16::to_le_bytes)), &[Utf16]),
        (
            "UTF-16, big end first, with its mark",
            basic(&[&[0xfe, 0xff][..], &utf_16(u16::to_be_bytes)].concat()),
            &[Utf16],
        ),
        ("UTF-8 twice", basic(twice.as_bytes()), &[Utf8Twice]),
        ("decomposed", basic(decomposed.as_bytes()), &[Normalization]),
        (
            "decomposed, in the scheme's other case",
            basic(decomposed.as_bytes())
                .to_uppercase()
                .replace(&base64(&decomposed).to_uppercase(), &base64(&decomposed)),
            &[Normalization],
        ),
        ("a line end", basic(format!("{pair}\n").as_bytes()), &[InvisibleEdges]),
        ("a CR LF", basic(format!("{pair}\r\n").as_bytes()), &[InvisibleEdges]),
        ("a space before", basic(format!(" {pair}").as_bytes()), &[InvisibleEdges]),
        ("a space at the colon", basic(format!("{USERNAME}: {PASSWORD}").as_bytes()), &[InvisibleEdges]),
        ("a byte order mark", basic(format!("\u{feff}{pair}").as_bytes()), &[InvisibleEdges]),
        ("percent-encoded", basic(percent_encoded(&pair).as_bytes()), &[PercentEncoded]),
        (
            "percent-encoded, in part",
            basic(format!("{}:{PASSWORD}", percent_encoded(USERNAME)).as_bytes()),
            &[PercentEncoded],
        ),
        ("as in a form", basic("j%C3%B6rg:p%C3%A4%3Ass+w%C3%B6rd%2B1".as_bytes()), &[PercentEncoded]),
        ("quotes around the password", basic(format!("{USERNAME}:\"{PASSWORD}\"").as_bytes()), &[Quoted]),
        ("quotes around both", basic(format!("'{USERNAME}':'{PASSWORD}'").as_bytes()), &[Quoted]),
        ("quotes around the pair", basic(format!("\"{pair}\"").as_bytes()), &[Quoted]),
        ("quotes around the base64", format!("Basic \"{}\"", base64(&pair)), &[Quoted]),
        ("swapped", basic(format!("{PASSWORD}:{USERNAME}").as_bytes()), &[Swapped]),
        ("swapped in Latin-1", basic(&latin_1(&format!("{PASSWORD}:{USERNAME}"))), &[Latin1, Swapped]),
        ("base64 twice", basic(base64(&pair).as_bytes()), &[Base64Twice]),
        ("base64 twice with a line end", basic(format!("{}\n", base64(&pair)).as_bytes()), &[Base64Twice]),
        ("no base64", format!("Basic {pair}"), &[NotBase64]),
        ("no scheme", base64(&pair), &[OtherScheme]),
        ("another scheme", format!("Bearer {}", base64(&pair)), &[OtherScheme]),
        (
            "base64 in two parts",
            {
                let text = base64(&pair);
                format!("Basic {} {}", &text[..8], &text[8..])
            },
            &[Base64Lenient],
        ),
        ("the scheme twice", format!("Basic Basic {}", base64(&pair)), &[Prefixed]),
        ("a version before the base64", format!("Basic v1,{}", base64(&pair)), &[Prefixed]),
        ("a prefix before the pair", basic(format!("v1,{pair}").as_bytes()), &[Prefixed]),
        ("a prefix before the password", basic(format!("{USERNAME}:whsec_{PASSWORD}").as_bytes()), &[Prefixed]),
        ("another password", basic(format!("{USERNAME}:other").as_bytes()), &[]),
        ("another password in Latin-1", basic(&latin_1(&format!("{USERNAME}:öther"))), &[]),
        ("no colon", basic(USERNAME.as_bytes()), &[]),
        ("nothing", String::new(), &[]),
        ("a scheme alone", "Basic".to_owned(), &[]),
        ("longer than any", basic(&[0xe4; 4000]), &[]),
    ] {
        assert_eq!(of_basic(&header, USERNAME, PASSWORD), expected, "{case}");
    }
}

#[test]
fn what_only_some_credentials_can_show_is_known() {
    let basic = |bytes: &[u8]| format!("Basic {}", base64(bytes));
    for (case, header, username, password, expected) in [
        ("Windows-1252", basic(b"jo:10\x80\x84x\x93"), "jo", "10€„x“", Windows1252),
        ("UTF-8 taken for Windows-1252", basic("jo:10â‚¬".as_bytes()), "jo", "10€", Utf8Twice),
        ("Latin-1 that is UTF-8 by chance", basic(b"jo:\xc3\xa4"), "jo", "Ã¤", Latin1),
        ("UTF-16 of ASCII", basic(b"j\0o\0:\0p\0"), "jo", "p", Utf16),
        ("composed where it is configured decomposed", basic("jo:ä".as_bytes()), "jo", "a\u{308}", Normalization),
        ("base64url", "Basic am86Pz8_Pj4-".to_owned(), "jo", "???>>>", Base64Url),
        ("base64url without padding", "Basic am86Pz8_Pg".to_owned(), "jo", "???>", Base64Url),
        ("without padding", "Basic am86cA".to_owned(), "jo", "p", Base64Lenient),
        ("with stray bits", "Basic am86cB==".to_owned(), "jo", "p", Base64Lenient),
        ("a username with edges", basic(b" jo :p"), "jo", "p", InvisibleEdges),
    ] {
        assert_eq!(of_basic(&header, username, password), [expected], "{case}");
    }
}

#[test]
fn a_client_secret_in_another_spelling_is_known() {
    let right = "Schlüssel+1 %";
    let twice: String = right.bytes().map(char::from).collect();
    for (case, secret, expected) in [
        ("right", right.to_owned(), &[][..]),
        ("decomposed", right.nfd().collect(), &[Normalization]),
        ("UTF-8 twice", twice.clone(), &[Utf8Twice]),
        ("UTF-8 twice, with a line end", format!("{twice}\n"), &[Utf8Twice, InvisibleEdges]),
        ("a line end", format!("{right}\n"), &[InvisibleEdges]),
        ("a zero-width space", format!("{right}\u{200b}"), &[InvisibleEdges]),
        ("percent-encoded", percent_encoded(right), &[PercentEncoded]),
        ("as in a form", "Schl%C3%BCssel%2B1+%25".to_owned(), &[PercentEncoded]),
        ("quotes", format!("\"{right}\""), &[Quoted]),
        ("base64", base64(right), &[Base64]),
        ("base64 without padding", base64(right).trim_end_matches('=').to_owned(), &[Base64]),
        ("a scheme", format!("BASIC {right}"), &[Prefixed]),
        ("another scheme", format!("Bearer {right}"), &[Prefixed]),
        ("a version", format!("v1,{right}"), &[Prefixed]),
        ("the mark of another standard", format!("whsec_{right}"), &[Prefixed]),
        ("another", "Schlüssel".to_owned(), &[]),
        ("nothing", String::new(), &[]),
        ("longer than any", right.repeat(1000), &[]),
    ] {
        let hint = Hint::of_secret(&secret, |secret| secret == right);
        let found: Vec<Spelling> = hint.into_iter().flat_map(Hint::spellings).collect();
        assert_eq!(found, expected, "{case}");
    }
}

/// The work follows from what was sent: an oracle that says yes at once is asked as often as one that never does.
#[test]
fn every_reading_is_asked_about_whatever_the_answers() {
    let pair = format!("{USERNAME}:{PASSWORD}");
    for header in [base64(latin_1(&pair)), base64(&pair), base64("jo:p"), "am86cA".to_owned(), "jo:p".to_owned()] {
        let header = format!("Basic {header}");
        let asked = |answer: bool| {
            let mut asked = Vec::new();
            Hint::of_basic(header.as_bytes(), |username, password| {
                asked.push((username.to_owned(), password.to_owned()));
                answer
            });
            asked
        };
        assert_eq!(asked(true), asked(false), "{header}");
        // What a stranger can have compared by one request.
        assert!((1..=50).contains(&asked(true).len()), "{header}: {}", asked(true).len());
    }
}

#[test]
fn the_words_name_the_spelling_and_what_to_do() {
    let shown = |encoding, text| Hint { encoding, text }.to_string();
    assert_eq!(shown(Some(Latin1), None), "the same credential in Latin-1 would match: encode it in UTF-8");
    assert_eq!(
        shown(Some(Latin1), Some(InvisibleEdges)),
        "the same credential in Latin-1 and with white space or an invisible character around it would match: encode it \
         in UTF-8 and leave it out (`echo` adds a line end)"
    );
}
