//! The queue of posts to a URL, which a dispatcher delivers. A request is made when it is due, so that a corrected
//! template or a smaller budget applies to waiting deliveries too. The request of a large message takes seconds, so it
//! is rendered on another thread, where it blocks neither other destinations nor the shutdown.

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use delivery::{
    AddressGuard, AttemptResult, Client, ClientOptions, DeliveryQueue, Dispatcher, GiveUpReason, Outcome,
    OutcomeSummary, Proxy, RateLimiter, ReadyDelivery, RetryDecision,
};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::{
    context::RelayContext,
    decisions::LARGE_BYTES,
    destination::{Content, Destination, Web},
    post::{Post, post},
    queue::{DestinationQueue, TakenDelivery},
    rendering::{Rendered, Renderer, UNRENDERED_REASON},
    size::{Budget, Shortened},
    store::{DeliveryOutcome, Disposition, EXPIRED_REASON, StoreError},
    teams,
};
use crate::metrics::{RelayMetrics, RelayOutcome};

/// Back-off after an error of the store.
const STORE_RETRY_DELAY: Duration = Duration::from_secs(1);

/// The deliveries to a URL.
#[derive(Debug)]
pub(super) struct HttpQueue {
    queue: DestinationQueue,
    destination: Arc<Destination>,
    web: Arc<Web>,
    /// The URL: destinations with the same URL share a limiter.
    limiter_key: Arc<str>,
    in_flight: HashMap<u64, PostInFlight>,
    metrics: Arc<RelayMetrics>,
    renderer: Renderer,
}

/// A delivery in flight.
#[derive(Debug)]
struct PostInFlight {
    message: String,
    budget: Budget,
    shortened: Vec<Shortened>,
}

/// Posts deliveries until `stop`, and then waits for those in flight.
pub(super) async fn run(
    context: RelayContext,
    queue: DestinationQueue,
    destination: Arc<Destination>,
    web: Arc<Web>,
    limiter: Arc<RateLimiter>,
    wake: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    let limiter_key: Arc<str> = web.url.to_string().into();
    let dispatcher = match dispatcher(&web, limiter, limiter_key.clone()) {
        Ok(dispatcher) => dispatcher,
        Err(error) => {
            tracing::error!(destination = &*destination.name, %error, "nothing is relayed; correct it and start the receiver again");
            return;
        }
    };
    let renderer = Renderer::new(context.large, wake.clone());
    let (in_flight, metrics) = (HashMap::new(), context.metrics);
    let mut queue = HttpQueue { queue, destination, web, limiter_key, in_flight, metrics, renderer };
    loop {
        let mut stopped = stop.clone();
        // If the sender is dropped, there is nothing to wait for either.
        let ended = dispatcher.run(&mut queue, &wake, async { drop(stopped.wait_for(|stop| *stop).await) }).await;
        let Err(error) = ended else { return };
        tracing::error!(destination = &*queue.destination.name, %error, "the relay failed; retrying");
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(STORE_RETRY_DELAY) => {}
            }
            queue.in_flight.clear();
            queue.renderer.clear();
            if queue.queue.reload().is_ok() {
                break;
            }
        }
    }
}

fn dispatcher(web: &Web, limiter: Arc<RateLimiter>, key: Arc<str>) -> Result<Dispatcher, Box<dyn Error>> {
    let defaults = ClientOptions::default();
    let options = ClientOptions {
        timeout: web.timeout,
        connect_timeout: web.timeout.min(defaults.connect_timeout),
        user_agent: Some(HeaderValue::from_static(concat!("webhook-receiver/", env!("CARGO_PKG_VERSION")))),
        proxy: Proxy::from_environment()?,
        guard: AddressGuard::with(&web.allowed),
        ..defaults
    };
    let (policy, is_card) = (web.retry, matches!(web.content, Content::Card { .. }));
    let dispatcher = Dispatcher::new(Client::new(&options)?).with_policy(policy).with_limiter(limiter.clone());
    Ok(dispatcher.map_outcome(move |outcome| {
        let outcome = if is_card { teams::map_outcome(outcome) } else { outcome };
        // A 429 limits the client, not one message, so it pauses the URL.
        if let Outcome::Declined(answer) = &outcome
            && answer.status == StatusCode::TOO_MANY_REQUESTS
            && let Some(pause) = policy.retry_after(&outcome, Timestamp::now())
        {
            limiter.pause_until(&key, Instant::now() + pause);
        }
        outcome
    }))
}

