//! The verdict, and the exit code that goes with it.

use contract_tests::{
    cli,
    report::{CaseOutcome, Grade, Report, SubjectKind, junit},
};

use crate::reports::made::{self, clean, empty, failed, mixed, result, skipped, skipped_for_time, untested};

fn with(cases: &[(&str, bool)]) -> Report {
    let outcome = |passed| if passed { CaseOutcome::Passed } else { failed("r", "e", "c", "m") };
    let results = cases.iter().map(|(clause, passed)| result("C-1", clause, "A case", outcome(*passed)));
    Report { results: results.collect(), ..empty() }
}

/// The same, with a case of this clause that was skipped because the run ran out of time.
fn out_of_time(clause: &str, cases: &[(&str, bool)]) -> Report {
    let mut report = with(cases);
    report.results.push(result("C-2", clause, "A case", skipped_for_time()));
    report
}

/// The same, with a case of this clause that was throttled.
fn throttled(clause: &str, cases: &[(&str, bool)]) -> Report {
    let mut report = with(cases);
    report.results.push(result("C-3", clause, "A case", made::throttled("each try was answered 429")));
    report
}

#[test]
fn verdicts_say_how_it_went() {
    let skipped = Report { results: vec![result("C-1", "AUTH-7", "A case", skipped("why"))], ..empty() };
    let many: Vec<(&str, bool)> =
        ["AUTH-3", "AUTH-4", "AUTH-5", "AUTH-6", "AUTH-7", "AUTH-8", "HTTP-1", "HTTP-1"].map(|id| (id, false)).into();
    let mut sender = with(&[("MSG-1", true)]);
    sender.subject.kind = SubjectKind::Sender;

    for (name, report, strict, grade, code, words) in [
        (
            "clean",
            clean(),
            false,
            Grade::Clean,
            0,
            "The endpoint keeps the contract: every MUST, SHOULD and MAY that was tested holds.",
        ),
        ("a sender", sender, true, Grade::Clean, 0, "The sender keeps the contract: every MUST that was tested holds."),
        (
            "both fail",
            mixed(),
            false,
            Grade::Broken,
            1,
            "The endpoint breaks the contract: 2 MUSTs fail (AUTH-7, HTTP-8), and 1 SHOULD fails (HTTP-14).",
        ),
        (
            "many",
            with(&many),
            false,
            Grade::Broken,
            1,
            "The endpoint breaks the contract: 7 MUSTs fail (AUTH-3, AUTH-4, AUTH-5, AUTH-6, AUTH-7, AUTH-8 and 1 more).",
        ),
        (
            "a SHOULD",
            with(&[("HTTP-14", false), ("HTTP-8", true)]),
            false,
            Grade::Holds,
            0,
            "The endpoint keeps every MUST that was tested; 1 SHOULD fails (HTTP-14).",
        ),
        (
            "a SHOULD, strict",
            with(&[("HTTP-14", false), ("HTTP-8", true)]),
            true,
            Grade::Broken,
            1,
            "The endpoint keeps every MUST that was tested, but --strict counts a SHOULD too: 1 SHOULD fails (HTTP-14).",
        ),
        (
            "only a SHOULD",
            with(&[("HTTP-14", false)]),
            false,
            Grade::Holds,
            0,
            "The endpoint was not tested for any MUST; 1 SHOULD fails (HTTP-14).",
        ),
        (
            "a MAY",
            with(&[("HTTP-21", false), ("HTTP-8", true)]),
            true,
            Grade::Holds,
            0,
            "The endpoint keeps every MUST and SHOULD that was tested; 1 MAY fails (HTTP-21).",
        ),
        (
            "no time for a MUST",
            out_of_time("HTTP-8", &[("HTTP-8", true), ("HTTP-14", true)]),
            false,
            Grade::Unfinished,
            1,
            "The endpoint was not tested completely: 1 case that counts was not tried because the run ran out of time.",
        ),
        (
            "no time for a MUST, and a SHOULD fails",
            out_of_time("HTTP-8", &[("HTTP-14", false)]),
            false,
            Grade::Unfinished,
            1,
            "The endpoint was not tested completely: 1 case that counts was not tried because the run ran out of time; 1 SHOULD fails (HTTP-14).",
        ),
        (
            "no time for a MUST, and another fails",
            out_of_time("HTTP-8", &[("HTTP-1", false)]),
            false,
            Grade::Broken,
            1,
            "The endpoint breaks the contract: 1 MUST fails (HTTP-1).",
        ),
        (
            "no time for a SHOULD",
            out_of_time("HTTP-14", &[("HTTP-8", true)]),
            false,
            Grade::Clean,
            0,
            "The endpoint keeps the contract: every MUST that was tested holds.",
        ),
        (
            "no time for a SHOULD, strict",
            out_of_time("HTTP-14", &[("HTTP-8", true)]),
            true,
            Grade::Unfinished,
            1,
            "The endpoint was not tested completely: 1 case that counts was not tried because the run ran out of time.",
        ),
        (
            "no time for anything",
            out_of_time("HTTP-8", &[]),
            false,
            Grade::Untested,
            3,
            "Nothing was tested: every case was skipped.",
        ),
        (
            "a throttled MUST",
            throttled("HTTP-8", &[("HTTP-8", true), ("HTTP-14", true)]),
            false,
            Grade::Unfinished,
            1,
            "The endpoint was not tested completely: 1 case that counts was throttled.",
        ),
        (
            "a throttled MUST alone",
            throttled("HTTP-8", &[]),
            false,
            Grade::Unfinished,
            1,
            "The endpoint was not tested completely: 1 case that counts was throttled.",
        ),
        (
            "a throttled MUST, and another fails",
            throttled("HTTP-8", &[("HTTP-1", false)]),
            false,
            Grade::Broken,
            1,
            "The endpoint breaks the contract: 1 MUST fails (HTTP-1).",
        ),
        (
            "a throttled SHOULD",
            throttled("HTTP-14", &[("HTTP-8", true)]),
            false,
            Grade::Clean,
            0,
            "The endpoint keeps the contract: every MUST that was tested holds.",
        ),
        (
            "a throttled SHOULD, strict, and no time for a MUST",
            Report {
                results: [out_of_time("HTTP-8", &[]).results, throttled("HTTP-14", &[("HTTP-1", true)]).results]
                    .concat(),
                ..empty()
            },
            true,
            Grade::Unfinished,
            1,
            "The endpoint was not tested completely: 1 case that counts was throttled and 1 case that counts was not tried because the run ran out of time.",
        ),
        (
            "a throttled SHOULD alone",
            throttled("HTTP-14", &[]),
            false,
            Grade::Untested,
            3,
            "Nothing was tested: every case was skipped or throttled.",
        ),
        (
            "known and left out",
            made::excepted(),
            true,
            Grade::Holds,
            0,
            "The endpoint keeps the contract: every other MUST, SHOULD and MAY that was tested holds; 3 failures are known and do not count (HTTP-8, SHOULD HTTP-13); excluded with --skip: OPS-4; the run was limited by --level should.",
        ),
        (
            "one known, another fails",
            Report { results: [made::excepted().results, with(&[("AUTH-4", false)]).results].concat(), ..empty() },
            false,
            Grade::Broken,
            1,
            "The endpoint breaks the contract: 1 MUST fails (AUTH-4); 3 failures are known and do not count (HTTP-8, SHOULD HTTP-13); excluded with --skip: OPS-4.",
        ),
        ("skipped", skipped, false, Grade::Untested, 3, "Nothing was tested: every case was skipped."),
        ("nothing", untested(), false, Grade::Untested, 3, "Nothing was tested."),
    ] {
        let verdict = report.verdict(strict);
        assert_eq!((verdict.grade, verdict.words.as_str()), (grade, words), "{name}");
        assert_eq!(cli::exit_code(&report, strict), code, "{name}");
        assert_eq!(report.holds(strict), code == 0, "{name}");
        // A run that does not hold is red in CI's list of tests too.
        let red = ["<failure", "<error"].iter().any(|tag| junit::render(&report, strict).contains(tag));
        assert_eq!(red, code != 0, "{name}");
    }
}
