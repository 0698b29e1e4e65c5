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
    sync::Notify,
    task::JoinSet,
    time::sleep,
};

use super::{
    answers::{self, Answers, REDIRECTED},
    arrived::{Arrived, Fault},
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
    /// All messages that were asked for have been answered.
    enough: Notify,
    on_message: Option<OnMessage>,
}

impl Listening {
    pub(super) fn new(listener: TcpListener, address: SocketAddr, rules: Rules, duration: Option<Duration>) -> Self {
        let shared = Shared { rules, ledger: Mutex::default(), enough: Notify::new(), on_message: None };
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

    /// Listens until enough messages came, the time is over, or `stop` is ready.
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
        loop {
            tokio::select! {
                // A message that was answered counts, whatever else is ready.
                biased;
                () = self.shared.enough.notified() => break,
                () = &mut stop => break,
                () = &mut over => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS_MOST => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream, self.shared.clone()));
                    }
                    Err(_) => sleep(NONE_ACCEPTED).await,
                },
            }
        }
        connections.shutdown().await;
        let run = Run { url: self.url(), started, took_ms: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX) };
        let judge = &self.shared.rules.judge;
        self.shared.ledger().report(judge.authentication(), judge.profile().name(), run)
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut wire = Wire::new(stream);
    loop {
        let arrived = match wire.next().await {
            Next::Request(arrived) => arrived,
            Next::Tls => {
                shared.ledger().coverage.speaks_tls();
                return;
            }
            Next::End => return,
        };
        let keeps_alive = arrived.keeps_alive();
        let (status, last) = shared.take(&arrived);
        sleep(shared.rules.delay).await;
        let body = if arrived.method == "HEAD" || status == 204 || status == 304 { "" } else { "seen\n" };
        let written = wire.answer(&answers::head(status), body, keeps_alive).await;
        if last {
            shared.enough.notify_one();
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

    /// Judges a request and keeps it; its answer, and whether it is the last that was asked for.
    fn take(&self, arrived: &Arrived) -> (u16, bool) {
        let Rules { judge, answers, messages, recorder, .. } = &self.rules;
        if arrived.path() == REDIRECTED {
            self.ledger().coverage.follows(&arrived.method);
            return (200, false);
        }
        let judged = judge.judge(arrived);
        let mut ledger = self.ledger();
        let number = ledger.messages + 1;
        let status = match arrived.faults.first() {
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
        (status, messages.is_some_and(|most| number == most))
    }
}
