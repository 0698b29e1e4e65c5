//! The key of a job: the same for the same command on the same content, in every version of the program.

use sha2::{Digest as _, Sha256};

/// Makes a key of named values, each with its length, so that no two commands are written alike. What goes in is text
/// and bytes that the user gave, never a representation of this program's own.
pub(super) struct JobKey(Sha256);

impl JobKey {
    pub(super) fn of(command: &str) -> Self {
        Self(Sha256::new()).with("command", command)
    }

    pub(super) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let parts = [name.as_bytes(), value.as_ref()];
        let add =
            |digest: Sha256, part: &[u8]| digest.chain_update((part.len() as u64).to_be_bytes()).chain_update(part);
        Self(parts.into_iter().fold(self.0, add))
    }

    /// With a value, where there is one.
    pub(super) fn with_some(self, name: &str, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(super) fn finish(self) -> String {
        hex(self.0)
    }
}

/// The key that version 0.1.0 gave to a job, of how it represents `what` the command does. A job that it left unfinished
/// is found by it.
pub(super) fn of_0_1(what: &str, content: &[u8]) -> String {
    hex(Sha256::new().chain_update(content).chain_update(what))
}

fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_command_never_changes() {
        let key = JobKey::of("run").with("model", "name = \"Order\"\n").with_some("flow", Some("FLOW-7")).finish();
        assert_eq!(key, "b2d334549e553e77a1ce5221b5664ca481aa0e7a0065a9379a882d785105d528");
    }

    #[test]
    fn no_two_commands_have_the_same_key() {
        let keys = [
            JobKey::of("run"),
            JobKey::of("replay"),
            JobKey::of("run").with("flow", "a"),
            JobKey::of("run").with("flow", ""),
            JobKey::of("run").with("subject", "a"),
            JobKey::of("run").with("flow", "a").with("subject", "b"),
            JobKey::of("run").with("flow", "asubjectb"),
            JobKey::of("run").with_some("flow", None::<&str>).with("subject", "ab"),
        ];
        let keys = keys.map(JobKey::finish);
        for (number, key) in keys.iter().enumerate() {
            assert!(!keys[..number].contains(key), "{number}");
        }
    }
}
