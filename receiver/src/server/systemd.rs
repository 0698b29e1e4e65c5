//! Notifies the service manager (sd_notify): ready, reloading, stopping, and alive. Without `NOTIFY_SOCKET` nothing is sent.

use std::{env, thread, time::Duration};

use sd_notify::{NotifyState, notify, watchdog_enabled};
use tokio::{
    sync::oneshot,
    time::{MissedTickBehavior, interval, timeout},
};

/// How long to wait for a service manager that does not read.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(1);

/// The listeners are bound and the configuration is in force.
pub(crate) async fn ready() {
    let _ = timeout(NOTIFY_TIMEOUT, send(vec![NotifyState::Ready])).await;
}

/// The configuration is read again. [`ready`] follows, whatever the result.
pub(crate) async fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        let _ = timeout(NOTIFY_TIMEOUT, send(vec![NotifyState::Reloading, now])).await;
    }
}

/// The shutdown has begun.
pub(crate) async fn stopping() {
    let _ = timeout(NOTIFY_TIMEOUT, send(vec![NotifyState::Stopping])).await;
}

/// Notifies regularly that the runtime still runs its tasks; ends at once if the service manager does not ask for it.
pub(crate) async fn keep_alive() {
    let Some(limit) = watchdog_enabled() else { return };
    let mut ticks = interval((limit / 2).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Only one notification waits at a time.
        send(vec![NotifyState::Watchdog]).await;
    }
}

/// Sends from a thread of its own: it blocks while the service manager does not read, which must not delay the shutdown, as a
/// blocking task of the runtime would.
async fn send(state: Vec<NotifyState<'static>>) {
    if env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    let (done, sent) = oneshot::channel::<()>();
    let send = move || {
        if let Err(error) = notify(&state) {
            tracing::warn!(%error, "notifying the service manager failed");
        }
        drop(done);
    };
    if thread::Builder::new().name("sd-notify".to_owned()).spawn(send).is_ok() {
        let _ = sent.await;
    }
}
