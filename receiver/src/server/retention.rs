//! Removes messages that are older or more than the configuration allows, while the server is running.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::log::{Retention, SegmentedLog};

/// Maximum time between two checks, which list the folder of the log.
const MAX_CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// Minimum time between two checks while messages arrive.
const MIN_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Checks the log until `stop`, or not at all if messages are kept forever.
pub(super) async fn run(log: Arc<SegmentedLog>, retention: Retention, stop: impl Future<Output = ()>) {
    if retention.is_unlimited() {
        return;
    }
    let mut stop = pin!(stop);
    let mut news = log.subscribe();
    loop {
        let checked = log.clone();
        match tokio::task::spawn_blocking(move || checked.retain(SystemTime::now())).await {
            Ok(Ok(removed)) => {
                if removed.segments > 0 {
                    tracing::info!(segments = removed.segments, bytes = removed.bytes, "removed the oldest messages");
                }
                if removed.held > 0 {
                    tracing::warn!(
                        segments = removed.held,
                        "old messages are kept longer because a consumer has not read them"
                    );
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "removing the oldest messages failed"),
            Err(_) => return,
        }
        let next_check = async {
            tokio::time::sleep(MIN_CHECK_INTERVAL).await;
            // Messages grow old even if none arrive.
            let _ = tokio::time::timeout(MAX_CHECK_INTERVAL, news.changed()).await;
        };
        tokio::select! {
            () = &mut stop => return,
            () = next_check => {}
        }
    }
}
