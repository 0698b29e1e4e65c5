//! Why the plain valid message is refused: sends [`Probe`]s until one is accepted, then combinations of them.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{backoff, case_runner::CaseRunner, probe::Probe};
use crate::{
    case::RequestForm,
    exchange::Answer,
    request::RequestBuilder,
    variation::{Difference, Variation},
};

/// How often a probe is sent again after a status about load.
const MAX_RETRIES: u32 = 2;

pub(super) enum Diagnosis {
    /// The message is accepted with these differences, each of which is needed.
    Found(Vec<Probe>),
    /// The plain valid message is accepted after all.
    AcceptedNow,
    NotFound {
        requests: usize,
    },
}

struct Probing<'p, 'a> {
    runner: &'p CaseRunner<'a>,
    /// When probing ends: after half of the time that is left.
    until: Instant,
    requests: usize,
}

impl CaseRunner<'_> {
    /// Sends probes; with `safe` only those with the right credential.
    pub(super) async fn diagnose(&self, safe: bool) -> Diagnosis {
        let mut probes = Probe::all(&self.builder);
        probes.retain(|probe| probe.is_safe || !safe);
        let until = Instant::now() + self.end.saturating_duration_since(Instant::now()) / 2;
        let mut probing = Probing { runner: self, until, requests: 0 };
        let single = probes.iter().map(|probe| vec![probe]);
        for set in single.chain(combinations(&probes)) {
            if !probing.is_accepted(&set).await {
                continue;
            }
            let set = probing.minimal(set).await;
            // The difference is the cause only if removing it and adding it again changes the answer.
            for _ in 0..2 {
                if probing.is_accepted(&[]).await {
                    return Diagnosis::AcceptedNow;
                }
            }
            if probing.is_accepted(&set).await {
                return Diagnosis::Found(set.into_iter().cloned().collect());
            }
        }
        Diagnosis::NotFound { requests: probing.requests }
    }
}

impl Probing<'_, '_> {
    /// Drops what is not needed for the acceptance.
    async fn minimal<'s>(&mut self, mut set: Vec<&'s Probe>) -> Vec<&'s Probe> {
        let mut at = 0;
        while set.len() > 1 && at < set.len() {
            let mut without = set.clone();
            without.remove(at);
            if self.is_accepted(&without).await {
                set = without;
            } else {
                at += 1;
            }
        }
        set
    }

    async fn is_accepted(&mut self, set: &[&Probe]) -> bool {
        let differences = set.iter().map(|probe| probe.difference.clone()).collect();
        let builder = RequestBuilder { variation: Variation { differences }, ..self.runner.builder.clone() };
        for repeat in 0..=MAX_RETRIES {
            if Instant::now() >= self.until {
                return false;
            }
            self.requests += 1;
            let Some(answer) = self.runner.probe_with(&builder, self.until).await else { return false };
            if !answer.is_unavailable() {
                return answer.is_acceptance();
            }
            let pause = backoff::pause(answer.retry_after(), repeat);
            sleep(pause.min(self.until.saturating_duration_since(Instant::now()))).await;
        }
        false
    }
}

/// Sets of differences that endpoints may require together: those of usual clients, those against forged forms, and with
/// them each host and each form of the credential.
fn combinations<'p>(probes: &'p [Probe]) -> Vec<Vec<&'p Probe>> {
    let of = |is_meant: fn(&Difference) -> bool| probes.iter().filter(move |probe| is_meant(&probe.difference));
    let usual: Vec<&Probe> = of(is_usual).collect();
    let protected: Vec<&Probe> = of(|difference| is_usual(difference) || is_protection(difference)).collect();
    let all = of(|difference| is_usual(difference) || matches!(difference, Difference::Headers(_))).collect();
    let with = |set: &[&'p Probe], probe: &'p Probe| set.iter().copied().chain([probe]).collect::<Vec<&'p Probe>>();
    let hosts = of(|difference| matches!(difference, Difference::Host(_)));
    let hosts = hosts.flat_map(|host| [with(&usual, host), with(&protected, host)]);
    let credentials = of(is_of_credential).map(|credential| with(&usual, credential));
    [usual.clone(), protected.clone(), all].into_iter().chain(hosts).chain(credentials).collect()
}

/// Whether it satisfies a protection against forged forms. An `Origin` does not: it would have to match the host.
fn is_protection(difference: &Difference) -> bool {
    match difference {
        Difference::Headers(headers) => {
            headers.iter().any(|(name, _)| matches!(*name, "x-csrftoken" | "x-requested-with"))
        }
        _ => false,
    }
}

fn is_of_credential(difference: &Difference) -> bool {
    matches!(
        difference,
        Difference::Latin1 | Difference::EscapedSecret | Difference::SecretName(_) | Difference::Credential(_)
    )
}

/// Whether most clients send it.
fn is_usual(difference: &Difference) -> bool {
    match difference {
        Difference::Scheme | Difference::HeaderNames => true,
        Difference::ContentType(value) => value.starts_with("application/json"),
        Difference::Headers(headers) => matches!(headers.as_slice(), [("user-agent" | "accept", _)]),
        _ => false,
    }
}

impl CaseRunner<'_> {
    /// Sends a plain message of this builder. `None` without an answer in time.
    async fn probe_with(&self, builder: &RequestBuilder<'_>, until: Instant) -> Option<Answer> {
        let request = builder.build(&RequestForm::default(), self.next_probe_flow()).ok()?;
        let limit =
            self.client.timeout.min(until.saturating_duration_since(Instant::now())).max(Duration::from_millis(1));
        let answer = self.client.send_within(&request, limit).await;
        self.keep(&request, answer.clone(), false, false);
        answer.ok()
    }
}
