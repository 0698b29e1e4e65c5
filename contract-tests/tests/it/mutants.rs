//! Mutation tests of the catalogue: a receiver that keeps the contract, and one with each of many defects of real endpoints.
//! The first fails no case; each of the others fails a case of the clause that it breaks.
//!
//! The receiver is not the kit's, so that the kit does not judge itself.

pub(crate) mod answer;
pub(crate) mod connection;
pub(crate) mod credentials;
mod defect;
mod defects;
pub(crate) mod json;
mod matrix;
pub(crate) mod request;
pub(crate) mod rules;
mod tls;

use std::{collections::HashSet, env, fs, path::Path};

use contract_tests::report::CaseOutcome;
use defect::Defect;
use futures_util::{StreamExt as _, stream};
use matrix::Row;
use rules::{Expected, Rules};
use schemas::{Clause, Level};
use tls::Certificate;

use crate::soak;

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_without_a_defect_is_never_blamed() {
    for expected in [
        Expected::Nothing,
        Expected::Secret(&credentials::SECRET),
        Expected::Basic(&credentials::USERNAME, &credentials::PASSWORD),
    ] {
        let plain = matrix::run(Rules::correct(expected), None, 8, &[]);
        let encrypted = matrix::run(Rules::correct(expected), Some(Certificate::Good), 8, &[]);
        let (plain, encrypted) = tokio::join!(plain, encrypted);
        for report in [plain, encrypted] {
            assert_eq!(matrix::failed(&report), [], "{:?} {:?}", report.subject.authentication, report.notices);
            let passed = report.results.iter().filter(|result| result.outcome == CaseOutcome::Passed).count();
            assert!(passed > 100, "{:?} {:?}", report.subject.authentication, report.notices);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_common_programs_do_breaks_no_must() {
    let common = Defect::all().into_iter().filter(|defect| defect.is_common).chain(defects::right_as_well());
    let common: Vec<Defect> = common.collect();
    assert!(common.len() > 20);
    let run = |defect: Defect| async move { (defect.name, matrix::run(defect.rules(), None, 8, &[]).await) };
    let reports: Vec<_> = stream::iter(common.into_iter().map(run)).buffer_unordered(6).collect().await;
    for (name, report) in reports {
        let is_must = |clause: &str| Clause::find(clause).unwrap().level == Level::Must;
        let failed = matrix::failed(&report).into_iter();
        let blamed: Vec<_> = failed.filter(|(_, clause)| is_must(clause)).collect();
        assert!(blamed.is_empty(), "an endpoint that {name}: {blamed:?}");
        assert!(report.counts(Level::Must).passed > 50, "{name}: {:?}", report.notices);
    }
}

/// The whole catalogue runs against every defect under `SOAK=1`, and where the cases or the defects are not those that
/// `docs/mutants.md` was written from; otherwise only the cases of the clause that a defect breaks.
#[tokio::test(flavor = "multi_thread")]
async fn every_defect_is_caught_by_its_clause() {
    let (is_update, page) = (env::var_os("MUTANTS_UPDATE").is_some(), fs::read_to_string(page_path()).unwrap());
    let is_whole = is_update || soak::is_requested() || !page.ends_with(&matrix::inputs());
    let rows = matrix::rows(is_whole).await;
    print_and_judge(&rows);
    if is_update {
        fs::write(page_path(), matrix::page(&rows)).unwrap();
    } else if is_whole {
        let expected = matrix::page(&rows);
        let missing: Vec<&str> = expected.lines().filter(|line| !page.lines().any(|found| found == *line)).collect();
        assert!(page == expected, "docs/mutants.md is not current: run `just mutants`. Missing lines: {missing:#?}");
    }
}

#[test]
fn every_defect_is_on_the_page_and_of_a_clause() {
    let page = fs::read_to_string(page_path()).unwrap();
    let mut names = HashSet::new();
    for defect in Defect::all() {
        let kind = std::mem::discriminant(&defect.expected);
        assert!(names.insert((defect.name, kind)), "twice: {}", defect.name);
        assert!(page.contains(&format!("\n| {} |", matrix::escaped(defect.name))), "not on the page: {}", defect.name);
        for clause in [defect.clause].iter().chain(defect.also) {
            assert!(Clause::find(clause).is_some(), "{}: no clause {clause}", defect.name);
        }
    }
    assert!(names.len() >= 60);
}

fn page_path() -> impl AsRef<Path> {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/mutants.md")
}

/// Prints the matrix, and fails if a defect was not caught.
#[expect(clippy::print_stdout, reason = "the matrix is what the test is for")]
fn print_and_judge(rows: &[Row]) {
    for row in rows {
        let (catches, unrelated): (Vec<&str>, Vec<&str>) = (row.catches().collect(), row.unrelated().collect());
        let mark = if row.is_caught() { "caught" } else { "MISSED" };
        let besides = if unrelated.is_empty() { String::new() } else { format!("  BESIDES {}", unrelated.join(" ")) };
        println!("{mark} {:<8} {:<80} {}{besides}", row.defect.clause, row.defect.name, catches.join(" "));
    }
    let missed: Vec<&str> = rows.iter().filter(|row| !row.is_caught()).map(|row| row.defect.name).collect();
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}
