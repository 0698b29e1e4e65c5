//! `webhook-contract` with a report that was kept: where each form goes, and what is alone on standard output.

use std::{
    fs,
    process::{Command, Output},
};

use contract_tests::report::{Report, json};
use insta::assert_snapshot;
use tempfile::TempDir;

use crate::reports::made::{clean, mixed, untested};

struct Kept(TempDir);

impl Kept {
    fn new(report: &Report) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kept.json"), json::render(report, false)).unwrap();
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-contract"));
        let Output { status, stdout, stderr } = command
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .output()
            .unwrap();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    fn render(&self, arguments: &[&str]) -> (i32, String, String) {
        self.run(&[&["render", "kept.json"], arguments].concat())
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.path().join(file)).unwrap()
    }
}

#[test]
fn exit_codes_are_those_of_the_report() {
    for (report, arguments, expected) in [
        (clean(), &[][..], 0),
        (mixed(), &[][..], 1),
        (untested(), &[][..], 3),
        (clean(), &["--strict", "--report", "json"][..], 0),
    ] {
        let (code, _, stderr) = Kept::new(&report).render(arguments);
        assert_eq!((code, stderr.as_str()), (expected, ""));
    }
}

#[test]
fn a_report_on_standard_output_is_alone_there_and_files_are_written_too() {
    let kept = Kept::new(&mixed());
    let (_, stdout, stderr) = kept.render(&[
        "--report",
        "json",
        "--report",
        "junit=out.xml",
        "--report",
        "html=out.html",
        "--report",
        "markdown=out.md",
        "--report",
        "terminal=out.txt",
    ]);
    assert_eq!((stdout, stderr.as_str()), (json::render(&mixed(), false), ""));
    assert!(kept.read("out.xml").starts_with("<?xml"));
    assert!(kept.read("out.html").starts_with("<!DOCTYPE html>"));
    assert!(kept.read("out.md").starts_with("### ❌ "));
    assert!(!kept.read("out.txt").contains('\u{1b}'));

    let (_, stdout, _) = kept.render(&["--report", "junit=out.xml"]);
    assert!(stdout.contains("breaks the contract"), "{stdout}");
}

#[test]
fn colour_is_for_terminals_and_for_who_asks() {
    let kept = Kept::new(&mixed());
    assert!(!kept.render(&[]).1.contains('\u{1b}'));
    assert!(kept.render(&["--color", "always"]).1.contains('\u{1b}'));
    assert!(!kept.render(&["--color=never"]).1.contains('\u{1b}'));
    assert!(!kept.render(&["--color", "always", "--report", "json"]).1.contains('\u{1b}'));
}

#[test]
fn mistakes_are_reported() {
    let kept = Kept::new(&clean());
    fs::write(kept.0.path().join("other.json"), "{}").unwrap();
    let wrong = "[[known]]\ncase = \"HTTP-34\"\nreason = \"r\"\n\n[[known]]\nclause = \"HTTP-13\"\nuntil = \"soon\"\n";
    fs::write(kept.0.path().join("wrong.toml"), wrong).unwrap();
    let lines = [
        &["render", "kept.json", "--report", "xml"][..],
        &["render", "kept.json", "--report", "junit="],
        &["render", "kept.json", "--report", "json", "--report", "junit"],
        &["render", "kept.json", "--report", "json=a", "--report", "junit=a"],
        &["render", "kept.json", "--report", "json=absent/a.json"],
        &["render", "other.json"],
        &["render", "absent.json"],
        &["explain", "AUTH-99"],
        &["explain", "HTPP-020"],
        &["render", "kept.json", "--known", "absent.toml"],
        &["render", "kept.json", "--known", "wrong.toml"],
        &["render", "kept.json", "--write-known", "other.json"],
        &["check", "http://127.0.0.1:9/"],
        &["check", "http://127.0.0.1:9/", "--no-authentication", "--timeout", "2d"],
        &["check", "http://127.0.0.1:9/", "--client-secret", "s3cret"],
    ];
    let reported = lines.map(|line| {
        let (code, stdout, stderr) = kept.run(line);
        assert_eq!((code, stdout.as_str()), (2, ""), "{line:?}");
        format!("$ webhook-contract {}\n{stderr}", line.join(" "))
    });
    assert_snapshot!("mistakes", reported.join("\n"));
}

#[test]
fn clauses_are_explained() {
    let kept = Kept::new(&clean());
    assert_snapshot!("explain", kept.run(&["explain", "auth-7", "AUTH-14"]).1);
    assert_snapshot!("explain_case", kept.run(&["explain", "http-020", "ANSWER-010"]).1);
    for (pattern, count) in [("AUTH-BASIC-00*", 9), ("auth-1*", 1)] {
        let (code, listed, _) = kept.run(&["explain", pattern]);
        assert!(code == 0 && listed.lines().count() >= count, "{pattern}: {listed}");
    }
    assert_snapshot!("explain_area", kept.run(&["explain", "ops"]).1);
    let (code, all, _) = kept.run(&["explain"]);
    assert_eq!((code, all.lines().count()), (0, schemas::Clause::all().len()));
}

#[test]
fn help_shows() {
    let kept = Kept::new(&clean());
    assert_snapshot!("help", kept.run(&["--help"]).1);
    assert_snapshot!("help_check", kept.run(&["check", "-h"]).1);
    assert_snapshot!("help_render", kept.run(&["render", "--help"]).1);
}
