//! Posting to a URL: the queue as the backlog that a courier works off. A request is made when its time has come, so a
//! better template or a smaller budget holds for what waits already. That of a large message is made aside, since
//! rendering takes seconds: meanwhile other destinations are served, and nobody waits for it when the relay ends.

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use sender::{
    delivery::{
        AddressGuard, Attempted, Backlog, Client, ClientOptions, Courier, Due, GaveUp, Next, Outcome, Proxy,
        RetryPolicy, Summary,
    },
    outbox::Status,
};
use tokio::sync::{Notify, Semaphore, watch};

use super::{
    decisions::LARGE_BYTES,
    destination::{Content, Destination, Web},
    gate::Gate,
    post::{Post, post},
    queue::{Queue, Taken},
    rendering::{Rendered, Renderer, UNRENDERED},
    size::{Budget, Shortened},
    store::{EXPIRED, Ended, Settled, StoreError},
    teams,
};
use crate::metrics::{RelayMetrics, RelayOutcome};

/// How long to wait before a store that failed is tried again.
const MENDING: Duration = Duration::from_secs(1);

/// What waits for a URL, as the courier sees it.
#[derive(Debug)]
pub(super) struct WebBacklog {
    queue: Queue,
    destination: Arc<Destination>,
    web: Arc<Web>,
    gate: Arc<Mutex<Gate>>,
    flying: HashMap<u64, Flying>,
    metrics: Arc<RelayMetrics>,
    renderer: Renderer,
}

/// What is in flight.
#[derive(Debug)]
struct Flying {
    message: String,
    budget: Budget,
    shortened: Vec<Shortened>,
}

/// Posts what waits until `stop`; what is in flight then is waited for.
#[expect(clippy::too_many_arguments, reason = "each is needed, and none belongs to another")]
pub(super) async fn run(
    queue: Queue,
    destination: Arc<Destination>,
    web: Arc<Web>,
    gate: Arc<Mutex<Gate>>,
    metrics: Arc<RelayMetrics>,
    large: Arc<Semaphore>,
    wake: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    let courier = match courier(&web, &gate) {
        Ok(courier) => courier,
        Err(error) => {
            tracing::error!(destination = &*destination.name, %error, "nothing is relayed; correct it and start the receiver again");
            return;
        }
    };
    let renderer = Renderer::new(large, wake.clone());
    let mut backlog = WebBacklog { queue, destination, web, gate, flying: HashMap::new(), metrics, renderer };
    loop {
        let mut stopped = stop.clone();
        // One that is dropped has nobody left to wait for.
        let ended = courier.run(&mut backlog, &wake, async { drop(stopped.wait_for(|stop| *stop).await) }).await;
        let Err(error) = ended else { return };
        let name = &*backlog.destination.name;
        tracing::error!(destination = name, %error, "the relay stands still; it is tried again until it works");
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(MENDING) => {}
            }
            backlog.flying.clear();
            backlog.renderer.clear();
            if backlog.queue.begin_anew().is_ok() {
                break;
            }
        }
    }
}

fn courier(web: &Web, gate: &Arc<Mutex<Gate>>) -> Result<Courier, Box<dyn Error>> {
    let options = ClientOptions {
        timeout: web.timeout,
        connect_timeout: web.timeout.min(ClientOptions::default().connect_timeout),
        user_agent: Some(HeaderValue::from_static(concat!("webhook-receiver/", env!("CARGO_PKG_VERSION")))),
        proxy: Proxy::from_environment()?,
        guard: AddressGuard::with(&web.allowed),
        ..ClientOptions::default()
    };
    let (policy, gate, is_card) = (web.retry, gate.clone(), matches!(web.content, Content::Card { .. }));
    let judge = move |outcome| {
        let outcome = if is_card { teams::judged(outcome) } else { outcome };
        if let Some(pause) = pause(&policy, &outcome) {
            lock(&gate).shut_until(Instant::now() + pause);
        }
        outcome
    };
    Ok(Courier::new(Client::new(&options)?).with_policy(policy).judged_by(judge))
}

