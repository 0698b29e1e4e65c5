//! The options of the delivery engine: concurrency, rate, attempts and back-off.

use std::{num::NonZeroUsize, time::Duration};

use clap::Args;
use console::duration;

use super::{
    client_args::{ClientArgs, UserAgentArgs},
    error::CliError,
};
use delivery::{Client, ClientOptions, Dispatcher, Rate, RetryPolicy, RetrySettings};

#[derive(Args)]
#[command(next_help_heading = "Delivery")]
pub(super) struct EngineArgs {
    /// Number of concurrent requests; those of one flow are always sent one after the other.
    #[arg(long, value_name = "N", default_value = "8")]
    concurrency: NonZeroUsize,

    /// Maximum request rate, such as 50/s or 300/m [default: no limit].
    #[arg(long, value_name = "N/s")]
    rate: Option<Rate>,

    /// Maximum number of attempts per message, including the first.
    #[arg(long, value_name = "N", default_value = "8")]
    attempts: u32,

    /// Maximum wait before the second attempt; it doubles with each further one, and the wait is random from 0 up to it.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration::parse_limit)]
    backoff: Duration,

    /// Maximum wait before any attempt, at most 1d.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = duration::parse_limit)]
    max_backoff: Duration,

    /// Time after the first attempt at a message after which no other begins, at most 1d.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration::parse_limit)]
    give_up_after: Duration,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    user_agent: UserAgentArgs,
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
            max_idle_per_host: self.concurrency.get(),
            user_agent: self.user_agent.user_agent.clone(),
            ..self.client.options()?
        })
        .map_err(CliError::Tls)?;
        let dispatcher = Dispatcher::new(client).with_policy(policy).with_concurrency(self.concurrency);
        Ok(match self.rate {
            Some(rate) => dispatcher.with_rate(rate),
            None => dispatcher,
        })
    }
}
