//! What each action makes of a flow, and what is not possible.

use Verdict::{Approved, RejectedAndCompleted, RejectedAndSentBack};

use super::*;
use crate::flow::{ActionError, FlowStatus};

/// A form, then two parallel paths, of which one has an approval, then a join.
fn diamond() -> Model {
    model(vec![
        task("Form", &[]),
        task("Left", &["Form"]),
        approval("Right", StepKind::Approval, &["Form"], &["kim@example.com", "lee@example.com"], "Form"),
        task("Join", &["Left", "Right"]),
        task("End", &["Join"]),
    ])
}

#[test]
fn a_join_waits_for_all_its_paths_and_comes_after_the_last() {
    let model = diamond();
    for (name, order) in [
        ("left first", [submit("Left"), decide("Right", Approved, "")]),
        ("right first", [decide("Right", Approved, ""), submit("Left")]),
    ] {
        let mut flow = start(&model);
        act(&mut flow, &[submit("Form"), order[0].clone()]);
        assert_eq!(flow.open().count(), 1, "{name}");
        let events = flow.act(&order[1], START).unwrap();
        let created: Vec<_> = events.iter().filter(|event| event.trigger == Trigger::StepCreated).collect();
        assert_eq!(created.len(), 1, "{name}");
        assert_eq!(created[0].step.step_identifier, "Join", "{name}");
        assert_eq!(created[0].previous_step.as_ref().unwrap().step_identifier, order[1].step, "{name}");
        act(&mut flow, &[submit("Join"), submit("End")]);
        assert_eq!(flow.status, FlowStatus::Completed, "{name}");
    }
}

#[test]
fn sent_back_is_done_again_and_what_was_open_of_it_is_abandoned() {
    let model = diamond();
    let mut flow = start(&model);
    act(&mut flow, &[submit("Form"), decide("Right", RejectedAndSentBack, "")]);
    assert_eq!(table(&flow), "Form Completed, Left Abandoned, Right Completed, Form Open");
    act(&mut flow, &[submit("Form"), submit("Left"), decide("Right", Approved, ""), submit("Join"), submit("End")]);
    assert_eq!(
        table(&flow),
        "Form Completed, Left Abandoned, Right Completed, Form Completed, Left Completed, Right Completed, \
         Join Completed, End Completed"
    );
    assert_eq!(flow.status, FlowStatus::Completed);
}

#[test]
fn a_parallel_path_that_does_not_follow_keeps_what_is_done() {
    let model = model(vec![
        task("Form", &[]),
        task("Left", &["Form"]),
        task("Draft", &["Form"]),
        approval("Review", StepKind::Approval, &["Draft"], &["kim@example.com"], "Draft"),
        task("Join", &["Left", "Review"]),
    ]);
    let mut flow = start(&model);
    let review = [submit("Draft"), decide("Review", RejectedAndSentBack, ""), submit("Draft")];
    act(&mut flow, &[submit("Form"), submit("Left")]);
    act(&mut flow, &review);
    act(&mut flow, &[decide("Review", Approved, "")]);
    assert!(table(&flow).ends_with("Join Open"), "{}", table(&flow));

    let mut flow = start(&model);
    act(&mut flow, &[submit("Form")]);
    act(&mut flow, &review);
    assert!(table(&flow).contains("Left Open"), "{}", table(&flow));
    act(&mut flow, &[submit("Left"), decide("Review", Approved, "")]);
    assert!(table(&flow).ends_with("Join Open"), "{}", table(&flow));
}

#[test]
fn a_final_rejection_ends_the_flow() {
    let model = diamond();
    let mut flow = start(&model);
    act(&mut flow, &[submit("Form")]);
    let events = flow.act(&decide("Right", RejectedAndCompleted, ""), START).unwrap();
    assert_eq!(events.len(), 1, "only the rejecting step has an event");
    assert_eq!(table(&flow), "Form Completed, Left Abandoned, Right Completed");
    assert_eq!(flow.status, FlowStatus::Rejected);
    let ended = flow.act(&submit("Left"), START);
    assert_eq!(ended, Err(ActionError::Ended { step: "Left".to_owned(), status: FlowStatus::Rejected }));
}