/// How long the other side wants nothing at all: a 429 is about whoever asks, not about one message.
fn pause(policy: &RetryPolicy, outcome: &Outcome) -> Option<Duration> {
    let now = Timestamp::now();
    match outcome {
        Outcome::Declined(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS => {
            // Without jitter what is left is what was asked for.
            match policy.next(1, now, now, outcome, 0.0) {
                Next::RetryAt(then) => Duration::try_from(now.duration_until(then)).ok(),
                Next::Delivered | Next::GiveUp(_) => None,
            }
        }
        _ => None,
    }
}

impl Backlog for WebBacklog {
    type Error = StoreError;

    fn limit_wait(&mut self, longest: Duration) -> Result<(), StoreError> {
        self.queue.limit_wait(longest)
    }

    fn take_due(&mut self, now: Timestamp, room: usize, _: &HashSet<Arc<str>>) -> Result<Vec<Due>, StoreError> {
        loop {
            let gate = self.gate.clone();
            let mut gate = lock(&gate);
            if gate.shut_for(Instant::now()).is_some() {
                return Ok(Vec::new());
            }
            let room = if gate.is_paced() { room.min(1) } else { room };
            let mut made = Vec::new();
            while made.len() < room
                && let Some(next) = self.renderer.take()
            {
                made.push(next);
            }
            let mut any = !made.is_empty();
            if made.len() < room && !self.renderer.is_full() {
                let taken = self.queue.take(now, room - made.len())?;
                any |= !taken.is_empty();
                made.extend(taken.into_iter().filter_map(|taken| self.made(taken)));
            }
            let (mut due, mut dead) = (Vec::new(), Vec::new());
            for made in made {
                match self.due(made, now) {
                    Ok(ready) => due.push(ready),
                    Err(given_up) => dead.push(given_up),
                }
            }
            if let Err(error) = self.queue.settle(dead) {
                let ids: Vec<u64> = due.iter().map(|due| due.id).collect();
                self.queue.put_back(&ids, now);
                return Err(error);
            }
            if !due.is_empty() {
                gate.pass(Instant::now());
            }
            if !due.is_empty() || !any {
                return Ok(due);
            }
        }
    }

    fn settle(&mut self, attempts: &[Attempted]) -> Result<(), StoreError> {
        let mut settled = Vec::new();
        let mut gone = None;
        for attempted in attempts {
            let Some(flying) = self.flying.remove(&attempted.id) else { continue };
            let ended = self.ended(attempted, &flying);
            self.tell(attempted, &flying, &ended);
            let words = (ended != Ended::Accepted).then(|| words(&attempted.summary));
            let this = Settled { id: attempted.id, at: attempted.at, ended, words };
            if attempted.next == Next::GiveUp(GaveUp::Gone) {
                gone = Some(this);
            } else {
                settled.push(this);
            }
        }
        self.queue.settle(settled)?;
        match gone {
            Some(gone) => self.queue.give_up(gone),
            None => Ok(()),
        }
    }

    fn next_due(&mut self, _: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, StoreError> {
        let made = self.renderer.has_any();
        let due = if made { Some(Timestamp::now()) } else { self.queue.next_due()? };
        let shut = lock(&self.gate).shut_for(Instant::now());
        let free = shut.and_then(|shut| Timestamp::now().checked_add(shut).ok());
        Ok(due.map(|due| free.map_or(due, |free| due.max(free))))
    }
}

impl WebBacklog {
    /// The request for a delivery; `None` where it is made aside.
    fn made(&mut self, taken: Taken) -> Option<Rendered> {
        let Taken { id, delivery, record } = taken;
        let Some(record) = record else {
            return Some(Rendered { id, delivery, post: Err((EXPIRED.0, EXPIRED.1.to_owned())) });
        };
        let (destination, web) = (self.destination.clone(), self.web.clone());
        let smaller = delivery.smaller();
        let is_large = record.body.len() > LARGE_BYTES;
        let make = move || post(&destination, &web, &record, smaller);
        if is_large {
            self.renderer.begin(id, delivery, make);
            return None;
        }
        Some(Rendered { id, delivery, post: make().map_err(|error| (UNRENDERED, error.to_string())) })
    }

    /// What is to be posted, or why nothing can be.
    fn due(&mut self, made: Rendered, now: Timestamp) -> Result<Due, Settled> {
        let Rendered { id, delivery, post } = made;
        let smaller = delivery.smaller();
        let destination = self.destination.clone();
        let web = self.web.clone();
        match post {
            Ok(Post { request, shortened }) => {
                let budget = match (&web.content, smaller) {
                    (_, Some(smaller)) => smaller,
                    (Content::Card { budget, .. }, None) => *budget,
                    (Content::Text { .. } | Content::Message { .. }, None) => Budget::default(),
                };
                self.flying.insert(id, Flying { message: delivery.message, budget, shortened });
                Ok(Due {
                    id,
                    attempt: delivery.attempts + 1,
                    since: delivery.since.map_or(now, |since| since.min(now)),
                    destination: destination.name.clone(),
                    target: web.target.clone(),
                    request,
                })
            }
            Err((reason, words)) => {
                let (name, message) = (&*destination.name, delivery.message);
                tracing::error!(destination = name, id = message, reason, "given up before an attempt: {words}");
                self.metrics.attempted(name, RelayOutcome::Dead);
                Err(Settled { id, at: now, ended: Ended::Dead(reason), words: Some(words) })
            }
        }
    }

    fn ended(&self, attempted: &Attempted, flying: &Flying) -> Ended {
        let is_card = matches!(self.web.content, Content::Card { .. });
        let too_large = matches!(attempted.summary, Summary::Answered { status: 413, .. });
        let smaller = flying.budget.smaller().filter(|_| is_card && too_large);
        match (&attempted.next, smaller) {
            (Next::Delivered, _) => Ended::Accepted,
            (Next::RetryAt(due), _) => Ended::Again { due: *due, budget: None },
            (Next::GiveUp(_), Some(smaller)) => Ended::Again { due: Timestamp::now(), budget: Some(smaller.bytes()) },
            (Next::GiveUp(why), None) => Ended::Dead(Status::Failed(*why).reason().unwrap_or_default()),
        }
    }

    fn tell(&self, attempted: &Attempted, flying: &Flying, ended: &Ended) {
        let (destination, message, attempt) = (&*self.destination.name, &*flying.message, attempted.attempt);
        let took = attempted.took.as_millis();
        let words = words(&attempted.summary);
        let outcome = match ended {
            Ended::Accepted => {
                let shortened: Vec<String> = flying.shortened.iter().map(ToString::to_string).collect();
                let shortened = (!shortened.is_empty()).then(|| shortened.join(", "));
                tracing::info!(destination, id = message, attempt, took, shortened, "relayed: accepted ({words})");
                RelayOutcome::Accepted
            }
            Ended::Again { budget: Some(bytes), .. } => {
                tracing::warn!(
                    destination,
                    id = message,
                    attempt,
                    took,
                    bytes,
                    "too large; a smaller card follows ({words})"
                );
                RelayOutcome::TooLarge
            }
            Ended::Again { due, budget: None } => {
                tracing::warn!(destination, id = message, attempt, took, next = %due, "not relayed, tried again: {words}");
                RelayOutcome::Again
            }
            Ended::Dead(reason) => {
                tracing::error!(destination, id = message, attempt, took, reason, "given up, a dead letter: {words}");
                RelayOutcome::Dead
            }
        };
        self.metrics.attempted(destination, outcome);
    }
}

/// What came of an attempt, in words without a secret.
fn words(summary: &Summary) -> String {
    match summary {
        Summary::Answered { status, detail: Some(detail) } => format!("{status}: {detail}"),
        Summary::Answered { status, detail: None } => status.to_string(),
        Summary::Unanswered { words, .. } | Summary::Failed { words } => words.clone(),
    }
}

fn lock(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
