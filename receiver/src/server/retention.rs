//! Keeps the log as small and as young as the configuration asks, beside everything else.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::log::{Retention, Segments};

/// Longest time between two looks; a look costs a listing of the log's folder.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Shortest time between two looks when messages arrive.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// Looks at the log until `stop`; not at all where messages are kept for ever.
pub(super) async fn run(log: Arc<Segments>, retention: Retention, stop: impl Future<Output = ()>) {
    if retention.is_for_ever() {
        return;
    }
    let mut stop = pin!(stop);
    let mut news = log.news();
    loop {
        let looking = log.clone();
        match tokio::task::spawn_blocking(move || looking.retain(SystemTime::now())).await {
            Ok(Ok(removed)) => {
                if removed.segments > 0 {
                    tracing::info!(segments = removed.segments, bytes = removed.bytes, "removed the oldest messages");
                }
                if removed.held > 0 {
                    tracing::warn!(
                        segments = removed.held,
                        "messages are kept for longer: not every consumer has read them"
                    );
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "the oldest messages could not be removed"),
            Err(_) => return,
        }
        let next_look = async {
            tokio::time::sleep(AT_MOST_EVERY).await;
            // Without news there may still be something that has grown old.
            let _ = tokio::time::timeout(LOOK_EVERY, news.changed()).await;
        };
        tokio::select! {
            () = &mut stop => return,
            () = next_look => {}
        }
    }
}
