//! Known failures do not count, and are seen anyway.

use contract_tests::report::{CaseOutcome, KnownFailures, Report};
use jiff::civil::date;

use crate::reports::made::{clean, empty, full_failure, result};

fn entry(id: &str, more: &str) -> String {
    let key = if id.starts_with("AUTH-SECRET") || id.ends_with("034") { "case" } else { "clause" };
    format!("[[known]]\n{key} = \"{id}\"\nreason = \"why {id}\"\n{more}\n")
}

/// Two failures of one clause, and a case that passes.
fn failing() -> Report {
    let fails = |id| result(id, "HTTP-13", "Large", CaseOutcome::Failed(Box::new(full_failure())));
    let passes = result("HTTP-018", "HTTP-8", "One chunk", CaseOutcome::Passed);
    Report { results: vec![passes, fails("HTTP-034"), fails("HTTP-035")], ..empty() }
}

#[test]
fn a_known_failure_does_not_count_until_its_last_day_is_over() {
    for (name, file, known, notice) in [
        ("a case", entry("HTTP-034", ""), &["HTTP-034"][..], ""),
        ("its clause", entry("HTTP-13", ""), &["HTTP-034", "HTTP-035"], ""),
        ("a case before its clause", entry("HTTP-13", "") + &entry("HTTP-034", ""), &["HTTP-034", "HTTP-035"], ""),
        ("its last day", entry("HTTP-034", "until = 2027-03-31"), &["HTTP-034"], ""),
        (
            "the day after",
            entry("HTTP-034", "until = \"2027-03-30\""),
            &[],
            "until 2027-03-30 (line 2) and still fails",
        ),
        ("another clause", entry("HTTP-8", ""), &[], "HTTP-8 is listed as a known failure (line 2) and passes"),
        ("what was not run", entry("AUTH-SECRET-005", ""), &[], ""),
    ] {
        let mut report = failing();
        let file = KnownFailures::read(&file).unwrap();
        report.apply(&file, date(2027, 3, 31));
        let is_known = report.results.iter().filter(|result| result.known().is_some());
        assert_eq!(is_known.map(|result| result.id.as_str()).collect::<Vec<_>>(), known, "{name}");
        let notices = report.notices.join("\n");
        assert!(notices.contains(notice) && notices.is_empty() == notice.is_empty(), "{name}: {notices}");
        // Applied again, to a report that was kept, nothing changes.
        let before = report.clone();
        report.apply(&file, date(2027, 3, 31));
        assert_eq!(report, before, "{name}");
    }
    let mut report = failing();
    report.apply(&KnownFailures::read(&(entry("HTTP-13", "") + &entry("HTTP-034", ""))).unwrap(), date(2027, 3, 31));
    assert_eq!(report.results[1].known().unwrap().reason, "why HTTP-034");
}

#[test]
fn the_first_file_names_all_that_fails_and_is_one_that_can_be_read() {
    let mut report = failing();
    let text = report.known_file(date(2027, 1, 1));
    let known = KnownFailures::read(&text).unwrap();
    report.apply(&known, date(2027, 1, 1));
    assert!(report.holds(true), "{text}");
    assert!(text.contains("413 Request Entity Too Large") && text.contains("# until = 2027-04-01"), "{text}");
    // What was known keeps its reason.
    assert_eq!(report.known_file(date(2027, 2, 1)).matches("Found on 2027-01-01").count(), 2);
    assert_eq!(KnownFailures::read(&clean().known_file(date(2027, 1, 1))).unwrap(), KnownFailures::default());
}
