//! What people see, and what programs rely on.

use std::{fs, process::Command};

use contract_tests::report::{
    Report, html, json, junit, markdown,
    terminal::{self, Layout},
};
use insta::assert_snapshot;
use schemas::Schema;
use serde_json::Value;

use crate::reports::made::{clean, excepted, hopeless, limited, mixed, untested};

fn plain(report: &Report, columns: usize, verbose: bool) -> String {
    anstream::adapter::strip_str(&terminal::render(report, Layout { columns, verbose, strict: false })).to_string()
}

#[test]
fn the_terminal_shows() {
    assert_snapshot!("terminal_clean", plain(&clean(), 80, false));
    assert_snapshot!("terminal_clean_verbose", plain(&clean(), 120, true));
    assert_snapshot!("terminal_mixed_80", plain(&mixed(), 80, false));
    assert_snapshot!("terminal_mixed_120", plain(&mixed(), 120, true));
    assert_snapshot!("terminal_limited", plain(&limited(), 80, true));
    assert_snapshot!("terminal_excepted", plain(&excepted(), 80, false));
    assert_snapshot!("terminal_hopeless", plain(&hopeless(), 100, false));
    assert_snapshot!("terminal_untested", plain(&untested(), 80, false));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let coloured = terminal::render(&mixed(), Layout { columns: 80, verbose: true, strict: false });
    assert!(coloured.contains("\u{1b}[31m"), "{coloured}");
    // Every line ends in the style in which it began, so that a CI log that shows lines alone shows them right.
    let (mut open, mut line) = (false, 0);
    for text in coloured.lines() {
        line += 1;
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("\u{1b}[") {
            let (code, after) = after.split_once('m').unwrap();
            open = code != "0";
            rest = after;
        }
        assert!(!open, "line {line} leaves its colour open: {text:?}");
    }
}

#[test]
fn lines_keep_to_the_width_except_what_is_to_be_pasted() {
    for columns in [60, 80, 100] {
        let text = plain(&mixed(), columns, false);
        for line in text.lines().filter(|line| !line.trim_start().starts_with("--") && !line.contains("curl")) {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
}

#[test]
fn a_terminal_report_is_short_however_much_fails() {
    for columns in [60, 80, 100, 120] {
        let text = plain(&hopeless(), columns, false);
        assert!(text.lines().count() < 120, "{columns}: {}", text.lines().count());
        // What to do first is at the beginning.
        let summary: Vec<&str> = text.lines().take(10).collect();
        assert!(summary.iter().any(|line| line.contains("  first  ")), "{columns}: {summary:#?}");
        assert!(text.lines().skip(10).all(|line| !line.contains("  first  ")));
        assert!(plain(&hopeless(), columns, true).lines().count() > 1000);
    }
}

#[test]
fn markdown_shows() {
    assert_snapshot!("markdown_clean", markdown::render(&clean(), false));
    assert_snapshot!("markdown_mixed", markdown::render(&mixed(), false));
    assert_snapshot!("markdown_limited", markdown::render(&limited(), false));
    assert_snapshot!("markdown_excepted", markdown::render(&excepted(), false));
    assert_snapshot!("markdown_untested", markdown::render(&untested(), false));
}

#[test]
fn html_shows() {
    // The style sheet is looked at in a browser.
    let page = |report: &Report| {
        let page = html::render(report, false);
        let (before, rest) = page.split_once("<style>").unwrap();
        let (_, after) = rest.split_once("</style>").unwrap();
        format!("{before}{after}").replace("><", ">\n<")
    };
    assert_snapshot!("html_clean", page(&clean()));
    assert_snapshot!("html_mixed", page(&mixed()));
    assert_snapshot!("html_limited", page(&limited()));
    assert_snapshot!("html_excepted", page(&excepted()));
    assert_snapshot!("html_untested", page(&untested()));
}

#[test]
fn the_page_needs_nothing_but_itself() {
    for report in [clean(), mixed(), untested()] {
        let page = html::render(&report, false);
        for word in ["<script", "<link", "<img", "src=", "href=", "@import", "url(", "javascript:"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}

#[test]
fn json_shows_and_keeps_its_schema() {
    assert_snapshot!("json_clean", json::render(&clean(), false));
    assert_snapshot!("json_mixed", json::render(&mixed(), false));
    assert_snapshot!("json_excepted", json::render(&excepted(), false));
    assert_snapshot!("json_untested", json::render(&untested(), false));
    for report in [clean(), mixed(), untested(), excepted(), hopeless()] {
        for strict in [false, true] {
            let value: Value = serde_json::from_str(&json::render(&report, strict)).unwrap();
            let violations = Schema::Report.violations(&value);
            assert_eq!(violations, []);
        }
    }
}

#[test]
fn the_schema_of_json_refuses_what_is_none() {
    let schema: Value = serde_json::from_str(Schema::Report.text()).unwrap();
    assert!(Schema::Report.is_valid(&schema["examples"][0]), "the schema's own example");
    let good: Value = serde_json::from_str(&json::render(&mixed(), false)).unwrap();
    let failure = good["results"].as_array().unwrap().iter().position(|case| case["outcome"] == "failed").unwrap();
    for (pointer, value) in [
        ("/format".to_owned(), Value::from(2)),
        ("/subject/authentication".to_owned(), Value::from("client-secret")),
        ("/results/0/level".to_owned(), Value::from("MUST")),
        ("/results/0/outcome".to_owned(), Value::from("skipped")),
        (format!("/results/{failure}/outcome"), Value::from("passed")),
        ("/summary/must/passed".to_owned(), Value::from(-1)),
        ("/notices".to_owned(), Value::Null),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(&pointer).unwrap() = value;
        assert!(!Schema::Report.is_valid(&bad), "{pointer}");
    }
}

#[test]
fn json_is_read_back_whole() {
    for report in [clean(), mixed(), untested(), excepted()] {
        assert_eq!(json::read(json::render(&report, true).as_bytes()).unwrap(), report);
    }
}

#[test]
fn junit_shows() {
    assert_snapshot!("junit_clean", junit::render(&clean(), false));
    assert_snapshot!("junit_mixed", junit::render(&mixed(), false));
    assert_snapshot!("junit_excepted", junit::render(&excepted(), false));
    assert_snapshot!("junit_untested", junit::render(&untested(), false));
}

#[test]
fn junit_is_as_red_as_the_exit_code() {
    for (report, strict, expected) in [
        (clean(), false, (0, 0)),
        (mixed(), false, (3, 0)),
        (mixed(), true, (4, 0)),
        (untested(), false, (0, 1)),
        (excepted(), true, (0, 0)),
    ] {
        let xml = junit::render(&report, strict);
        assert_eq!((xml.matches("<failure").count(), xml.matches("<error").count()), expected, "{xml}");
    }
}

/// The schema is that of the xUnit plugin of Jenkins (MIT, see its head), which other tools check against, too.
#[test]
#[ignore = "needs xmllint"]
fn junit_keeps_the_common_schema() {
    let folder = tempfile::tempdir().unwrap();
    for (index, report) in
        [clean(), mixed(), untested(), excepted(), crate::reports::hostile::report()].into_iter().enumerate()
    {
        let file = folder.path().join(format!("{index}.xml"));
        fs::write(&file, junit::render(&report, false)).unwrap();
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/reports/junit-10.xsd");
        let lint =
            Command::new("xmllint").args(["--noout", "--nonet", "--schema", schema]).arg(&file).output().unwrap();
        assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stderr));
    }
}
