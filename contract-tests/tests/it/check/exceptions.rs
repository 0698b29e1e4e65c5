//! What does not count on purpose: known failures, and what `--skip` leaves out.

use std::fs;

use schemas::Schema;
use serde_json::Value;
use wiremock::ResponseTemplate;

use crate::check::{
    endpoint::mock,
    program::{Ran, checked},
};

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json(ran: &Ran) -> Value {
    let report = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(Schema::Report.violations(&report), [], "{report}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn check_writes_known_failures_and_reads_them() {
    let (_server, url) = mock(|_| ResponseTemplate::new(200)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known.toml");
    let file = file.to_str().unwrap();
    let some = ["--only", "AUTH-4", "--only", "HTTP-14", "--only", "AUTH-3"];
    let run = |more: &[&str]| checked(&url, &[&some[..], more].concat());

    assert_eq!(run(&["--write-known", file]).code, 1);
    let written = fs::read_to_string(file).unwrap();
    assert!(written.contains("case = \"AUTH-SECRET-005\""), "{written}");
    let again = run(&["--write-known", file]);
    assert_eq!(again.code, 2, "{}", again.stderr);
    assert!(again.stderr.contains("known.toml already exists"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(file).unwrap(), written);

    let known = run(&["--known", file, "--strict", "--report", "json"]);
    assert_eq!(known.code, 0, "{}", known.stdout);
    let report = json(&known);
    assert_eq!(
        (&report["holds"], &report["summary"]["must"]["known"]),
        (&Value::from(true), &Value::from(3)),
        "{report}"
    );
    let told = on_one_line(&run(&["--known", file]).stdout);
    assert!(told.contains("7 failures are known and do not count"), "{told}");

    for (name, text, told) in [
        (
            "an unknown case",
            "[[known]]\ncase = \"AUTH-SECRET-5\"\nreason = \"r\"",
            "known.toml:2: `case`: there is no case AUTH-SECRET-5; did you mean AUTH-SECRET-005?",
        ),
        (
            "a wrong date",
            "[[known]]\nclause = \"AUTH-4\"\nreason = \"r\"\nuntil = \"31.03.2027\"",
            "known.toml:4: `until` of AUTH-4: `31.03.2027` is not a date",
        ),
        ("no TOML", "[[known]\n", "known.toml:1: "),
    ] {
        fs::write(file, text).unwrap();
        let ran = run(&["--known", file]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{name}");
        assert!(ran.stderr.contains(told), "{name}: {}", ran.stderr);
    }
    assert_eq!(run(&["--known", "absent.toml"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_is_named_in_the_verdict_and_in_every_report() {
    let (_server, url) = mock(|_| ResponseTemplate::new(200)).await;
    let some = ["--only", "AUTH-3", "--only", "AUTH-4", "--only", "OPS-3", "--skip", "AUTH-4", "--skip", "OPS-00*"];
    let ran = |form| checked(&url, &[&some[..], &["--report", form]].concat());
    for form in ["terminal", "markdown", "html", "junit", "json"] {
        let ran = ran(form);
        assert_eq!(ran.code, 0, "{form}: {}", ran.stdout);
        let plain = on_one_line(&ran.stdout.replace('\\', ""));
        assert!(plain.contains("excluded with --skip AUTH-4"), "{form}: {plain}");
        if !matches!(form, "junit" | "json") {
            assert!(plain.contains("excluded with --skip: AUTH-4, OPS-3"), "{form}: {plain}");
            assert!(plain.contains("limited by --only AUTH-3 --only AUTH-4 --only OPS-3"), "{form}: {plain}");
        }
    }
    let report = json(&ran("json"));
    let excluded = report["results"].as_array().unwrap().iter().filter(|result| result["outcome"] == "skipped");
    assert_eq!(excluded.count(), 6, "{report}");
    assert_eq!(report["limitedBy"], "--only AUTH-3 --only AUTH-4 --only OPS-3");
}
