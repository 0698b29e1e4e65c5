//! Whether what is written would be found again: the open segment under its name, or, where none is open, the folder in
//! which the next one is made. Asked by the writer after each sync, and by the health check.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;

use super::disk::{Disk, LogFile};

/// What must be in its place.
#[derive(Debug)]
pub(super) struct Placement {
    disk: Arc<dyn Disk>,
    folder: Arc<LogFile>,
    /// The open segment; the folder, where there is none.
    current: Mutex<Arc<LogFile>>,
    /// Whether it was not in its place when somebody asked last.
    is_displaced: AtomicBool,
}

impl Placement {
    pub(super) fn new(disk: Arc<dyn Disk>, folder: &Path) -> io::Result<Self> {
        let folder = Arc::new(disk.open_folder(folder)?);
        Ok(Self { disk, current: Mutex::new(folder.clone()), folder, is_displaced: AtomicBool::new(false) })
    }

    /// From now on this segment must be in its place; with `None`, the folder.
    pub(super) fn set(&self, segment: Option<&Arc<LogFile>>) {
        *self.current.lock() = segment.unwrap_or(&self.folder).clone();
    }

    /// Whether the open segment is in its place. Logs when that changes.
    pub(super) fn check(&self) -> io::Result<()> {
        loop {
            let current = self.current();
            let checked = self.disk.check_place(&current);
            // The writer may have gone on to the next segment meanwhile, and retention removed this one.
            if checked.is_ok() || Arc::ptr_eq(&current, &self.current()) {
                self.report(&checked);
                return checked;
            }
        }
    }

    /// Whether the folder is in its place.
    pub(super) fn check_folder(&self) -> io::Result<()> {
        self.disk.check_place(&self.folder)
    }

    /// Whether the last look found it displaced.
    pub(super) fn is_displaced(&self) -> bool {
        self.is_displaced.load(Ordering::Relaxed)
    }

    fn current(&self) -> Arc<LogFile> {
        self.current.lock().clone()
    }

    fn report(&self, checked: &io::Result<()>) {
        let was_displaced = self.is_displaced.swap(checked.is_err(), Ordering::Relaxed);
        match checked {
            Err(error) if !was_displaced => tracing::error!(
                %error,
                "messages are refused, because what is written to the log would be lost; bring the file or folder back, \
                 or restart the receiver to go on without it"
            ),
            Ok(()) if was_displaced => {
                tracing::info!("the log is in its place again; messages are accepted");
            }
            _ => {}
        }
    }
}
