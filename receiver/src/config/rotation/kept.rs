//! The file of an old secret: `NAME.until-20261231T120000Z`, next to the file `NAME` with the new one.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use storage::durable_dir;

const EXPIRY_INFIX: &str = ".until-";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub file: PathBuf,
    /// When the secret expires, in whole seconds.
    pub until: Timestamp,
}

impl Kept {
    /// For a secret that is accepted for `keep` from now on. A time beyond the calendar becomes one on its last day.
    pub(super) fn new(secret: &Path, now: Timestamp, keep: Duration) -> Self {
        // A day before the last representable second leaves room for several rotations in the same second.
        let last = Timestamp::MAX.as_second() - 24 * 3600;
        let end = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX).saturating_add(now.as_second());
        // Two rotations in the same second need two files.
        let mut later = (end.min(last)..).map_while(|second| Timestamp::from_second(second).ok());
        let until = later.find(|until| !named(secret, *until).exists()).unwrap_or(Timestamp::MAX);
        Self { file: named(secret, until), until }
    }

    /// All old secrets next to the file of a secret, by name.
    pub(crate) fn all(secret: &Path) -> Vec<Self> {
        let entries = fs::read_dir(durable_dir::of(secret)).into_iter().flatten().flatten();
        let mut all: Vec<Self> = entries
            .filter_map(|entry| {
                let file = secret.with_file_name(entry.file_name());
                Some(Self { until: until(secret, &file)?, file })
            })
            .collect();
        all.sort_by(|a, b| a.file.cmp(&b.file));
        all
    }

    /// What its name adds to the name of the secret's file.
    pub(super) fn suffix(&self) -> String {
        suffix(self.until)
    }
}

fn suffix(until: Timestamp) -> String {
    format!("{EXPIRY_INFIX}{}", until.strftime("%Y%m%dT%H%M%SZ"))
}

fn named(secret: &Path, until: Timestamp) -> PathBuf {
    let mut name = secret.as_os_str().to_owned();
    name.push(suffix(until));
    name.into()
}

/// The expiry in the name of a file, if it holds an old secret of this one.
pub(super) fn until(secret: &Path, file: &Path) -> Option<Timestamp> {
    let name = file.file_name()?.to_str()?;
    name.strip_prefix(secret.file_name()?.to_str()?)?.strip_prefix(EXPIRY_INFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn the_name_holds_the_expiry() {
        let folder = TempDir::new().unwrap();
        let secret = folder.path().join("client-secret");
        let now: Timestamp = "2026-11-24T12:00:00.7Z".parse().unwrap();
        let kept = Kept::new(&secret, now, Duration::from_secs(24 * 3600));
        assert_eq!(kept.file, folder.path().join("client-secret.until-20261125T120000Z"));
        fs::write(&kept.file, "x").unwrap();
        for other in ["client-secret", "client-secret.until-soon", "other.until-20261125T120000Z"] {
            fs::write(folder.path().join(other), "x").unwrap();
        }
        assert_eq!(Kept::all(&secret), std::slice::from_ref(&kept));
        assert_eq!(
            Kept::new(&secret, now, Duration::from_secs(24 * 3600)).until.as_second(),
            kept.until.as_second() + 1
        );
        let far = Kept::new(&secret, now, Duration::MAX);
        fs::write(&far.file, "x").unwrap();
        assert_eq!(Kept::new(&secret, now, Duration::MAX).until.as_second(), far.until.as_second() + 1);
    }
}
