//! The data folder: its mode, and that it survives a power cut.

use std::{fs, os::unix::fs::PermissionsExt as _};

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
};

const MESSAGE: &str = r#"{"a":1}"#;
const ENDPOINT: &str = "[[endpoint]]\npath = \"/none\"\n";

#[test]
fn everything_in_the_data_folder_is_for_its_owner_only() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    let listed = receiver.command(&["messages", "list"]);
    assert!(listed.status.success());
    let mut folders = vec![folder.path().join("data")];
    while let Some(folder) = folders.pop() {
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
            }
        }
    }
}

#[test]
#[ignore = "needs strace"]
fn every_folder_that_is_made_is_synced_into_its_parent_before_the_first_answer() {
    let folder = TempDir::new().unwrap();
    let trace = folder.path().join("trace");
    let calls = "trace=mkdir,fsync,sendto,writev";
    let prefix = ["strace", "-f", "-qq", "-y", "-s", "200", "-o", trace.to_str().unwrap(), "-e", calls];
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &prefix);
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    receiver.terminate();
    let trace = fs::read_to_string(&trace).unwrap();
    let before: Vec<&str> = trace.lines().take_while(|line| !line.contains("HTTP/1.1 200")).collect();
    for (made, parent) in [("data", folder.path().to_owned()), ("log", folder.path().join("data"))] {
        let making = before.iter().position(|line| line.contains("mkdir(") && line.contains(&format!("/{made}\"")));
        let making = making.unwrap_or_else(|| panic!("{made} is not made: {trace}"));
        let sync = format!("<{}>", parent.display());
        let synced = before[making..].iter().any(|line| line.contains("fsync(") && line.contains(&sync));
        assert!(synced, "after a power cut the folder {made} may be gone, with all that was acknowledged");
    }
}
