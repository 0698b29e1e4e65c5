//! Checks that any configuration text causes no panic, and only problems at existing lines without secrets.
#![no_main]

use std::{fs, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use receiver::config::{Config, ConfigError};
use tempfile::TempDir;

const CANARY: &str = "canary-5c7a0e";

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = tempfile::Builder::new().tempdir_in("/dev/shm").or_else(|_| TempDir::new());
    let folder = memory.expect("a folder can be made");
    let profile = include_str!("../seeds/profile-foreign.toml");
    for (name, text) in [("secret", CANARY), ("profile.toml", profile), ("empty", "")] {
        fs::write(folder.path().join(name), text).expect("a file can be written");
    }
    folder
});

fuzz_target!(|text: &str| {
    let file = FOLDER.path().join("receiver.toml");
    fs::write(&file, text).expect("a file can be written");
    let shown = match Config::load(&file) {
        Ok(config) => {
            config.endpoints_by_path();
            format!("{config:?}")
        }
        Err(error) => {
            if let ConfigError::Wrong { problems } = &error {
                let lines = text.matches('\n').count() + 1;
                let mut own = problems.iter().filter(|problem| problem.file == file);
                assert!(own.all(|problem| (1..=lines).contains(&problem.line)), "{error}");
            }
            format!("{error} {error:?}")
        }
    };
    assert!(text.contains(CANARY) || !shown.contains(CANARY), "{shown}");
    assert!(Config::load_for_reading(&file).is_ok() || Config::load(&file).is_err());
});
