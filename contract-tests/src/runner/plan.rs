//! The cases of a run, and why some of them are not run.

use std::time::Duration;

use super::{
    outcome::{Outcome, SkipReason, Throttled, milliseconds},
    preflight::PreflightResult,
    run_state::RunState,
};
use crate::{
    case::{Action, AuthenticationKind, Case, Changes, Condition, Invariant},
    credential,
    exchange::EndpointClient,
    hint::Software,
    invariants::RunObservations,
    report::CaseResult,
    strong_credentials,
    target::Target,
};

/// The cases of a run, given the result of the preflight.
pub(super) struct Plan<'a> {
    pub(super) target: &'a Target,
    /// In the order of the catalogue.
    pub(super) cases: Vec<&'static Case>,
    preflight: PreflightResult,
    /// How the credential with which messages are accepted differs from the one that was given.
    base: Changes,
    offers_http2: bool,
}

impl<'a> Plan<'a> {
    pub(super) async fn new(
        target: &'a Target,
        preflight: PreflightResult,
        base: Changes,
        client: &EndpointClient,
    ) -> Self {
        let kind = AuthenticationKind::from(&target.authentication);
        // A case that decides everything is reported even if it was not selected.
        let decides = |case: &Case| match &preflight {
            PreflightResult::Refused { findings, .. } => findings.iter().any(|(id, _)| *id == case.id),
            PreflightResult::Certificate { .. } => matches!(case.action, Action::Check(Invariant::Certificate)),
            PreflightResult::Throttled { .. } | PreflightResult::TooSlow => case.plain,
            PreflightResult::Accepted | PreflightResult::NothingTested => false,
        };
        let cases = Case::all().iter().filter(|case| case.runs_with(kind));
        let cases: Vec<&Case> = cases.filter(|case| decides(case) || case.is_wanted(target)).collect();
        let asks = !matches!(preflight, PreflightResult::Certificate { .. } | PreflightResult::Throttled { .. })
            && cases.iter().any(|case| case.needs.contains(&Condition::Http2));
        let offers_http2 = asks && client.offers_http2().await.unwrap_or(false);
        Self { target, cases, preflight, base, offers_http2 }
    }

    /// The outcome of a case, if it is known before it is run.
    pub(super) fn known(&self, case: &Case) -> Option<Outcome> {
        match &self.preflight {
            PreflightResult::Refused { findings, goes_on } => {
                let by = findings.first().map(|(by, _)| *by).unwrap_or_default();
                if let Some((_, outcome)) = findings.iter().find(|(id, _)| *id == case.id) {
                    return Some(outcome.clone());
                }
                if case.plain {
                    return Some(Outcome::Skipped(SkipReason::SameCause { by }));
                }
                if !goes_on {
                    return Some(Outcome::Skipped(SkipReason::PlainRefused { by }));
                }
            }
            PreflightResult::TooSlow if case.plain => return Some(Outcome::Passed { took: Duration::ZERO }),
            PreflightResult::TooSlow => return Some(Outcome::Skipped(SkipReason::TooSlow)),
            PreflightResult::Certificate { .. } => return Some(Outcome::Skipped(SkipReason::InvalidCertificate)),
            PreflightResult::Throttled { status } if case.plain => {
                return Some(Outcome::Throttled(Throttled::UntilTheEnd(*status)));
            }
            PreflightResult::Accepted | PreflightResult::NothingTested | PreflightResult::Throttled { .. } => {}
        }
        match (self.unmet(case), &self.preflight) {
            (Some(condition), _) => Some(Outcome::Skipped(SkipReason::ConditionNotMet(condition.clone()))),
            (None, PreflightResult::Throttled { status }) => Some(Outcome::Throttled(Throttled::NotTried(*status))),
            (None, _) => None,
        }
    }

    /// The first of a case's conditions that is not met.
    fn unmet<'c>(&self, case: &'c Case) -> Option<&'c Condition> {
        case.needs.iter().find(|condition| match condition {
            Condition::Https => !self.target.endpoint.is_encrypted(),
            Condition::Http2 => !self.offers_http2,
            Condition::ProfileV1 => !self.target.profile.is_canonical(),
            Condition::Credential(..) | Condition::Padding | Condition::PlusOrSlash => {
                !credential::meets(&self.target.authentication, &self.base, condition)
            }
        })
    }

    /// Whether the plain valid message was accepted, perhaps with a variation, so that the cases are run.
    pub(super) fn has_acceptance(&self) -> bool {
        matches!(self.preflight, PreflightResult::Accepted | PreflightResult::Refused { goes_on: true, .. })
    }

    /// What is wrong with the certificate.
    pub(super) fn certificate_fault(&self) -> Option<&str> {
        match &self.preflight {
            PreflightResult::Certificate { why } => Some(why),
            _ => None,
        }
    }

    /// The results of the cases that send, and of the invariants.
    pub(super) fn results(&self, state: RunState, observations: &RunObservations<'_>) -> Vec<CaseResult> {
        let RunState { outcomes, outages, .. } = state;
        let outage_of = |index: usize| outages.iter().find_map(|(of, lasted)| lasted.filter(|_| *of == index));
        let software = Software::of(observations.observations.iter().map(|seen| &seen.answer));
        let results = self.cases.iter().zip(outcomes).enumerate().filter_map(|(index, (case, outcome))| {
            let outcome = match &case.action {
                Action::Send(_) => outcome?,
                Action::Check(invariant) => match self.unmet(case) {
                    Some(condition) => Outcome::Skipped(SkipReason::ConditionNotMet(condition.clone())),
                    None => observations.check(*invariant).into(),
                },
            };
            let result = outcome.result(case, &software);
            Some(CaseResult { outage_ms: outage_of(index).map(milliseconds), ..result })
        });
        results.collect()
    }

    /// Adds the cases that only `--skip` excluded, so that an untested clause does not look like one that holds.
    pub(super) fn add_excluded(&self, results: &mut Vec<CaseResult>) {
        let kind = AuthenticationKind::from(&self.target.authentication);
        for case in Case::all().iter().filter(|case| case.runs_with(kind)) {
            if let Some(pattern) = case.excluded_by(self.target)
                && !results.iter().any(|result| result.id == case.id)
            {
                let excluded = Outcome::Skipped(SkipReason::Excluded(pattern.to_owned()));
                results.push(excluded.result(case, &Software::default()));
            }
        }
        results.sort_by_key(|result| Case::all().iter().position(|case| case.id == result.id));
    }

    /// The notice that another credential would prove more, if it would.
    pub(super) fn credential_notice(&self) -> Option<String> {
        let unmet = |condition: &&Condition| !credential::meets(&self.target.authentication, &self.base, condition);
        let needs_strong =
            |case: &&&Case| case.needs.iter().find(unmet).is_some_and(Condition::is_met_by_strong_credentials);
        let not_run = self.cases.iter().filter(needs_strong).count();
        self.has_acceptance().then(|| strong_credentials::advice(&self.target.authentication, not_run)).flatten()
    }
}