#[test]
fn approvals_end_with_the_first_all_or_a_rejecting_decision() {
    let (kim, lee, max) = ("kim@example.com", "lee@example.com", "max@example.com");
    use StepKind::{Approval, ParallelApproval, SequentialApproval};
    for (kind, decisions, ends) in [
        (Approval, vec![(Approved, lee)], true),
        (ParallelApproval, vec![(Approved, lee)], false),
        (ParallelApproval, vec![(Approved, max), (Approved, kim)], false),
        (ParallelApproval, vec![(Approved, max), (Approved, kim), (Approved, lee)], true),
        (ParallelApproval, vec![(Approved, max), (RejectedAndCompleted, kim)], true),
        (SequentialApproval, vec![(Approved, kim), (Approved, lee)], false),
        (SequentialApproval, vec![(Approved, kim), (Approved, lee), (Approved, max)], true),
        (SequentialApproval, vec![(Approved, ""), (Approved, ""), (Approved, "")], true),
        (SequentialApproval, vec![(RejectedAndSentBack, kim)], true),
    ] {
        let model =
            model(vec![task("Form", &[]), approval("Check", kind.clone(), &["Form"], &[kim, lee, max], "Form")]);
        let mut flow = start(&model);
        act(&mut flow, &[submit("Form")]);
        let mut events = Vec::new();
        for (verdict, by) in &decisions {
            assert_eq!(events, [], "{kind:?} {decisions:?}");
            events = flow.act(&decide("Check", *verdict, by), START).unwrap();
        }
        assert_eq!(!events.is_empty(), ends, "{kind:?} {decisions:?}");
        let taken: Vec<_> = flow.steps[1].snapshot.decisions.iter().map(|decision| decision.verdict).collect();
        assert_eq!(taken, decisions.iter().map(|(verdict, _)| *verdict).collect::<Vec<_>>());
    }
}

#[test]
fn anyone_acts_for_a_team_once() {
    let actors = ["Finance", "kim@example.com", "Sales"];
    let model = model(vec![
        task("Form", &[]),
        approval("Check", StepKind::ParallelApproval, &["Form"], &actors, ""),
        task("End", &["Check"]),
    ]);
    let mut flow = start(&model);
    act(&mut flow, &[submit("Form"), decide("Check", Approved, "kim@example.com")]);
    act(&mut flow, &[decide("Check", Approved, "lee@example.com"), decide("Check", Approved, "max@example.com")]);
    assert_eq!(table(&flow), "Form Completed, Check Completed, End Open");
}

#[test]
fn what_is_not_possible_is_said_and_changes_nothing() {
    let (kim, lee) = ("kim@example.com", "lee@example.com");
    let model = model(vec![
        task("Form", &[]),
        approval("Sequence", StepKind::SequentialApproval, &["Form"], &[kim, lee], "Form"),
        approval("Parallel", StepKind::ParallelApproval, &["Form"], &[kim, lee], ""),
        task("End", &["Sequence", "Parallel"]),
    ]);
    let silent = |verdict, comment: Option<&str>| {
        Action::new("Sequence", ActionKind::Decide { verdict, comment: comment.map(str::to_owned) })
    };
    let filled = Action { fields: vec![("Colour".to_owned(), json!("red"))], ..decide("Sequence", Approved, "") };
    let mut flow = start(&model);
    act(&mut flow, &[submit("Form"), decide("Parallel", Approved, kim)]);
    let before = format!("{flow:?}");
    for (action, expected) in [
        (submit("Frm"), "the model has no step `Frm`"),
        (submit("Form"), "`Form` is not open; `Sequence`, `Parallel` are"),
        (
            submit("Sequence"),
            "`Sequence` has the type sequentialApproval, which is approved or rejected, not submitted",
        ),
        (
            decide("Sequence", Approved, lee),
            "it is not the turn of `lee@example.com` in `Sequence`: `kim@example.com` decides first",
        ),
        (
            decide("Sequence", Approved, "max@example.com"),
            "`max@example.com` is not an actor of `Sequence`; its actors are `kim@example.com`, `lee@example.com`",
        ),
        (
            decide("Parallel", Approved, kim),
            "`kim@example.com` has decided in `Parallel` already; `lee@example.com` has still to decide",
        ),
        (
            decide("Parallel", RejectedAndSentBack, lee),
            "`Parallel` cannot send the flow back: its model has no `sendBackTo`",
        ),
        (silent(RejectedAndCompleted, None), "the rejection in `Sequence` needs a comment"),
        (silent(RejectedAndSentBack, Some(" \n")), "the rejection in `Sequence` needs a comment"),
        (filled, "the form of `Sequence` has no field `Colour`"),
    ] {
        let error = flow.act(&action, START).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(format!("{flow:?}"), before, "{expected}");
    }
    let mut flow = start(&model);
    let error = flow.act(&decide("Form", Approved, ""), START).unwrap_err();
    assert_eq!(error.to_string(), "`Form` has the type task, which is submitted, not decided");
    act(&mut flow, &[submit("Form"), decide("Parallel", RejectedAndCompleted, lee)]);
    let error = flow.act(&submit("End"), START).unwrap_err();
    assert_eq!(error.to_string(), "the flow has ended (Rejected), so `End` accepts no actions");
}
