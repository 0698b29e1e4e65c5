use super::*;

#[test]
fn every_change_is_the_one_that_it_names() {
    for (change, right, expected) in [
        (Change::Append, "aé", "aéx"),
        (Change::Prepend, "aé", "xaé"),
        (Change::DropLast, "aé", "a"),
        (Change::DropFirst, "éa", "a"),
        (Change::ChangeLast, "aé", "a7"),
        (Change::ChangeFirst, "7a", "8a"),
        (Change::Keep(2), "aéb", "aé7"),
        (Change::Keep(3), "abc7", "abc8"),
        (Change::FirstOnly, "éa", "é"),
        (Change::OtherCase, "aÉß1", "Aéß1"),
        (Change::OtherForm, "é", "e\u{301}"),
        (Change::OtherForm, "e\u{301}", "é"),
        (Change::Trimmed, " a b ", "a b"),
        (Change::Nul, "a", "a\0"),
        (Change::Other, "a7", "78"),
        (Change::QuestionMarks, "aé", "a?"),
        (Change::OtherCaseAscii, "aÉ1", "AÉ1"),
        (Change::OtherCaseAscii, "É1", "é1"),
        (Change::HighBytes, "Sé", "\u{153}é"),
        (Change::HighBytes, "é", "éx"),
        (Change::PercentEncoded, "aé", "%61%C3%A9"),
        (Change::HtmlEncoded, "aé", "&#97;&#233;"),
        (Change::CutToBytes(2), "aéb", "a"),
        (Change::CutToBytes(3), "aéb", "aé"),
        (Change::CutToBytes(9), "aéb", "aéb"),
        (Change::CutToCharacters(2), "aéb", "aé"),
        (Change::OtherBeyondAscii, "aéøЖж漢😀", "aøæЩЖ永🦊"),
        (Change::OtherBeyondLatin1, "aéж漢永😀", "aéЖ永水🦊"),
        (Change::OtherBeyondBmp, "aé漢😀🦊", "aé漢🦊🐙"),
        (Change::WithoutAccents, "aéÜñΩ", "aeUnΩ"),
        (Change::FullWidth, "a é", "ａ é"),
        (Change::FullWidth, "é", "éx"),
        (Change::Reversed, "aéb", "béa"),
        (Change::Reversed, "aéa", "aéax"),
        (Change::ChangeMiddle, "aéb", "a7b"),
        (Change::SpaceWithin, "éab", "é ab"),
        (Change::HyphenWithin, "a", "a-"),
        (Change::JsonEscaped, "a😀", "\\u0061\\ud83d\\ude00"),
        (Change::Base64, "jo:", "am86"),
        (Change::DotsChanged, "a.b.", "axbx"),
        (Change::UnderscoresChanged, "a_b", "axb"),
        (Change::SpacesAsPlus, "a+b c", "a b+c"),
        (Change::SameNumber, "12", "12.0"),
        (Change::Tagged, "a", "a<b></b>"),
        (Change::ControlAfter, "a", "a\u{1}"),
        (Change::AnyRegex, "a", ".*"),
        (Change::SqlTrue, "a", "' OR '1'='1"),
    ] {
        assert_eq!(change.of(right), expected, "{change:?} of {right:?}");
    }
}

#[test]
fn properties_are_told() {
    for (property, text, expected) in [
        (Property::OverBytes(2), "é", false),
        (Property::OverBytes(2), "éa", true),
        (Property::OverCharacters(1), "é", false),
        (Property::Latin1, "é", true),
        (Property::Latin1, "e", false),
        (Property::Latin1, "é€", false),
        (Property::Letter, "1ß!", false),
        (Property::NormalForms, "abc", false),
        (Property::NormalForms, "é", true),
        (Property::SpaceAround, "a ", true),
        (Property::SpaceAround, " ", false),
        (Property::Number, "0123", false),
        (Property::Number, "123", true),
        (Property::Ascii, "a~", true),
        (Property::Ascii, "é", false),
        (Property::BeyondLatin1, "é", false),
        (Property::BeyondLatin1, "€", true),
        (Property::BeyondBmp, "€", false),
        (Property::BeyondBmp, "😀", true),
        (Property::Accent, "aß€", false),
        (Property::Accent, "ñ", true),
        (Property::Dot, "a.b", true),
        (Property::Underscore, "a-b", false),
        (Property::PlusOrSpace, "a b", true),
        (Property::PlusOrSpace, "a-b", false),
    ] {
        assert_eq!(property.holds(text), expected, "{property:?} of {text:?}");
    }
}
