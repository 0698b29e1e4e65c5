//! Reads the configuration and its secrets again while the server is running: on request, and when one of their files changes.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::signal::unix::Signal;

use super::{state::SharedConfig, systemd};
use crate::{
    config::{Config, ConfigChanges, ConfigError, ConfigReading, PLAINTEXT_SECRET_WARNING, Sources},
    metrics::Metrics,
};

/// How often the files are checked. A change must look the same twice before it is read, so no half-written file is.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// Changes the configuration of a running server.
pub(crate) struct Reloader {
    config: SharedConfig,
    // Weak, because the log is closed when the server ends.
    #[cfg(feature = "relay")]
    relay: std::sync::Weak<crate::relay::RelayHandle>,
    running: Mutex<Config>,
    metrics: Arc<Metrics>,
}

/// A configuration is valid, but cannot be applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    #[error(transparent)]
    InTheClear(#[from] InTheClear),
    #[cfg(feature = "relay")]
    #[error("the relay cannot store from which message on the configuration is in force: {0}")]
    Relay(#[from] crate::relay::store::StoreError),
}

/// A configuration is valid, but not on the open listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a Basic endpoint or the inspector would receive passwords over plain HTTP on its current address; a new `listen` or \
     `inspect` takes effect at the next start"
)]
pub(crate) struct InTheClear;

impl Reloader {
    pub(super) fn new(
        config: SharedConfig,
        #[cfg(feature = "relay")] relay: &Arc<crate::relay::RelayHandle>,
        running: Config,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            config,
            #[cfg(feature = "relay")]
            relay: Arc::downgrade(relay),
            running: Mutex::new(running),
            metrics,
        }
    }

    /// Applies a configuration to every request and connection that begins from now on, and returns what changed. Only a start
    /// changes the addresses of listeners, the data folder, what is printed, the limits, and the retention.
    /// On an error nothing changes.
    pub(crate) fn apply(&self, new: Config) -> Result<ConfigChanges, ApplyError> {
        let mut running = self.running.lock();
        let changes = ConfigChanges::between(&running, &new);
        let is_warned = new.takes_client_secrets_in_the_clear();
        let applied = Config {
            listen: running.listen,
            admin: running.admin,
            inspect: running.inspect.clone(),
            data_dir: running.data_dir.clone(),
            log_payloads: running.log_payloads,
            limits: running.limits,
            retention: running.retention,
            ..new
        };
        if applied.takes_passwords_in_the_clear() {
            return Err(InTheClear.into());
        }
        // The file may have another address, which is in force from the next start on.
        if applied.takes_client_secrets_in_the_clear() && !is_warned {
            tracing::warn!("{PLAINTEXT_SECRET_WARNING}");
        }
        // What is due follows from the configuration that is in force when a message is acknowledged. So it is stored before any
        // request uses it, and the previous one stays in force until no request uses that any more.
        #[cfg(feature = "relay")]
        let relay = self.relay.upgrade();
        #[cfg(feature = "relay")]
        if let Some(relay) = &relay {
            let names: Vec<&str> = applied.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
            relay.configure(&names, &applied.destinations)?;
        }
        self.config.replace(&applied);
        #[cfg(feature = "relay")]
        if let Some(relay) = relay {
            if let Err(error) = relay.retire() {
                tracing::error!(%error, "this and the previous configuration are both in force until the next start");
            }
            relay.serve(applied.destinations.clone());
        }
        applied.endpoints.iter().for_each(|endpoint| self.metrics.add_endpoint(&endpoint.name));
        *running = applied;
        Ok(changes)
    }

    /// Reads the configuration with `read` at every signal, and when one of the files it comes from changes. Errors go to the
    /// log, and the previous configuration stays in force.
    pub(crate) async fn follow(
        self: Arc<Self>,
        read: impl Fn() -> ConfigReading + Clone + Send + 'static,
        mut sources: Sources,
        mut signal: Signal,
    ) {
        loop {
            let again = tokio::select! {
                signal = signal.recv() => signal,
                () = changed(&sources) => Some(()),
            };
            if again.is_none() {
                return;
            }
            systemd::reloading().await;
            let Ok(ConfigReading { config, sources: seen }) = tokio::task::spawn_blocking(read.clone()).await else {
                return;
            };
            sources = if config.is_ok() { seen } else { seen.and_now(&sources) };
            let is_applied = match config {
                Ok(new) => {
                    // It may wait for a disk.
                    let this = self.clone();
                    tokio::task::spawn_blocking(move || this.apply_and_log(new)).await.unwrap_or_default()
                }
                Err(error) => {
                    log_problems(&error);
                    false
                }
            };
            if !is_applied {
                tracing::error!("the new configuration is not applied; the previous one stays in force");
            }
            self.metrics.set_configuration_ok(is_applied);
            systemd::ready().await;
        }
    }

    fn apply_and_log(&self, new: Config) -> bool {
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
                let message = if changes.is_empty() { "nothing changed" } else { "it is in force" };
                tracing::info!("the configuration was read again; {message}");
            }
            Err(error) => {
                tracing::error!("{error}");
            }
        }
        applied.is_ok()
    }
}

fn log_problems(error: &ConfigError) {
    match error {
        ConfigError::Wrong { problems } => problems.iter().for_each(|problem| tracing::error!("{problem}")),
        other => tracing::error!("{other}"),
    }
}

/// Waits until the files differ from these and have stopped changing.
async fn changed(sources: &Sources) {
    let mut before = sources.clone();
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let checked = before.clone();
        // A file system that hangs must not delay the requests.
        let Ok(now) = tokio::task::spawn_blocking(move || checked.now()).await else { return };
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
            config: SharedConfig::new(&running),
            #[cfg(feature = "relay")]
            relay: std::sync::Weak::new(),
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
            ("inspect", "", "inspect = \"127.0.0.1:3\""),
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
