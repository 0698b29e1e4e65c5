//! Looks now and then whether the files of the log are still there, so that it is noticed without a message, too.

use std::{path::PathBuf, pin::pin, sync::Arc, time::Duration};

use crate::log::{MessageLog as _, Segments};

/// Time between two looks; a look costs a listing of the log's folder.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks at the log until `stop`.
pub(super) async fn run(log: Arc<Segments>, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut known = Vec::new();
    loop {
        let looking = log.clone();
        match tokio::task::spawn_blocking(move || look(&looking)).await {
            // Where it cannot be listed, it is not in its place, and that is logged.
            Ok(None) => {}
            Ok(Some(missing)) => {
                report(&known, &missing);
                known = missing;
            }
            Err(_) => return,
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The segments that somebody has taken away; `None` while the log is not in its place.
fn look(log: &Segments) -> Option<Vec<PathBuf>> {
    log.check_place().ok()?;
    log.missing().ok()
}

fn report(known: &[PathBuf], missing: &[PathBuf]) {
    for path in missing.iter().filter(|path| !known.contains(path)) {
        tracing::error!(
            path = %path.display(),
            "a file of the log was deleted or moved, with every message in it; bring it back, from a backup if need be. \
             New messages are stored"
        );
    }
    for path in known.iter().filter(|path| !missing.contains(path)) {
        tracing::info!(path = %path.display(), "a file of the log is back");
    }
}
