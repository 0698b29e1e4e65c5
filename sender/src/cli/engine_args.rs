//! The delivery engine's options: how many at a time, how fast, how often again, how long, and to which addresses.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::Args;
use delivery::{Client, ClientOptions, Dispatcher, Proxy, Rate, RetryPolicy, RetrySettings};
use http::HeaderValue;

use super::{duration, error::CliError, file, guard_args::GuardArgs};

const DELIVERY: &str = "Delivery";

#[derive(Args)]
pub(super) struct EngineArgs {
    /// Requests at a time; those of one flow always go one after the other
    #[arg(long, value_name = "N", default_value = "8", help_heading = DELIVERY)]
    concurrency: NonZeroUsize,

    /// Most requests to the endpoint, such as 50/s or 300/m [default: as fast as it answers]
    #[arg(long, value_name = "N/s", help_heading = DELIVERY)]
    rate: Option<Rate>,

    /// Most attempts at a message, the first included
    #[arg(long, value_name = "N", default_value = "8", help_heading = DELIVERY)]
    attempts: u32,

    /// Most time before the second attempt; it doubles with each further one, and the wait is drawn from 0 up to it
    #[arg(long, value_name = "TIME", default_value = "1s", help_heading = DELIVERY, value_parser = duration::parse)]
    backoff: Duration,

    /// Most that the wait grows to
    #[arg(long, value_name = "TIME", default_value = "1m", help_heading = DELIVERY, value_parser = duration::parse)]
    max_backoff: Duration,

    /// Time after the first attempt at a message, after which none begins
    #[arg(long, value_name = "TIME", default_value = "60m", help_heading = DELIVERY, value_parser = duration::parse)]
    give_up_after: Duration,

    /// Most time for a request: seconds, or a number with ms, s or m
    #[arg(long, value_name = "TIME", default_value = "30s", help_heading = DELIVERY, value_parser = duration::parse)]
    timeout: Duration,

    /// Most time for a connection, TLS included
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = DELIVERY, value_parser = duration::parse)]
    connect_timeout: Duration,

    /// Certificates (PEM) to trust besides the platform's
    #[arg(long, value_name = "FILE", help_heading = DELIVERY)]
    ca: Option<PathBuf>,

    /// The user-agent of the requests [default: webhook-sender and its version]
    #[arg(long, value_name = "TEXT", help_heading = DELIVERY, value_parser = user_agent)]
    user_agent: Option<HeaderValue>,

    #[command(flatten)]
    guard: GuardArgs,
}

impl EngineArgs {
    /// The dispatcher that these describe.
    pub(super) fn dispatcher(&self) -> Result<Dispatcher, CliError> {
        let policy = RetryPolicy::new(RetrySettings {
            base: self.backoff,
            cap: self.max_backoff.max(self.backoff),
            attempts: self.attempts,
            total: self.give_up_after,
            ..RetrySettings::default()
        })?;
        let client = Client::new(&ClientOptions {
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
            extra_roots: self.ca.clone().map(file::roots).transpose()?.unwrap_or_default(),
            max_idle_per_host: self.concurrency.get(),
            user_agent: self.user_agent.clone(),
            proxy: Proxy::from_environment()?,
            guard: self.guard.guard(),
            ..ClientOptions::default()
        })
        .map_err(CliError::Tls)?;
        let dispatcher = Dispatcher::new(client).with_policy(policy).with_concurrency(self.concurrency);
        Ok(match self.rate {
            Some(rate) => dispatcher.with_rate(rate),
            None => dispatcher,
        })
    }
}

/// A value that can stand in the header.
pub(super) fn user_agent(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text)
        .map_err(|_| "it holds something other than visible ASCII characters and spaces".to_owned())
}
