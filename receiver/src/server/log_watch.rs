//! Checks regularly that the files of the log are still there, so a missing one is noticed even if no messages arrive.

use std::{path::PathBuf, pin::pin, sync::Arc, time::Duration};

use crate::log::SegmentedLog;

/// Time between two checks, which list the folder of the log.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Checks the log until `stop`.
pub(super) async fn run(log: Arc<SegmentedLog>, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut known = Vec::new();
    loop {
        let checked = log.clone();
        match tokio::task::spawn_blocking(move || find_missing(&checked)).await {
            // The log is not in its place, which is logged elsewhere.
            Ok(None) => {}
            Ok(Some(missing)) => {
                report(&known, &missing);
                known = missing;
            }
            Err(_) => return,
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
        }
    }
}

/// The segments that were deleted or moved; `None` while the log is not in its place.
fn find_missing(log: &SegmentedLog) -> Option<Vec<PathBuf>> {
    log.check_place().ok()?;
    log.missing().ok()
}

fn report(known: &[PathBuf], missing: &[PathBuf]) {
    for path in missing.iter().filter(|path| !known.contains(path)) {
        tracing::error!(
            path = %path.display(),
            "a file of the log was deleted or moved, with the messages in it; restore it, from a backup if necessary. \
             New messages are stored"
        );
    }
    for path in known.iter().filter(|path| !missing.contains(path)) {
        tracing::info!(path = %path.display(), "a file of the log is back");
    }
}
