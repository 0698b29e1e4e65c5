//! Where an old secret lies: `NAME.until-20261231T120000Z` beside the file that was called `NAME`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

use crate::folder;

const UNTIL: &str = ".until-";

/// An old secret's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The file.
    pub file: PathBuf,
    /// The secret's last moment, in whole seconds.
    pub until: Timestamp,
}

impl Kept {
    /// The file for a secret that is accepted for `keep` from now on. Moments that no calendar has become one of the last day.
    pub(super) fn new(secret: &Path, now: Timestamp, keep: Duration) -> Self {
        // A day before the last moment that there is: room for those that were rotated in one second.
        let last = Timestamp::MAX.as_second() - 24 * 3600;
        let end = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX).saturating_add(now.as_second());
        // Two in one second are two files.
        let mut later = (end.min(last)..).map_while(|second| Timestamp::from_second(second).ok());
        let until = later.find(|until| !named(secret, *until).exists()).unwrap_or(Timestamp::MAX);
        Self { file: named(secret, until), until }
    }

    /// All that lie beside a secret's file, in the order of their names.
    pub(in crate::config) fn all(secret: &Path) -> Vec<Self> {
        let entries = fs::read_dir(folder::of(secret)).into_iter().flatten().flatten();
        let mut all: Vec<Self> = entries
            .filter_map(|entry| {
                let file = secret.with_file_name(entry.file_name());
                Some(Self { until: until(secret, &file)?, file })
            })
            .collect();
        all.sort_by(|a, b| a.file.cmp(&b.file));
        all
    }

    /// What its name adds to that of the secret's file.
    pub(super) fn suffix(&self) -> String {
        suffix(self.until)
    }
}

fn suffix(until: Timestamp) -> String {
    format!("{UNTIL}{}", until.strftime("%Y%m%dT%H%M%SZ"))
}

fn named(secret: &Path, until: Timestamp) -> PathBuf {
    let mut name = secret.as_os_str().to_owned();
    name.push(suffix(until));
    name.into()
}

/// Until when a file's name says that it keeps an old secret of that one.
pub(super) fn until(secret: &Path, file: &Path) -> Option<Timestamp> {
    let name = file.file_name()?.to_str()?;
    name.strip_prefix(secret.file_name()?.to_str()?)?.strip_prefix(UNTIL)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn the_name_says_until_when() {
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
