//! The files of an outbox: who can read and write them, what is in them, and what happens when they are gone.

use super::*;

#[test]
fn no_secret_is_in_any_file() {
    let folder = Folder::new();
    let basic = CredentialReference::Basic {
        username: "jo".to_owned(),
        password: format!("file:{}", folder.secret().display()).parse().unwrap(),
    };
    let mut outbox = folder.outbox();
    let mut enqueue = outbox.begin_enqueue().unwrap();
    let job = enqueue.begin_job("key").unwrap();
    let quoted = serde_json::Value::from(CANARY).to_string();
    for (name, credentials) in [("a", folder.secret_reference()), ("b", basic), ("c", CredentialReference::None)] {
        let destination = enqueue.destination(&to(name, credentials.clone())).unwrap();
        let body = format!("{{\"clientSecret\":{quoted},\"name\":\"{name}\"}}");
        enqueue.add(job, destination, &message("F1", &body, &credentials)).unwrap();
    }
    enqueue.commit().unwrap();
    let due = take(&mut outbox);
    let attempts: Vec<_> = due.iter().map(|due| answered(due, 200, RetryDecision::Delivered)).collect();
    assert!(String::from_utf8_lossy(due[0].request.body()).contains("canary-5f1b"), "it was there to be seen");
    assert!(due[1].request.headers().contains_key("authorization"));
    let files = |outbox: &Outbox| -> Vec<Vec<u8>> {
        let entries = fs::read_dir(outbox.folder()).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|file| fs::read(file).unwrap()).collect()
    };
    let mut seen = files(&outbox);
    outbox.complete(&attempts).unwrap();
    seen.extend(files(&outbox));
    assert!(seen.iter().any(|file| file.windows(8).any(|part| part == b"\"name\":\"")), "bodies are there");
    for secret in ["canary".to_owned(), BASE64_STANDARD.encode(format!("jo:{CANARY}")), BASE64_STANDARD.encode(CANARY)]
    {
        let found = seen.iter().any(|file| file.windows(secret.len()).any(|part| part == secret.as_bytes()));
        assert!(!found, "{secret}");
    }
}

#[test]
fn only_its_owner_can_read_it_and_only_one_writes() {
    let folder = Folder::new();
    let (outbox, _) = filled(&folder, &[("a", "F1")]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(outbox.folder()), 0o700);
    for entry in fs::read_dir(outbox.folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(matches!(Outbox::open(outbox.folder()), Err(OutboxError::InUse { .. })));
    // No deleted file lets a second writer in.
    std::fs::remove_file(outbox.folder().join("lock")).unwrap();
    assert!(matches!(Outbox::open(outbox.folder()), Err(OutboxError::InUse { .. })));
    assert_eq!(Outbox::read(outbox.folder()).unwrap().newest(&Filter::default(), 9).unwrap().len(), 1);
    drop(outbox);
    assert_eq!(Outbox::read(&folder.path()).unwrap().newest(&Filter::default(), 9).unwrap().len(), 1);
    assert!(matches!(Outbox::read(&folder.path().join("no")), Err(OutboxError::Missing { .. })));
}

#[test]
fn a_file_of_a_newer_program_is_refused_and_left() {
    let folder = Folder::new();
    drop(filled(&folder, &[("a", "F1")]));
    let file = folder.path().join("outbox.sqlite");
    let connection = Connection::open(&file).unwrap();
    let known: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    for error in [Outbox::open(&folder.path()).map(|_| ()), Outbox::read(&folder.path()).map(|_| ())] {
        assert!(matches!(error, Err(OutboxError::Newer { found: 99, .. })));
    }
    connection.pragma_update(None, "user_version", known).unwrap();
    drop(connection);
    assert_eq!(numbers(&take(&mut folder.outbox())), [1]);
}

#[test]
fn an_outbox_whose_file_is_gone_hands_nothing_out_and_takes_nothing() {
    for case in ["file deleted", "folder moved", "another in its place"] {
        let folder = Folder::new();
        let mut outbox = folder.outbox();
        let mut enqueue = outbox.begin_enqueue().unwrap();
        let address = Address::Url("http://127.0.0.1:9/hooks".parse().unwrap());
        let destination = enqueue.unnamed_destination(&address, &CredentialReference::None).unwrap();
        let job = enqueue.begin_job("key").unwrap();
        for flow in ["F", "G"] {
            enqueue.add(job, destination, &message(flow, "{}", &CredentialReference::None)).unwrap();
        }
        enqueue.commit().unwrap();
        let due = take(&mut outbox);
        assert_eq!(due.len(), 2, "{case}");
        let (data, away) = (outbox.folder().to_owned(), outbox.folder().with_extension("away"));
        match case {
            "file deleted" => std::fs::remove_file(data.join("outbox.sqlite")).unwrap(),
            _ => std::fs::rename(&data, &away).unwrap(),
        }
        if case == "another in its place" {
            drop(Outbox::open(&data).unwrap());
        }
        let displaced = |result: Result<(), OutboxError>| matches!(result, Err(OutboxError::Displaced { .. }));
        assert!(displaced(outbox.complete(&[answered(&due[0], 200, RetryDecision::Delivered)])), "{case}");
        assert!(displaced(outbox.begin_enqueue().map(|_| ())), "{case}");
        assert!(displaced(outbox.take_due(jiff::Timestamp::now(), 8, &Default::default()).map(|_| ())), "{case}");
        if case != "file deleted" {
            std::fs::remove_dir_all(&data).unwrap_or_default();
            std::fs::rename(&away, &data).unwrap();
            outbox.complete(&[answered(&due[0], 200, RetryDecision::Delivered)]).unwrap();
        }
    }
}
