//! All paths: how many there are, counted by hand, and that they leave nothing out.

use std::collections::BTreeSet;

use StepKind::{Approval, ParallelApproval, SequentialApproval};
use schemas::Schema;

use super::*;
use crate::flow::{AllPaths, FlowStatus, Run};

fn paths(model: &Model) -> Vec<Run<'_>> {
    AllPaths::new(model, RunningFlow::describe(model, "replaced"), START).collect()
}

/// The verdicts of a run, in the order they were given: `a`pproved, sent `b`ack, `c`ompleted.
fn verdicts(run: &Run<'_>) -> String {
    let decisions = run.flow.steps.iter().flat_map(|step| &step.snapshot.decisions);
    let letter = |verdict| match verdict {
        Verdict::Approved => 'a',
        Verdict::RejectedAndSentBack => 'b',
        Verdict::RejectedAndCompleted => 'c',
    };
    decisions.map(|decision| letter(decision.verdict)).collect()
}

fn with(approvals: Vec<ModelStep>) -> Model {
    let last = approvals.last().map_or("Form", |step| &step.name).to_owned();
    let mut steps = vec![task("Form", &[])];
    steps.extend(approvals);
    steps.push(task("End", &[&last]));
    model(steps)
}

#[test]
fn the_paths_of_small_models_are_these() {
    let two = ["kim@example.com", "lee@example.com"];
    let three = ["kim@example.com", "lee@example.com", "max@example.com"];
    for (name, model, expected) in [
        ("no approval", with(vec![]), vec![""]),
        ("one that cannot send back", with(vec![approval("A", Approval, &["Form"], &two, "")]), vec!["a", "c"]),
        ("one", with(vec![approval("A", Approval, &["Form"], &two, "Form")]), vec!["a", "ba", "bc", "c"]),
        ("two in parallel", with(vec![approval("A", ParallelApproval, &["Form"], &two, "")]), vec!["aa", "ac", "c"]),
        (
            "three in sequence: the third always approves",
            with(vec![approval("A", SequentialApproval, &["Form"], &three, "")]),
            vec!["aaa", "ac", "c"],
        ),
        (
            "two in sequence that send back",
            with(vec![approval("A", SequentialApproval, &["Form"], &two, "Form")]),
            vec!["aa", "abaa", "abac", "abc", "ac", "baa", "bac", "bc", "c"],
        ),
        (
            "two approvals that both send back to the form",
            with(vec![approval("A", Approval, &["Form"], &two, "Form"), approval("B", Approval, &["A"], &two, "Form")]),
            vec![
                "aa", "abaa", "abac", "abbaa", "abbac", "abbc", "abc", "ac", "baa", "babaa", "babac", "babc", "bac",
                "bc", "c",
            ],
        ),
    ] {
        let runs = paths(&model);
        assert_eq!(runs.iter().map(verdicts).collect::<Vec<_>>(), expected, "{name}");
        for (number, run) in (1..).zip(&runs) {
            assert_eq!(run.flow.flow.flow_identifier, format!("FLOW-{number}"), "{name}");
            let rejected = verdicts(run).ends_with('c');
            let expected = if rejected { FlowStatus::Rejected } else { FlowStatus::Completed };
            assert_eq!(run.flow.status, expected, "{name} {}", verdicts(run));
        }
    }
}

/// The number of runs from an approval on when those in `used` have sent back: the runs of the next one,
/// one that is rejected for good, and those that begin again.
fn count(approval: usize, approvals: usize, used: u32) -> usize {
    if approval == approvals {
        return 1;
    }
    let again = if used & (1 << approval) == 0 { count(0, approvals, used | (1 << approval)) } else { 0 };
    count(approval + 1, approvals, used) + again + 1
}

#[test]
fn a_chain_of_approvals_has_as_many_paths_as_it_must() {
    for (approvals, expected) in [(1, 4), (2, 15), (3, 64), (4, 325)] {
        assert_eq!(count(0, approvals, 0), expected, "by hand");
        let names: Vec<String> = (0..approvals).map(|number| format!("A{number}")).collect();
        let steps = names.iter().enumerate().map(|(number, name)| {
            let previous = number.checked_sub(1).map_or("Form", |before| names[before].as_str());
            approval(name, Approval, &[previous], &["kim@example.com"], "Form")
        });
        let model = with(steps.collect());
        let all: BTreeSet<String> = paths(&model).iter().map(verdicts).collect();
        assert_eq!((all.len(), paths(&model).len()), (expected, expected));
    }
}

#[test]
fn every_kind_of_message_occurs_and_keeps_the_contract() {
    let two = ["kim@example.com", "lee@example.com"];
    let mut model = model(vec![
        step("Form", StepKind::PublicForm, &[]),
        task("Left", &["Form"]),
        approval("Single", Approval, &["Form"], &two, "Form"),
        approval("Parallel", ParallelApproval, &["Left", "Single"], &two, "Single"),
        approval("Sequential", SequentialApproval, &["Parallel"], &two, "Left"),
        task("End", &["Sequential"]),
    ]);
    model.steps[0].webhooks.remove(0);
    let mut seen = BTreeSet::new();
    for run in paths(&model) {
        assert_ne!(run.flow.status, FlowStatus::Running);
        for fired in run.messages {
            let value = serde_json::to_value(&fired.message).unwrap();
            assert_eq!(Schema::StepMessage.violations(&value), []);
            let data = if value["previousStep"].is_null() { &value["step"] } else { &value["previousStep"] };
            let decision = data["decisions"]
                .as_array()
                .and_then(|all| all.last())
                .map_or("", |last| last["decision"].as_str().unwrap());
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            seen.insert(format!(
                "{} after {} {decision}",
                text(&value["webhook"]["name"]),
                text(&data["stepIdentifier"])
            ));
        }
    }
    let mut expected = BTreeSet::new();
    let mut add = |webhook: &str, step: &str, decisions: &[&str]| {
        expected.extend(decisions.iter().map(|decision| format!("{webhook} after {step} {decision}")));
    };
    let all = ["approved", "rejectedAndSentBack", "rejectedAndCompleted"];
    add("Form stepCompleted", "Form", &[""]);
    add("Left stepCreated", "Form", &[""]);
    add("Left stepCreated", "Sequential", &["rejectedAndSentBack"]);
    add("Left stepCompleted", "Left", &[""]);
    add("Single stepCreated", "Form", &[""]);
    add("Single stepCreated", "Parallel", &["rejectedAndSentBack"]);
    add("Single stepCompleted", "Single", &all);
    // The parallel paths meet in the order of the model; sent back to `Left`, that path alone is done again.
    add("Parallel stepCreated", "Single", &["approved"]);
    add("Parallel stepCreated", "Left", &[""]);
    add("Parallel stepCompleted", "Parallel", &all);
    add("Sequential stepCreated", "Parallel", &["approved"]);
    add("Sequential stepCompleted", "Sequential", &all);
    add("End stepCreated", "Sequential", &["approved"]);
    add("End stepCompleted", "End", &[""]);
    assert_eq!(seen, expected);
}
