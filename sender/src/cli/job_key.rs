//! The key of a job: the same for the same command on the same content.

use sha2::{Digest as _, Sha256};

/// A digest of `what` the command does and of the `content` that it does it to.
pub(super) fn job_key(what: &str, content: &[u8]) -> String {
    let digest = Sha256::new().chain_update(content).chain_update(what).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