impl DeliveryQueue for HttpQueue {
    type Error = StoreError;

    fn limit_wait(&mut self, longest: Duration) -> Result<(), StoreError> {
        self.queue.limit_wait(longest)
    }

    fn take_due(
        &mut self,
        now: Timestamp,
        room: usize,
        held: &HashSet<Arc<str>>,
    ) -> Result<Vec<ReadyDelivery>, StoreError> {
        if held.contains(&self.limiter_key) {
            return Ok(Vec::new());
        }
        loop {
            let mut rendered = Vec::new();
            while rendered.len() < room
                && let Some(next) = self.renderer.take()
            {
                rendered.push(next);
            }
            let mut any = !rendered.is_empty();
            if rendered.len() < room && !self.renderer.is_full() {
                let taken = self.queue.take(now, room - rendered.len())?;
                any |= !taken.is_empty();
                rendered.extend(taken.into_iter().filter_map(|taken| self.render(taken)));
            }
            let (mut ready, mut dead) = (Vec::new(), Vec::new());
            for rendered in rendered {
                match self.ready(rendered, now) {
                    Ok(next) => ready.push(next),
                    Err(given_up) => dead.push(given_up),
                }
            }
            if let Err(error) = self.queue.complete(dead) {
                let ids: Vec<u64> = ready.iter().map(|ready| ready.id).collect();
                self.queue.put_back(&ids, now);
                return Err(error);
            }
            if !ready.is_empty() || !any {
                return Ok(ready);
            }
        }
    }

    fn complete(&mut self, results: &[AttemptResult]) -> Result<(), StoreError> {
        let mut outcomes = Vec::new();
        let mut gone = None;
        for result in results {
            let Some(in_flight) = self.in_flight.remove(&result.id) else { continue };
            let disposition = self.disposition(result, &in_flight);
            self.log_outcome(result, &in_flight, &disposition);
            let error = (disposition != Disposition::Delivered).then(|| text(&result.summary));
            let outcome = DeliveryOutcome { id: result.id, at: result.at, disposition, error };
            if result.decision == RetryDecision::GiveUp(GiveUpReason::Gone) {
                gone = Some(outcome);
            } else {
                outcomes.push(outcome);
            }
        }
        self.queue.complete(outcomes)?;
        match gone {
            Some(gone) => self.queue.give_up(gone),
            None => Ok(()),
        }
    }

    fn next_due(&mut self, held: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, StoreError> {
        if held.contains(&self.limiter_key) {
            return Ok(None);
        }
        if self.renderer.has_any() { Ok(Some(Timestamp::now())) } else { self.queue.next_due() }
    }
}

impl HttpQueue {
    /// Renders the request of a delivery; `None` if that happens on another thread.
    fn render(&mut self, taken: TakenDelivery) -> Option<Rendered> {
        let TakenDelivery { id, delivery, record } = taken;
        let Some(record) = record else {
            let (reason, text) = EXPIRED_REASON;
            return Some(Rendered { id, delivery, post: Err((reason, text.to_owned())) });
        };
        let (destination, web) = (self.destination.clone(), self.web.clone());
        let smaller = delivery.smaller_budget();
        let is_large = record.body.len() > LARGE_BYTES;
        let render = move || post(&destination, &web, &record, smaller);
        if is_large {
            self.renderer.begin(id, delivery, render);
            return None;
        }
        Some(Rendered { id, delivery, post: render().map_err(|error| (UNRENDERED_REASON, error.to_string())) })
    }

