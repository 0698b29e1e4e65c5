//! Ends what SQLite does for a reader when its time is over.

use std::{sync::Arc, time::Instant};

use parking_lot::Mutex;
use rusqlite::Connection;

/// Number of SQLite's operations between two looks at the clock. A long list of the text index is read with a few operations for
/// each of its pages.
const CHECK_OPERATIONS: i32 = 100;

/// When the statements of a connection are interrupted.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadline(Arc<Mutex<Option<Instant>>>);

impl Deadline {
    /// Installs a deadline, which is not set yet.
    pub(super) fn install(connection: &mut Connection) -> rusqlite::Result<Self> {
        let deadline = Self::default();
        let at = deadline.clone();
        connection.progress_handler(CHECK_OPERATIONS, Some(move || at.is_over()))?;
        Ok(deadline)
    }

    pub(super) fn set(&self, at: Option<Instant>) {
        *self.0.lock() = at;
    }

    pub(super) fn clear(&self) {
        self.set(None);
    }

    fn is_over(&self) -> bool {
        self.0.lock().is_some_and(|at| Instant::now() >= at)
    }
}
