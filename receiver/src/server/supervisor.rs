//! What the service manager hears (sd_notify): ready, reloading, stopping, and that the program still runs. Without a
//! service manager, that is without `NOTIFY_SOCKET`, nothing is said.

use std::{
    env,
    sync::{
        LazyLock,
        mpsc::{Sender, channel},
    },
    thread,
    time::Duration,
};

use sd_notify::{NotifyState, notify, watchdog_enabled};
use tokio::{
    sync::oneshot,
    time::{MissedTickBehavior, interval, timeout},
};

/// Longest time that the end waits for a service manager to hear of it.
const HEARD: Duration = Duration::from_secs(1);

/// Told in order by a thread of its own: sending waits while the service manager does not read, and must hold up nothing.
static NEWS: LazyLock<Option<Sender<News>>> = LazyLock::new(|| {
    env::var_os("NOTIFY_SOCKET")?;
    let (sender, news) = channel::<News>();
    let tell_all = move || {
        for News { state, told } in news {
            if let Err(error) = notify(&state) {
                tracing::warn!(%error, "the service manager could not be told");
            }
            // Hardly anybody waits for it.
            let _ = told.send(());
        }
    };
    thread::Builder::new().name("supervisor".to_owned()).spawn(tell_all).ok().map(|_| sender)
});

struct News {
    state: Vec<NotifyState<'static>>,
    told: oneshot::Sender<()>,
}

/// The listeners are bound and the configuration holds.
pub(crate) fn ready() {
    drop(tell(vec![NotifyState::Ready]));
}

/// The configuration is read again; [`ready`] follows, whatever comes of it.
pub(crate) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        drop(tell(vec![NotifyState::Reloading, now]));
    }
}

/// The end has begun.
pub(crate) async fn stopping() {
    // Whether it was heard or not, the end goes on.
    let _ = timeout(HEARD, tell(vec![NotifyState::Stopping])).await;
}

/// Tells that the runtime still runs its tasks, as often as the service manager asks for it; ends if it does not ask.
pub(crate) async fn keep_alive() {
    let Some(limit) = watchdog_enabled() else { return };
    let mut beat = interval((limit / 2).max(Duration::from_millis(1)));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        // One sign of life at a time waits to be heard.
        let _ = tell(vec![NotifyState::Watchdog]).await;
    }
}

/// Ends when it is told, or nobody can be.
fn tell(state: Vec<NotifyState<'static>>) -> oneshot::Receiver<()> {
    let (told, heard) = oneshot::channel();
    if let Some(news) = &*NEWS {
        // The thread ends with the program only.
        let _ = news.send(News { state, told });
    }
    heard
}
