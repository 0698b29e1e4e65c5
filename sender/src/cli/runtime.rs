//! The runtime in which a command waits for the network, and the Ctrl-C that ends the waiting.

use tokio::runtime::{Builder, Runtime};

use super::error::CliError;

/// One thread, this one.
pub(super) fn new() -> Result<Runtime, CliError> {
    Builder::new_current_thread().enable_all().build().map_err(CliError::Runtime)
}

/// Ends with Ctrl-C. If the signal cannot be caught, it ends the program.
pub(super) async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
