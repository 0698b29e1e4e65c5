//! Sends the requests of a case, each on a connection of its own or on one that is kept.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;

use super::{backoff, case_runner::CaseRunner};
use crate::{
    case::{Connections, Exchange},
    exchange::{Answer, Connection, TransportError},
    request::Request,
};

/// How often a message that follows others of its case is sent again after a status about load.
const MAX_LOAD_RETRIES: u32 = 3;

impl CaseRunner<'_> {
    /// Sends all requests of a case; returns the answer to the preceding one, and to the others.
    pub(super) async fn exchange(
        &self,
        exchange: &Exchange,
        limit: Duration,
        requests: &[Request],
        before: Option<&Request>,
        retry_on_load: bool,
    ) -> (Option<Answer>, Vec<Result<Answer, TransportError>>) {
        let repeats = if retry_on_load && requests.len() > 1 { MAX_LOAD_RETRIES } else { 0 };
        match exchange.connections {
            Connections::AtOnce => {
                (None, join_all(requests.iter().map(|request| self.client.send_within(request, limit))).await)
            }
            Connections::Own if before.is_none() => {
                let mut answers = Vec::new();
                for request in requests {
                    let mut answer = self.client.send_within(request, limit).await;
                    for repeat in 0..repeats {
                        if !self.pause_for(&answer, repeat).await {
                            break;
                        }
                        answer = self.client.send_within(request, limit).await;
                    }
                    answers.push(answer);
                }
                (None, answers)
            }
            Connections::Own | Connections::Kept => self.on_one_connection(limit, before, requests, repeats).await,
        }
    }

    /// After a status about load, waits for the time that it asks for or one that doubles. `false` if there is nothing to
    /// wait for.
    async fn pause_for(&self, answer: &Result<Answer, TransportError>, repeat: u32) -> bool {
        let Ok(answer) = answer else { return false };
        if !answer.is_unavailable() {
            return false;
        }
        let pause = backoff::pause(answer.retry_after(), repeat);
        let has_time = Instant::now() + pause < self.end;
        if has_time {
            sleep(pause).await;
        }
        has_time
    }

    /// Sends all on one connection, as long as the endpoint leaves it open.
    async fn on_one_connection(
        &self,
        limit: Duration,
        before: Option<&Request>,
        requests: &[Request],
        repeats: u32,
    ) -> (Option<Answer>, Vec<Result<Answer, TransportError>>) {
        let mut connection = None;
        let mut answers = Vec::new();
        for request in before.into_iter().chain(requests) {
            let was_open = connection.is_some();
            let mut answer = self.send_on(&mut connection, request, limit).await;
            // After a refusal, a server may close the connection before the next request arrives (RFC 9112 section 9.5). A
            // client then uses a new one.
            if was_open && before.is_some() && answer == Err(TransportError::Closed) {
                answer = self.send_on(&mut connection, request, limit).await;
            }
            for repeat in 0..repeats {
                if !self.pause_for(&answer, repeat).await {
                    break;
                }
                answer = self.send_on(&mut connection, request, limit).await;
            }
            answers.push(answer);
        }
        let mut preceding = None;
        if let Some(before) = before {
            let answer = answers.remove(0);
            preceding = answer.clone().ok();
            self.keep(before, answer, false, false);
        }
        (preceding, answers)
    }

    /// Sends on the open connection, or on a new one.
    async fn send_on(
        &self,
        connection: &mut Option<Connection>,
        request: &Request,
        limit: Duration,
    ) -> Result<Answer, TransportError> {
        let mut open = match connection.take() {
            Some(open) => open,
            None => self.client.open().await?,
        };
        let answer = open.send(request, limit).await;
        if answer.as_ref().is_ok_and(|answer| answer.reusable) {
            *connection = Some(open);
        }
        answer
    }
}
