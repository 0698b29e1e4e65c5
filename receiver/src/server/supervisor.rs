//! What the service manager hears (sd_notify): ready, reloading, stopping, and that the program still runs. Without a
//! service manager, that is without `NOTIFY_SOCKET`, nothing is said.

use std::time::Duration;

use sd_notify::{NotifyState, notify, watchdog_enabled};

/// The listeners are bound and the configuration holds.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is read again; [`ready`] follows, whatever comes of it.
pub(crate) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// The end has begun.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Tells that the runtime still runs its tasks, as often as the service manager asks for it; ends if it does not ask.
pub(crate) async fn keep_alive() {
    let Some(limit) = watchdog_enabled() else { return };
    let mut beat = tokio::time::interval((limit / 2).max(Duration::from_millis(1)));
    loop {
        beat.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
