use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::select};
use schemas::Trigger;

use super::*;

fn parse(text: &str) -> Result<Query, QueryError> {
    Query::parse(text, "2026-11-24T08:30:15Z".parse().unwrap())
}

fn exact(text: &str) -> Pattern {
    Pattern::Exact(text.to_owned())
}

#[test]
fn each_kind_of_term_is_read_and_printed() {
    let time = |at: &str, text: &str| Time { at: at.parse().unwrap(), text: text.into() };
    let prefix = |text: &str| Pattern::Prefix(text.to_owned());
    let destination = |name: &str| Predicate::Relay(RelayFilter::Destination(name.to_owned()));
    let ten_k = Bounds { min: Some(10_001), max: None };
    for (text, predicate, canonical) in [
        ("endpoint:/hooks/flowingly", Predicate::Endpoint(exact("/hooks/flowingly")), None),
        ("ENDPOINT:a:b", Predicate::Endpoint(exact("a:b")), Some("endpoint:a:b")),
        ("trigger:stepCompleted", Predicate::Trigger(Trigger::StepCompleted), None),
        ("trigger:step-created", Predicate::Trigger(Trigger::StepCreated), Some("trigger:stepCreated")),
        ("flow:FLOW-604", Predicate::Flow(exact("FLOW-604")), None),
        ("flow:FLOW-6*", Predicate::Flow(prefix("FLOW-6")), None),
        ("flow:\"FLOW 6\"*", Predicate::Flow(prefix("FLOW 6")), None),
        ("flow:\"FLOW\"*", Predicate::Flow(prefix("FLOW")), Some("flow:FLOW*")),
        ("flow:\"FLOW-6*\"", Predicate::Flow(exact("FLOW-6*")), None),
        ("step:\"Credit check\"", Predicate::Step(exact("Credit check")), None),
        (r#"step:"the \"new\" \\ one""#, Predicate::Step(exact(r#"the "new" \ one"#)), None),
        (r#"step:"C:\temp""#, Predicate::Step(exact(r"C:\temp")), Some(r"step:C:\temp")),
        ("step:“Credit check”", Predicate::Step(exact("Credit check")), Some("step:\"Credit check\"")),
        ("is:holds", Predicate::Is(State::Holds), None),
        ("is:Broken", Predicate::Is(State::Broken), Some("is:broken")),
        ("clause:msg-9", Predicate::Clause("MSG-9".to_owned()), Some("clause:MSG-9")),
        ("relay:dead", Predicate::Relay(RelayFilter::Dead), None),
        ("relay:\"dead\"", destination("dead"), None),
        ("relay:teams", destination("teams"), None),
        ("since:2h", Predicate::Since(time("2026-11-24T06:30:15Z", "2h")), None),
        ("until:today", Predicate::Until(time("2026-11-24T00:00:00Z", "today")), None),
        ("since:2026-11-24", Predicate::Since(time("2026-11-24T00:00:00Z", "2026-11-24")), None),
        (
            "until:2026-11-24T08:00:00.5Z",
            Predicate::Until(time("2026-11-24T08:00:00.5Z", "2026-11-24T08:00:00.5Z")),
            None,
        ),
        ("size:>10k", Predicate::Size(ten_k), Some("size:>=10001")),
        ("arrivals:2..5", Predicate::Arrivals(Bounds { min: Some(2), max: Some(5) }), None),
        ("id:01A20D99354b7", Predicate::Id("01a20d99-354b-7".to_owned()), Some("id:01a20d99-354b-7")),
        ("id:01a20d99-*", Predicate::Id("01a20d99-".to_owned()), Some("id:01a20d99-")),
        ("field:\"Credit limit\"", Predicate::Field("Credit limit".to_owned()), None),
        ("Müller-Lüdenscheidt", Predicate::Word("Müller-Lüdenscheidt".to_owned()), None),
        ("\"-is:holds\"", Predicate::Phrase("-is:holds".to_owned()), None),
        ("\"a \\\"b\\\"\"", Predicate::Phrase("a \"b\"".to_owned()), None),
    ] {
        let query = parse(text).unwrap_or_else(|error| panic!("{}", error.with_carets(text)));
        assert_eq!(query.terms(), [Term::from(predicate)], "{text}");
        assert_eq!(query.to_string(), canonical.unwrap_or(text));
    }
}

#[test]
fn terms_keep_their_order_and_can_be_negated_removed_and_joined() {
    let query = parse(" \t\nlimit -is:holds  flow:FLOW-604\n\"credit check\" ").unwrap();
    assert_eq!(query.to_string(), "limit -is:holds flow:FLOW-604 \"credit check\"");
    assert!(query.terms()[1].negated);
    assert_eq!(query.without(1).to_string(), "limit flow:FLOW-604 \"credit check\"");
    assert_eq!(query.without(9), query);
    assert_eq!(parse("is:broken").unwrap().and(parse("id:01").unwrap()).to_string(), "is:broken id:01");
    assert_eq!(parse(" ").unwrap(), Query::default());
    assert_eq!(Query::default().to_string(), "");
}

#[test]
fn an_error_shows_the_place_and_what_to_write_instead() {
    let (long, many) = ("x".repeat(MAX_CHARACTERS + 1), "x ".repeat(MAX_TERMS + 1));
    let far = format!("{} flwo:1 {}", "水".repeat(70), "y".repeat(70));
    let shown = [
        "flwo:FLOW-604",
        "is:broken  flwo:\"FLOW 604\"",
        "see 10:30",
        "http://example.com/a",
        ":x",
        "code:not-json",
        "flow:",
        "flow: FLOW-604",
        "flow:\"\"",
        "field:\"Credit limit",
        "水 \"\u{1b}[2J",
        "5\" pipe",
        "flow:a\"b\"",
        "\"a\"b",
        "is:broke",
        "is:ok",
        "trigger:stepcomplete",
        "clause:MGS-9",
        "clause:x",
        "since:yesteday",
        "since:30",
        "since:2026-02-30",
        "until:2026-11-24T08:00",
        "size:large",
        "size:5..2",
        "arrivals:99999999999999999999",
        "id:FLOW-604",
        "id:01a20d99-354b-7356-9c1a-3d665519b7230",
        "flow:*",
        "flow:FLOW-*-6",
        "flow:\"a\"**",
        "field:Credit*",
        "relay:te*",
        "limit*",
        "-",
        "- x",
        "-limit",
        "-\"credit limit\"",
        "-since:2h",
        "!!! ***",
        "!!!",
        "since:2026-11-25 limit until:2026-11-24",
        "flow:FLOW-1* flow:FLOW-2",
        "is:broken -is:broken",
        &long,
        &many,
        &far,
    ]
    .map(|text| {
        let error = parse(text).expect_err(text);
        assert!(text.get(error.place.clone()).is_some_and(|place| !place.is_empty()), "{text}: {error:?}");
        let tip = error.tip().expect("every error has one");
        format!("{}\n  tip: {tip}\n", error.with_carets(text))
    });
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn terms_that_never_both_hold_are_found() {
    for (text, contradicts) in [
        ("since:2h until:1h", false),
        ("since:1h until:1h", true),
        ("until:2h since:1h", true),
        ("endpoint:a endpoint:a", false),
        ("endpoint:a endpoint:b", true),
        ("endpoint:a -endpoint:b", false),
        ("-endpoint:a -endpoint:b", false),
        ("-endpoint:a endpoint:a", true),
        ("flow:F* flow:F-1*", false),
        ("flow:F* flow:F-1", false),
        ("flow:F* flow:G*", true),
        ("step:G flow:F", false),
        ("trigger:stepCreated trigger:stepCompleted", true),
        ("is:holds is:repeated", false),
        ("is:holds is:broken", true),
        ("is:captured is:broken", true),
        ("clause:MSG-9 clause:MSG-2", false),
        ("clause:MSG-9 is:holds", true),
        ("clause:MSG-9 -is:holds", false),
        ("size:>10k size:<1M", false),
        ("size:<10k size:>1M", true),
        ("size:1 arrivals:2", false),
        ("relay:a relay:b", false),
        ("id:01 id:02", false),
        ("limit limit", false),
    ] {
        assert_eq!(parse(text).is_err(), contradicts, "{text}");
    }
}

/// Queries as their types allow them, without contradictions.
fn queries() -> impl Strategy<Value = Query> {
    let name =
        || "[^\\s]|\\PC{1,8}|.{1,12}".prop_filter("a name is not blank", |name: &String| !name.trim().is_empty());
    let text = || name().prop_filter("a text has a word", |text: &String| text.contains(char::is_alphanumeric));
    let pattern =
        || (name(), any::<bool>()).prop_map(|(name, whole)| if whole { exact(&name) } else { Pattern::Prefix(name) });
    let bounds = || {
        (any::<Option<u64>>(), any::<Option<u64>>()).prop_filter_map(
            "a range is neither empty nor open",
            |(min, max)| {
                let is_range = (min.is_some() || max.is_some()) && min.zip(max).is_none_or(|(min, max)| min <= max);
                is_range.then_some(Bounds { min, max })
            },
        )
    };
    let time =
        || (-62_000_000_000_i64..200_000_000_000, 0..1_000_000_000).prop_map(|(s, ns)| Timestamp::new(s, ns).unwrap());
    let clauses: Vec<_> = schemas::Clause::all().iter().map(|clause| clause.id.to_owned()).collect();
    let keyed = prop_oneof![
        pattern().prop_map(Predicate::Endpoint),
        pattern().prop_map(Predicate::Flow),
        pattern().prop_map(Predicate::Step),
        select(Trigger::ALL.to_vec()).prop_map(Predicate::Trigger),
        select(State::ALL.to_vec()).prop_map(Predicate::Is),
        select(clauses).prop_map(Predicate::Clause),
        select(RelayFilter::RESULTS.to_vec()).prop_map(Predicate::Relay),
        prop_oneof![name(), select(vec!["dead".to_owned(), "Waiting".to_owned()])]
            .prop_map(|name| Predicate::Relay(RelayFilter::Destination(name))),
        bounds().prop_map(Predicate::Size),
        bounds().prop_map(Predicate::Arrivals),
        "[0-9a-f]{1,8}|[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{0,12}".prop_map(Predicate::Id),
        name().prop_map(Predicate::Field),
    ];
    let others = prop_oneof![
        time().prop_map(|at| Predicate::Since(at.into())),
        time().prop_map(|at| Predicate::Until(at.into())),
        text().prop_map(Predicate::Phrase),
        "[a-zA-Zäø水0-9][-a-z0-9'“„]{0,8}".prop_map(Predicate::Word),
    ];
    let term = prop_oneof![
        (any::<bool>(), keyed).prop_map(|(negated, predicate)| Term { negated, predicate }),
        others.prop_map(Term::from),
    ];
    vec(term, 0..6)
        .prop_map(|terms| terms.into_iter().collect::<Query>())
        .prop_filter("no contradiction", |query| query.contradiction().is_none())
}

proptest! {
    #[test]
    fn the_canonical_text_is_read_as_the_same_query(query in queries()) {
        let text = query.to_string();
        prop_assert_eq!(parse(&text), Ok(query), "{}", text);
    }

    #[test]
    fn any_text_is_a_query_or_has_an_error_in_its_place(text in any_text()) {
        match parse(&text) {
            Ok(query) => prop_assert_eq!(parse(&query.to_string()), Ok(query)),
            Err(error) => {
                prop_assert!(text.get(error.place.clone()).is_some(), "{:?}", error);
                let shown = error.with_carets(&text) + &error.tip().unwrap();
                let escape = '\u{1b}';
                prop_assert!(!shown.contains(escape), "{:?}", shown);
            }
        }
    }
}

/// Mostly pieces of the grammar, so that errors come late.
fn any_text() -> impl Strategy<Value = String> {
    let keys: Vec<_> =
        Key::ALL.iter().flat_map(|key| [format!("{key}:"), format!("{key}:{}", key.example())]).collect();
    let signs = ["\"", "“", "\\", "-", ":", "*", " ", "\n", "..", ">", "2h", "\u{1b}[2J", "\u{e000}", "é", "limit"];
    let piece = prop_oneof![
        4 => select(keys),
        4 => select(signs.to_vec()).prop_map(str::to_owned),
        1 => ".{0,6}",
        1 => any::<String>(),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}
