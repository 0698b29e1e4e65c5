//! A listener at work: it accepts connections, answers each request, and ends with a report.

use std::{
    future::Future,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use schemas::Trigger;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

use super::{
    answers::{self, Answers, REDIRECTED},
    arrived::{Arrived, Fault},
    challenge,
    judge::Judge,
    ledger::{Ledger, Run},
    record::Recorder,
    wire::{Next, Wire},
};
use crate::report::Report;

/// Most connections at once; more wait.
const CONNECTIONS_MOST: usize = 256;
/// How long to wait where no connection can be accepted, as without a free descriptor.
const NONE_ACCEPTED: Duration = Duration::from_millis(100);

/// What requests are judged and answered by.
pub(super) struct Rules {
    pub(super) judge: Judge,
    pub(super) answers: Answers,
    pub(super) delay: Duration,
    pub(super) challenge_timeout: Duration,
    pub(super) messages: Option<u64>,
    pub(super) recorder: Option<Recorder>,
}

/// A listener that accepts connections.
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    duration: Option<Duration>,
    shared: Arc<Shared>,
}

/// A message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number, from 1.
    pub number: u64,
    /// What happened to the step, where the message says so.
    pub trigger: Option<Trigger>,
    /// The clauses that it breaks.
    pub broken: Vec<String>,
    /// The status that it was answered with.
    pub status: u16,
}

type OnMessage = Box<dyn Fn(&Seen) + Send + Sync>;

struct Shared {
    rules: Rules,
    ledger: Mutex<Ledger>,
    phase: watch::Sender<Phase>,
    on_message: Option<OnMessage>,
}

/// How far a run is. Whatever ends it, each message that was taken is answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Messages are taken.
    Open,
    /// All messages that were asked for have been taken; no other one is.
    Enough,
    /// Somebody ended the run, or its time is over: nothing waits any more.
    Stopped,
}

impl Listening {
    pub(super) fn new(listener: TcpListener, address: SocketAddr, rules: Rules, duration: Option<Duration>) -> Self {
        let shared =
            Shared { rules, ledger: Mutex::default(), phase: watch::Sender::new(Phase::Open), on_message: None };
        Self { listener, address, duration, shared: Arc::new(shared) }
    }

    /// Calls this for each message, before it is answered.
    ///
    /// # Panics
    /// Never: nothing else holds the listener before it runs.
    #[must_use]
    pub fn on_message(mut self, on_message: impl Fn(&Seen) + Send + Sync + 'static) -> Self {
        let shared = Arc::get_mut(&mut self.shared).expect("a listener that does not run is held once");
        shared.on_message = Some(Box::new(on_message));
        self
    }

    /// The URL to send messages to. Any path does.
    pub fn url(&self) -> String {
        format!("http://{}/hooks/flowingly", self.address)
    }

    /// Listens until enough messages came, the time is over, or `stop` is ready; then answers the messages that it has
    /// taken.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Report {
        let (started, begun) = (Timestamp::now(), Instant::now());
        let mut stop = pin!(stop);
        let mut over = pin!(async {
            match self.duration {
                Some(duration) => sleep(duration).await,
                None => std::future::pending().await,
            }
        });
        let mut connections = JoinSet::new();
        let mut enough = self.shared.phase.subscribe();
        let (mut is_accepting, mut is_stopped) = (true, false);
        while is_accepting || !connections.is_empty() {
            tokio::select! {
                biased;
                () = async { tokio::select! { () = &mut stop => {}, () = &mut over => {} } }, if !is_stopped => {
                    (is_accepting, is_stopped) = (false, true);
                    self.shared.proceed(Phase::Stopped);
                }
                () = reached(&mut enough, Phase::Enough), if is_accepting => is_accepting = false,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept(), if is_accepting && connections.len() < CONNECTIONS_MOST => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream, self.shared.clone()));
                    }
                    Err(_) => sleep(NONE_ACCEPTED).await,
                },
            }
        }
        self.shared.settle();
        let run = Run { url: self.url(), started, took_ms: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX) };
        let judge = &self.shared.rules.judge;
        self.shared.ledger().report(judge.authentication(), judge.profile().name(), run)
    }
}