    /// The delivery of a rendered request, or the outcome if it could not be rendered.
    fn ready(&mut self, rendered: Rendered, now: Timestamp) -> Result<ReadyDelivery, DeliveryOutcome> {
        let Rendered { id, delivery, post } = rendered;
        let smaller = delivery.smaller_budget();
        match post {
            Ok(Post { request, shortened }) => {
                let budget = match (&self.web.content, smaller) {
                    (_, Some(smaller)) => smaller,
                    (Content::Card { budget, .. }, None) => *budget,
                    (Content::Text { .. } | Content::Message { .. }, None) => Budget::default(),
                };
                self.in_flight.insert(id, PostInFlight { message: delivery.message, budget, shortened });
                Ok(ReadyDelivery {
                    id,
                    attempt: delivery.attempts + 1,
                    since: delivery.since.map_or(now, |since| since.min(now)),
                    destination: self.limiter_key.clone(),
                    url: self.web.url.clone(),
                    request,
                })
            }
            Err((reason, error)) => {
                let (name, message) = (&*self.destination.name, delivery.message);
                tracing::error!(destination = name, id = message, reason, "given up before an attempt: {error}");
                self.metrics.attempted(name, RelayOutcome::Dead);
                Err(DeliveryOutcome { id, at: now, disposition: Disposition::DeadLetter(reason), error: Some(error) })
            }
        }
    }

    fn disposition(&self, result: &AttemptResult, in_flight: &PostInFlight) -> Disposition {
        let is_card = matches!(self.web.content, Content::Card { .. });
        let too_large = matches!(result.summary, OutcomeSummary::Answered { status: 413, .. });
        let smaller = in_flight.budget.smaller().filter(|_| is_card && too_large);
        match (&result.decision, smaller) {
            (RetryDecision::Delivered, _) => Disposition::Delivered,
            (RetryDecision::RetryAt(due), _) => Disposition::Retry { due: *due, budget: None },
            (RetryDecision::GiveUp(_), Some(smaller)) => {
                Disposition::Retry { due: Timestamp::now(), budget: Some(smaller.bytes()) }
            }
            (RetryDecision::GiveUp(why), None) => Disposition::DeadLetter(why.code()),
        }
    }

    fn log_outcome(&self, result: &AttemptResult, in_flight: &PostInFlight, disposition: &Disposition) {
        let (destination, id, attempt) = (&*self.destination.name, &*in_flight.message, result.attempt);
        let (duration_ms, text) = (result.took.as_millis(), text(&result.summary));
        let outcome = match disposition {
            Disposition::Delivered => {
                let shortened: Vec<String> = in_flight.shortened.iter().map(ToString::to_string).collect();
                let shortened = (!shortened.is_empty()).then(|| shortened.join(", "));
                tracing::info!(destination, id, attempt, duration_ms, shortened, "relayed: accepted ({text})");
                RelayOutcome::Accepted
            }
            Disposition::Retry { budget: Some(bytes), .. } => {
                let text = format!("too large; a smaller card follows ({text})");
                tracing::warn!(destination, id, attempt, duration_ms, bytes, "{text}");
                RelayOutcome::TooLarge
            }
            Disposition::Retry { due, budget: None } => {
                let text = format!("not relayed, tried again: {text}");
                tracing::warn!(destination, id, attempt, duration_ms, next = %due, "{text}");
                RelayOutcome::Again
            }
            Disposition::DeadLetter(reason) => {
                tracing::error!(destination, id, attempt, duration_ms, reason, "given up, a dead letter: {text}");
                RelayOutcome::Dead
            }
        };
        self.metrics.attempted(destination, outcome);
    }
}

/// The outcome of an attempt as text without secrets.
fn text(summary: &OutcomeSummary) -> String {
    match summary {
        OutcomeSummary::Answered { status, detail: Some(detail) } => format!("{status}: {detail}"),
        OutcomeSummary::Answered { status, detail: None } => status.to_string(),
        OutcomeSummary::Unanswered { message, .. } | OutcomeSummary::Failed { message } => message.clone(),
    }
}

#[cfg(test)]
mod tests;
