//! What a run is asked for: which cases, and why some of them are not run.

use std::time::Duration;

use schemas::Clause;

use super::{
    board::Board,
    first::Fate,
    milliseconds,
    outcome::{Outcome, Reason, Throttled},
};
use crate::{
    case::{Act, Case, Changes, Condition, Watch},
    credential,
    exchange::Dialer,
    hint::Software,
    report::CaseResult,
    target::Target,
    telling,
    watch::Scene,
};

/// The cases of a run, after the plain valid message.
pub(super) struct Plan<'a> {
    pub(super) target: &'a Target,
    /// In the order of the catalogue.
    pub(super) cases: Vec<&'static Case>,
    fate: Fate,
    /// How the credential with which messages are accepted differs from the one that was given.
    base: Changes,
    offers_http2: bool,
}

impl<'a> Plan<'a> {
    pub(super) async fn new(target: &'a Target, fate: Fate, base: Changes, dialer: &Dialer) -> Self {
        let kind = credential::kind(&target.authentication);
        // What decides over everything is told, whether it was asked for or not.
        let decides = |case: &Case| match &fate {
            Fate::Refused { findings, .. } => findings.iter().any(|(id, _)| *id == case.id),
            Fate::Certificate { .. } => matches!(case.act, Act::Watch(Watch::Certificate)),
            Fate::Throttled { .. } | Fate::TooSlow => case.plain,
            Fate::Accepted | Fate::NothingTested => false,
        };
        let cases = Case::all().iter().filter(|case| case.runs_with(kind));
        let cases: Vec<&Case> = cases.filter(|case| decides(case) || case.is_wanted(target)).collect();
        let asks = !matches!(fate, Fate::Certificate { .. } | Fate::Throttled { .. })
            && cases.iter().any(|case| case.needs.contains(&Condition::Http2));
        let offers_http2 = asks && dialer.offers_http2().await.unwrap_or(false);
        Self { target, cases, fate, base, offers_http2 }
    }

    /// What is known of a case before it is run.
    pub(super) fn known(&self, case: &Case) -> Option<Outcome> {
        match &self.fate {
            Fate::Refused { findings, goes_on } => {
                let by = findings.first().map(|(by, _)| *by).unwrap_or_default();
                if let Some((_, outcome)) = findings.iter().find(|(id, _)| *id == case.id) {
                    return Some(outcome.clone());
                }
                if case.plain {
                    return Some(Outcome::Skipped(Reason::SameCause { by }));
                }
                if !goes_on {
                    return Some(Outcome::Skipped(Reason::Refused { by }));
                }
            }
            Fate::TooSlow if case.plain => return Some(Outcome::Passed { took: Duration::ZERO }),
            Fate::TooSlow => return Some(Outcome::Skipped(Reason::TooSlow)),
            Fate::Certificate { .. } => return Some(Outcome::Skipped(Reason::Certificate)),
            Fate::Throttled { status } if case.plain => {
                return Some(Outcome::Throttled(Throttled::UntilTheEnd(*status)));
            }
            Fate::Accepted | Fate::NothingTested | Fate::Throttled { .. } => {}
        }
        match (self.unmet(case), &self.fate) {
            (Some(condition), _) => Some(Outcome::Skipped(Reason::Unmet(condition.clone()))),
            (None, Fate::Throttled { status }) => Some(Outcome::Throttled(Throttled::NotTried(*status))),
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

    /// Whether the plain valid message was accepted, perhaps with a difference, so that each case was to be run.
    pub(super) fn rests_on_an_acceptance(&self) -> bool {
        matches!(self.fate, Fate::Accepted | Fate::Refused { goes_on: true, .. })
    }

    /// What is wrong with the certificate.
    pub(super) fn certificate_fault(&self) -> Option<&str> {
        match &self.fate {
            Fate::Certificate { why } => Some(why),
            _ => None,
        }
    }

    /// The results: what came of the cases that send, and what the others see in all the answers.
    pub(super) fn results(&self, board: Board, scene: &Scene<'_>) -> Vec<CaseResult> {
        let Board { outcomes, outages, .. } = board;
        let outage_of = |index: usize| outages.iter().find_map(|(of, lasted)| lasted.filter(|_| *of == index));
        let software = Software::of(scene.observations.iter().map(|seen| &seen.answer));
        let results = self.cases.iter().zip(outcomes).enumerate().filter_map(|(index, (case, outcome))| {
            let clause =
                Clause::find(&case.clause).expect("the catalogue is tested to name clauses of the contract only");
            let outcome = match &case.act {
                Act::Send(_) => outcome?,
                Act::Watch(watch) => match self.unmet(case) {
                    Some(condition) => Outcome::Skipped(Reason::Unmet(condition.clone())),
                    None => scene.look(*watch).into(),
                },
            };
            let result = outcome.result(case, clause, &software);
            Some(CaseResult { outage_ms: outage_of(index).map(milliseconds), ..result })
        });
        results.collect()
    }

    /// What a reader is told of the credential, where another would have told more.
    pub(super) fn notice(&self) -> Option<String> {
        let unmet = |condition: &&Condition| !credential::meets(&self.target.authentication, &self.base, condition);
        let would_tell =
            |case: &&&Case| case.needs.iter().find(unmet).is_some_and(Condition::is_of_telling_credentials);
        let kept_back = self.cases.iter().filter(would_tell).count();
        self.rests_on_an_acceptance().then(|| telling::other_run(&self.target.authentication, kept_back)).flatten()
    }
}
