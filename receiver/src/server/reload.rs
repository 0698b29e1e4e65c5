//! The configuration and its secrets, read again while the server runs: on demand, and when one of their files changes.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::{signal::unix::Signal, sync::watch};

use super::{current::Current, supervisor};
use crate::{
    config::{CLIENT_SECRET_IN_THE_CLEAR, Changes, Config, ConfigError, Reading, Sources},
    index::Profiles,
    log::Segments,
    metrics::Metrics,
};

/// How often the files are looked at. What was written must look the same twice before it is read, so that no half of
/// it is.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Changes what a running server goes by.
#[derive(Debug)]
pub struct Reloader {
    // Not its owner: the log is closed when the server ends, whoever could still reload it.
    current: Weak<Current<Segments>>,
    profiles: watch::Sender<Profiles>,
    #[cfg(feature = "relay")]
    destinations: watch::Sender<crate::relay::Destinations>,
    // It is gone when the relay has ended.
    #[cfg(feature = "relay")]
    relay: Weak<crate::relay::RelayHandle>,
    running: Mutex<Config>,
    metrics: Arc<Metrics>,
}

/// A configuration is right, and yet cannot be taken over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// It does not fit the listener that is open.
    #[error(transparent)]
    InTheClear(#[from] InTheClear),
    /// The relay cannot write down from which message on it is in force.
    #[cfg(feature = "relay")]
    #[error("the relay cannot write down from which message on it is in force: {0}")]
    Relay(#[from] crate::relay::store::StoreError),
}

/// A configuration holds by itself, but not on the listener that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a Basic endpoint would take passwords over plain HTTP on the address that is listened on now; the new `listen` \
     takes effect at the next start"
)]
pub struct InTheClear;

impl Reloader {
    pub(super) fn new(
        current: &Arc<Current<Segments>>,
        profiles: watch::Sender<Profiles>,
        #[cfg(feature = "relay")] (destinations, relay): (
            watch::Sender<crate::relay::Destinations>,
            &Arc<crate::relay::RelayHandle>,
        ),
        running: Config,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            current: Arc::downgrade(current),
            profiles,
            #[cfg(feature = "relay")]
            destinations,
            #[cfg(feature = "relay")]
            relay: Arc::downgrade(relay),
            running: Mutex::new(running),
            metrics,
        }
    }

    /// Lets this configuration hold for every request and connection that begins from now on, and says what changed.
    /// What a start alone can change stays: the listeners' addresses, the data folder, what is printed, the limits, how long
    /// messages are kept.
    ///
    /// # Errors
    /// When passwords would cross a network unencrypted, or the relay's store cannot be written; then all stays as it was.
    pub fn apply(&self, new: Config) -> Result<Changes, ApplyError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = Changes::between(&running, &new);
        let is_warned = new.takes_client_secrets_in_the_clear();
        let started = Config {
            listen: running.listen,
            admin: running.admin,
            data_dir: running.data_dir.clone(),
            log_payloads: running.log_payloads,
            limits: running.limits,
            retention: running.retention,
            ..new
        };
        if started.takes_passwords_in_the_clear() {
            return Err(InTheClear.into());
        }
        // The file may name another address, which holds from the next start on.
        if started.takes_client_secrets_in_the_clear() && !is_warned {
            tracing::warn!("{CLIENT_SECRET_IN_THE_CLEAR}");
        }
        if let Some(current) = self.current.upgrade() {
            // What is due follows from the configuration in force when a message was acknowledged. So it is written down
            // before a request can be judged by it, and the one before holds until none is judged by that any more.
            #[cfg(feature = "relay")]
            let relay = self.relay.upgrade();
            #[cfg(feature = "relay")]
            if let Some(relay) = &relay {
                let names: Vec<&str> = started.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
                relay.configure(&names, &started.destinations)?;
            }
            current.replace(&started);
            #[cfg(feature = "relay")]
            if let Some(Err(error)) = relay.map(|relay| relay.retire()) {
                tracing::error!(%error, "messages go by this and by the previous configuration until the next start");
            }
            started.endpoints.iter().for_each(|endpoint| self.metrics.foresee(&endpoint.name));
            self.profiles.send_replace(started.profiles());
            #[cfg(feature = "relay")]
            self.destinations.send_replace(started.destinations.clone());
        }
        *running = started;
        Ok(changes)
    }

    /// Reads the configuration by `read` whenever this signal asks to, and when one of the files that it comes from changes. What is
    /// wrong goes to the log, and what held before goes on.
    pub async fn follow(
        self: Arc<Self>,
        read: impl Fn() -> Reading + Clone + Send + 'static,
        mut sources: Sources,
        mut asked: Signal,
    ) {
        loop {
            let again = tokio::select! {
                asked = asked.recv() => asked,
                () = changed(&sources) => Some(()),
            };
            if again.is_none() {
                return;
            }
            supervisor::reloading();
            let Ok(Reading { config, sources: seen }) = tokio::task::spawn_blocking(read.clone()).await else {
                return;
            };
            sources = if config.is_ok() { seen } else { seen.and_now(&sources) };
            let taken_over = match config {
                Ok(new) => {
                    // It may wait for a disk.
                    let this = self.clone();
                    tokio::task::spawn_blocking(move || this.apply_and_say(new)).await.unwrap_or_default()
                }
                Err(error) => {
                    say_wrong(&error);
                    false
                }
            };
            if !taken_over {
                tracing::error!("the configuration is not taken over; the one before still holds");
            }
            self.metrics.configured(taken_over);
            supervisor::ready();
        }
    }

    fn apply_and_say(&self, new: Config) -> bool {
        for warning in &new.warnings {
            tracing::warn!("{warning}");
        }
        let applied = self.apply(new);
        match &applied {
            Ok(changes) => {
                for change in &changes.at_once {
                    tracing::info!("{change}");
                }
                for key in &changes.at_next_start {
                    tracing::warn!("the new `{key}` takes effect at the next start");
                }
                let message = if changes.is_empty() { "nothing in it changed" } else { "it holds from now on" };
                tracing::info!("the configuration was read again; {message}");
            }
            Err(error) => {
                tracing::error!("{error}");
            }
        }
        applied.is_ok()
    }
}

