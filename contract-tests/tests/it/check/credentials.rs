//! `webhook-contract credentials`.

use std::fs;

use contract_tests::{Target, check};
use tempfile::TempDir;
use wiremock::ResponseTemplate;

use crate::check::{client_secret, endpoint::mock, program::ran};

#[tokio::test(flavor = "multi_thread")]
async fn the_files_are_private_random_and_sufficient() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("made");
    let dir = dir.to_str().unwrap();
    let made = ran(&["credentials", "--dir", dir]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let read = |name: &str| fs::read_to_string(format!("{dir}/{name}")).unwrap();
    let (secret, username, password) = (read("client-secret"), read("username"), read("password"));
    assert_eq!([&secret, &username, &password].map(|text| text.chars().count()), [250, 100, 100]);
    for text in [&secret, &username, &password] {
        assert!(!made.stdout.contains(text.as_str()), "it is shown");
    }
    #[cfg(unix)]
    for name in ["client-secret", "username", "password"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(format!("{dir}/{name}")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }

    // Nothing that is there is written over.
    let again = ran(&["credentials", "--dir", dir]);
    assert_eq!((again.code, again.stdout.as_str()), (2, ""), "{}", again.stderr);
    assert!(again.stderr.contains("--dir"), "{}", again.stderr);
    assert_eq!(read("client-secret"), secret);

    // As references they work: every case runs but those that need ASCII.
    let (_server, url) = mock(|_| ResponseTemplate::new(200)).await;
    let target = Target::new(&url, client_secret(&secret)).unwrap().only(["AUTH-*".to_owned()]);
    let report = check(&target).await.unwrap();
    // The advice is to run again with ASCII.
    assert!(report.notices.len() == 1 && report.notices[0].contains("ASCII characters"), "{:?}", report.notices);
    let file = format!("file:{dir}/password");
    let lines = ["check", &url, "--username", &username, "--password", &file, "--only", "AUTH-12", "--report", "json"];
    let ran = ran(&lines);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("webhook-contract credentials"), "{}", ran.stdout);
}