/// Waits until a run is as far as this.
async fn reached(phase: &mut watch::Receiver<Phase>, awaited: Phase) {
    // The sender lives as long as the run.
    let _ = phase.wait_for(|phase| *phase >= awaited).await;
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut wire = Wire::new(stream);
    let mut phase = shared.phase.subscribe();
    loop {
        let next = tokio::select! {
            next = wire.next() => next,
            () = reached(&mut phase, Phase::Enough) => return wire.close().await,
        };
        let arrived = match next {
            Next::Request(arrived) => arrived,
            Next::Tls => {
                shared.ledger().coverage.speaks_tls();
                return;
            }
            Next::End => return,
        };
        let (has_body, keeps_alive) = (arrived.method != "HEAD", arrived.keeps_alive());
        let Some((status, challenge)) = shared.answer(*arrived) else { return wire.close().await };
        tokio::select! {
            () = sleep(shared.rules.delay) => {}
            () = reached(&mut phase, Phase::Stopped) => {}
        }
        let body = if has_body && status != 204 && status != 304 { "seen\n" } else { "" };
        let keeps_alive = keeps_alive && *phase.borrow() == Phase::Open;
        let written = wire.answer(&answers::head(status), body, keeps_alive).await;
        if let Some(number) = challenge {
            shared.clone().expire_later(number);
        }
        if written.is_err() {
            return;
        }
        if !keeps_alive {
            return wire.close().await;
        }
    }
}

impl Shared {
    fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn proceed(&self, to: Phase) {
        self.phase.send_modify(|phase| *phase = to.max(*phase));
    }

    /// Judges a request, unless it has to come with credentials first: how it is answered, and the number of the challenge if it
    /// is one; `None` after the last that was asked for.
    fn answer(&self, arrived: Arrived) -> Option<(u16, Option<u64>)> {
        if arrived.path() != REDIRECTED && challenge::is_due(self.rules.judge.authentication(), &arrived) {
            let is_open = *self.phase.borrow() == Phase::Open;
            return is_open.then(|| (401, Some(self.ledger().challenges.issue(arrived))));
        }
        self.ledger().challenges.answered_by(&arrived);
        self.take(&arrived).map(|status| (status, None))
    }

    /// Judges a message that was challenged, when it does not come again with credentials in time.
    fn expire_later(self: Arc<Self>, number: u64) {
        self.ledger().challenges.written(number);
        tokio::spawn(async move {
            sleep(self.rules.challenge_timeout).await;
            let expired = self.ledger().challenges.expire(number);
            if let Some(arrived) = expired {
                self.take(&arrived);
            }
        });
    }

    /// The run has ended: judges what waits for credentials, unless all messages that were asked for have come.
    fn settle(&self) {
        let is_enough = self.rules.messages.is_some_and(|most| self.ledger().messages >= most);
        if is_enough {
            self.ledger().challenges.forget_all();
        }
        let expired = self.ledger().challenges.expire_all();
        for arrived in expired {
            self.take(&arrived);
        }
    }

    /// Judges a request, keeps it, and says how it is answered; `None` after the last that was asked for.
    fn take(&self, arrived: &Arrived) -> Option<u16> {
        let Rules { judge, answers, messages, recorder, .. } = &self.rules;
        if arrived.path() == REDIRECTED {
            self.ledger().coverage.follows(&arrived.method);
            return Some(200);
        }
        let judged = judge.judge(arrived);
        let mut ledger = self.ledger();
        let number = ledger.messages + 1;
        if messages.is_some_and(|most| number > most) {
            return None;
        }
        let status = match arrived.faults.first() {
            None if arrived.unanswered => 401,
            None => answers.status(usize::try_from(number - 1).unwrap_or(usize::MAX)),
            Some(Fault::TooLarge) => 413,
            Some(_) => 400,
        };
        let mut shown = format!("message {number}");
        if let Some(trigger) = judged.told.trigger {
            shown.push_str(&format!(" ({})", trigger.as_str()));
        }
        if let Some(recorder) = recorder {
            match recorder.keep(number, arrived, judged.told.trigger, judge.profile(), &judged.hidden) {
                Ok(name) => shown.push_str(&format!(", kept as {name}")),
                Err(why) => ledger.notice(format!("Message {number} is not kept as a fixture: {why}.")),
            }
        }
        ledger.add(arrived, &judged, &shown, status);
        drop(ledger);
        if let Some(on_message) = &self.on_message {
            let broken = judged.findings.broken().into_iter().map(str::to_owned).collect();
            on_message(&Seen { number, trigger: judged.told.trigger, broken, status });
        }
        if messages.is_some_and(|most| number == most) {
            self.proceed(Phase::Enough);
        }
        Some(status)
    }
}
