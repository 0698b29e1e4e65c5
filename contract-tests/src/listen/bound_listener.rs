//! A bound listener: accepts connections, answers each request, and ends with a report.

use std::{
    future::Future,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use parking_lot::Mutex;
use schemas::Trigger;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

use super::{
    answers::{self, AnswerSequence, REDIRECT_PATH},
    challenge,
    http1_reader::{Http1Reader, Incoming},
    judge::Judge,
    raw_request::{RawRequest, RequestFault},
    record::Recorder,
    sender_results::{RunFacts, SenderResults},
};
use crate::report::Report;

/// Maximum number of connections at once; more wait.
const MAX_CONNECTIONS: usize = 256;
/// The pause after a failed accept, as without a free file descriptor.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(100);

pub(super) struct ListenerConfig {
    pub(super) judge: Judge,
    pub(super) answers: AnswerSequence,
    pub(super) delay: Duration,
    pub(super) challenge_timeout: Duration,
    pub(super) messages: Option<u64>,
    pub(super) recorder: Option<Recorder>,
}

/// A listener that accepts connections.
pub struct BoundListener {
    listener: TcpListener,
    address: SocketAddr,
    duration: Option<Duration>,
    shared: Arc<Shared>,
}

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// Its number, from 1.
    pub number: u64,
    /// The trigger, if the message has a known one.
    pub trigger: Option<Trigger>,
    /// The clauses that it violates.
    pub broken: Vec<String>,
    /// The status of the answer.
    pub status: u16,
}

type OnMessage = Box<dyn Fn(&ReceivedMessage) + Send + Sync>;

struct Shared {
    rules: ListenerConfig,
    results: Mutex<SenderResults>,
    phase: watch::Sender<Phase>,
    on_message: Option<OnMessage>,
}

/// The phase of a run. Whatever ends it, each accepted message is answered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// The requested number of messages has been accepted; no other one is.
    Enough,
    /// The run was stopped or ran out of time: nothing waits any more.
    Stopped,
}

impl BoundListener {
    pub(super) fn new(
        listener: TcpListener,
        address: SocketAddr,
        rules: ListenerConfig,
        duration: Option<Duration>,
    ) -> Self {
        let shared =
            Shared { rules, results: Mutex::default(), phase: watch::Sender::new(Phase::Open), on_message: None };
        Self { listener, address, duration, shared: Arc::new(shared) }
    }

    /// Calls this for each message, before it is answered.
    ///
    /// # Panics
    /// Never: nothing else holds the listener before it runs.
    #[must_use]
    pub fn on_message(mut self, on_message: impl Fn(&ReceivedMessage) + Send + Sync + 'static) -> Self {
        let shared = Arc::get_mut(&mut self.shared).expect("a listener that does not run is held once");
        shared.on_message = Some(Box::new(on_message));
        self
    }

    /// The URL to send messages to. Any path works.
    pub fn url(&self) -> String {
        format!("http://{}/hooks/flowingly", self.address)
    }

    /// Listens until it has enough messages, the time is over, or `stop` is ready; then answers the messages that it has
    /// accepted.
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
                accepted = self.listener.accept(), if is_accepting && connections.len() < MAX_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream, self.shared.clone()));
                    }
                    Err(_) => sleep(ACCEPT_RETRY_PAUSE).await,
                },
            }
        }
        self.shared.settle();
        let run =
            RunFacts { url: self.url(), started, took_ms: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX) };
        let judge = &self.shared.rules.judge;
        self.shared.results.lock().report(judge.authentication(), judge.profile().name(), run)
    }
}

/// Waits until a run reaches this phase.
async fn reached(phase: &mut watch::Receiver<Phase>, awaited: Phase) {
    // The sender lives as long as the run.
    let _ = phase.wait_for(|phase| *phase >= awaited).await;
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut wire = Http1Reader::new(stream);
    let mut phase = shared.phase.subscribe();
    loop {
        let next = tokio::select! {
            next = wire.next() => next,
            () = reached(&mut phase, Phase::Enough) => return wire.close().await,
        };
        let request = match next {
            Incoming::Request(request) => request,
            Incoming::Tls => {
                shared.results.lock().coverage.speaks_tls();
                return;
            }
            Incoming::End => return,
        };
        let (has_body, keeps_alive) = (request.method != "HEAD", request.keeps_alive());
        let Some((status, challenge)) = shared.answer(*request) else { return wire.close().await };
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
    fn proceed(&self, to: Phase) {
        self.phase.send_modify(|phase| *phase = to.max(*phase));
    }

    /// Judges a request, unless it is challenged first. Returns the status of the answer, and the number of the challenge if
    /// it is one; `None` after the requested number of messages.
    fn answer(&self, request: RawRequest) -> Option<(u16, Option<u64>)> {
        if request.path() != REDIRECT_PATH && challenge::is_due(self.rules.judge.authentication(), &request) {
            let is_open = *self.phase.borrow() == Phase::Open;
            return is_open.then(|| (401, Some(self.results.lock().challenges.issue(request))));
        }
        self.results.lock().challenges.answered_by(&request);
        self.take(&request).map(|status| (status, None))
    }

    /// Judges a challenged message if it is not sent again with credentials in time.
    fn expire_later(self: Arc<Self>, number: u64) {
        self.results.lock().challenges.written(number);
        tokio::spawn(async move {
            sleep(self.rules.challenge_timeout).await;
            let expired = self.results.lock().challenges.expire(number);
            if let Some(request) = expired {
                self.take(&request);
            }
        });
    }

    /// At the end of the run, judges the messages that wait for credentials, unless there are enough others.
    fn settle(&self) {
        let is_enough = self.rules.messages.is_some_and(|most| self.results.lock().messages >= most);
        if is_enough {
            self.results.lock().challenges.forget_all();
        }
        let expired = self.results.lock().challenges.expire_all();
        for request in expired {
            self.take(&request);
        }
    }

    /// Judges and records a request. Returns the status of the answer; `None` after the requested number of messages.
    fn take(&self, request: &RawRequest) -> Option<u16> {
        let ListenerConfig { judge, answers, messages, recorder, .. } = &self.rules;
        if request.path() == REDIRECT_PATH {
            self.results.lock().coverage.follows(&request.method);
            return Some(200);
        }
        let judged = judge.judge(request);
        let mut results = self.results.lock();
        let number = results.messages + 1;
        if messages.is_some_and(|most| number > most) {
            return None;
        }
        let status = match request.faults.first() {
            None if request.unanswered => 401,
            None => answers.status(usize::try_from(number - 1).unwrap_or(usize::MAX)),
            Some(RequestFault::TooLarge) => 413,
            Some(_) => 400,
        };
        let mut shown = format!("message {number}");
        if let Some(trigger) = judged.facts.trigger {
            shown.push_str(&format!(" ({})", trigger.as_str()));
        }
        if let Some(recorder) = recorder {
            match recorder.keep(number, request, judged.facts.trigger, judge.profile(), &judged.hidden) {
                Ok(name) => shown.push_str(&format!(", saved as {name}")),
                Err(why) => results.notice(format!("Message {number} is not saved as a fixture: {why}.")),
            }
        }
        results.add(request, &judged, &shown, status);
        drop(results);
        if let Some(on_message) = &self.on_message {
            let broken = judged.checks.violated_clauses().into_iter().map(str::to_owned).collect();
            on_message(&ReceivedMessage { number, trigger: judged.facts.trigger, broken, status });
        }
        if messages.is_some_and(|most| number == most) {
            self.proceed(Phase::Enough);
        }
        Some(status)
    }
}