fn say_wrong(error: &ConfigError) {
    match error {
        ConfigError::Wrong { problems } => problems.iter().for_each(|problem| tracing::error!("{problem}")),
        other => tracing::error!("{other}"),
    }
}

/// Waits until the files differ from these, and have stopped changing.
async fn changed(sources: &Sources) {
    let mut before = sources.clone();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let look = before.clone();
        // A file system that hangs must not hold up the requests.
        let Ok(now) = tokio::task::spawn_blocking(move || look.now()).await else { return };
        if now == before && now != *sources {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::metrics::LogMetrics;

    /// Nothing is bound here, and no server runs.
    fn reloader(running: Config) -> Reloader {
        Reloader {
            current: Weak::new(),
            profiles: watch::Sender::default(),
            #[cfg(feature = "relay")]
            destinations: watch::Sender::new([].into()),
            #[cfg(feature = "relay")]
            relay: Weak::new(),
            running: Mutex::new(running),
            metrics: Arc::new(Metrics::new([].into_iter(), &LogMetrics::default())),
        }
    }

    fn load(folder: &TempDir, text: &str) -> Config {
        let file = folder.path().join("receiver.toml");
        fs::write(&file, text).unwrap();
        Config::load(&file).unwrap()
    }

    #[test]
    fn passwords_are_not_taken_in_the_clear_on_the_address_that_stays() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("password"), "x").unwrap();
        let basic = "[[endpoint]]\npath = \"/\"\nauthentication = { type = \"basic\", username = \"jo\", password = \"file:password\" }\n";
        let reloader = reloader(load(&folder, "listen = \"192.0.2.1:80\"\n[[endpoint]]\npath = \"/\"\n"));
        let refused = reloader.apply(load(&folder, &format!("listen = \"127.0.0.1:80\"\n{basic}")));
        assert!(matches!(refused, Err(ApplyError::InTheClear(_))), "{refused:?}");
        let proxied = load(&folder, &format!("listen = \"127.0.0.1:80\"\nbehind_tls_proxy = true\n{basic}"));
        assert_eq!(reloader.apply(proxied).unwrap().at_next_start, ["listen"]);
    }

    #[test]
    fn what_a_start_alone_can_change_is_compared_with_what_is_in_force() {
        let folder = TempDir::new().unwrap();
        let with = |key: &str| load(&folder, &format!("{key}\n[[endpoint]]\npath = \"/\"\n"));
        for (key, before, after) in [
            ("listen", "listen = \"127.0.0.1:1\"", "listen = \"127.0.0.1:2\""),
            ("admin", "", "admin = \"127.0.0.1:2\""),
            ("data_dir", "", "data_dir = \"elsewhere\""),
            ("log_payloads", "log_payloads = true", "log_payloads = false"),
            ("[limits]", "", "limits.connections = 7"),
            ("[retention]", "retention.max_age = \"1d\"", "retention.max_age = \"2d\""),
        ] {
            let reloader = reloader(with(before));
            for _ in 0..2 {
                assert_eq!(reloader.apply(with(after)).unwrap().at_next_start, [key]);
            }
            assert!(reloader.apply(with(before)).unwrap().is_empty(), "{key}");
        }
    }
}
