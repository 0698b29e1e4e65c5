//! Who may act in a step. An actor that is no e-mail address is a team or a role: anyone may act for it, since a model
//! does not say who belongs to it.

use schemas::StepKind;

use super::{Impossible, StepRun};

/// Who acts: `by`, or the one whose turn it is. `None` where the model names nobody and nobody is said.
pub(super) fn acting(run: &StepRun<'_>, by: Option<&str>) -> Result<Option<String>, Impossible> {
    // The seats in an approval, each free until its actor has decided.
    let free: Vec<&str> = free(run);
    let Some(by) = by else { return Ok(free.first().map(|&actor| actor.to_owned())) };
    let seats = match run.step.kind {
        StepKind::PublicForm => return Ok(Some(by.to_owned())),
        StepKind::SequentialApproval => free.get(..1).unwrap_or_default(),
        _ => &free,
    };
    if run.step.actors.is_empty() || seats.iter().any(|actor| fits(actor, by)) {
        return Ok(Some(by.to_owned()));
    }
    let step = run.step.name.clone();
    let by = by.to_owned();
    Err(if run.snapshot.decisions.iter().any(|decision| decision.approver == by) {
        Impossible::AlreadyDecided { step, by, waiting: free.into_iter().map(str::to_owned).collect() }
    } else if let (Some(next), true) = (seats.first(), free.iter().any(|actor| fits(actor, &by))) {
        Impossible::NotTheirTurn { step, by, next: (*next).to_owned() }
    } else {
        Impossible::NotAnActor { step, by, actors: run.step.actors.clone() }
    })
}

/// The actors that have not decided, in the model's order. A decision takes the seat of the actor it is by, or that of
/// the first team.
pub(super) fn free<'m>(run: &StepRun<'m>) -> Vec<&'m str> {
    let mut free: Vec<&str> = run.step.actors.iter().map(String::as_str).collect();
    for decision in &run.snapshot.decisions {
        let approver = decision.approver.as_str();
        let own = free.iter().position(|actor| *actor == approver);
        if let Some(seat) = own.or_else(|| free.iter().position(|actor| fits(actor, approver))) {
            free.remove(seat);
        }
    }
    free
}

fn fits(actor: &str, by: &str) -> bool {
    actor == by || !actor.contains('@')
}
