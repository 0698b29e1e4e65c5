//! What must go on whatever the others do: slow and greedy clients, readers that stop, an end in the middle, a
//! log that outgrows its first segment, a damaged index, a power cut after the first start.

use std::{
    collections::HashSet,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Raw, answer, post},
};

const MESSAGE: &str = r#"{"a":1}"#;
const ENDPOINT: &str = "[[endpoint]]\npath = \"/none\"\n";
/// Far above what anything here may take; a busy machine is no failure.
const SOON: Duration = Duration::from_secs(20);

fn start(limits: &str) -> (TempDir, Receiver) {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), &format!("{limits}{ENDPOINT}"), &[]);
    (folder, receiver)
}

#[test]
fn a_client_that_does_not_read_is_closed_and_costs_the_others_nothing() {
    let (_folder, receiver) =
        start("[limits]\nbody_timeout = \"500ms\"\nidle_timeout = \"1s\"\nheader_timeout = \"1s\"\n");
    let mut greedy = TcpStream::connect(receiver.address).unwrap();
    greedy.set_write_timeout(Some(SOON * 2)).unwrap();
    let requests = post("/other", "", "").repeat(1000);
    // Answers pile up until neither side takes any more; then the receiver must give up.
    let began = Instant::now();
    let error = loop {
        if let Err(error) = greedy.write_all(&requests) {
            break error;
        }
        assert!(began.elapsed() < SOON * 4, "it takes requests for ever");
    };
    let closed = [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::BrokenPipe];
    assert!(closed.contains(&error.kind()), "still open after {:?}: {error}", began.elapsed());
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
}

#[test]
fn a_client_that_sends_a_byte_at_a_time_meets_the_same_deadlines() {
    let (_folder, receiver) = start("[limits]\nheader_timeout = \"500ms\"\nbody_timeout = \"500ms\"\n");
    let head = post("/none", "", format!(r#"{{"a":"{}"}}"#, "x".repeat(1000)));
    let body = head.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    for (case, at_once, expected) in [("in the head", 1, ""), ("in the body", body, "HTTP/1.1 408")] {
        let mut stream = TcpStream::connect(receiver.address).unwrap();
        // The pace: between two bytes it listens so long.
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let began = Instant::now();
        stream.write_all(&head[..at_once]).unwrap();
        let (mut heard, mut chunk) = (Vec::new(), [0; 4096]);
        for byte in &head[at_once..] {
            // Once the receiver has hung up, only what it said matters.
            let _ = stream.write_all(&[*byte]);
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => heard.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        let took = began.elapsed();
        assert!((Duration::from_millis(450)..SOON).contains(&took), "{case}: {took:?}");
        assert!(String::from_utf8_lossy(&heard).starts_with(expected), "{case}");
        assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200, "{case}");
    }
}

#[test]
fn what_has_begun_when_the_end_comes_is_answered_and_stored() {
    let (folder, receiver) = start("");
    let head = "POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n";
    let mut raw = Raw::connect(receiver.address);
    raw.send(head);
    assert_eq!(raw.answer().unwrap().status, 100);
    let address = receiver.address;
    let ending = thread::spawn(move || receiver.terminate());
    // When nobody listens any more, the end has begun.
    while TcpStream::connect(address).is_ok() {
        assert!(!ending.is_finished(), "it ended before the request did");
    }
    raw.send(MESSAGE);
    let acknowledged = raw.answer().unwrap();
    assert_eq!(acknowledged.status, 200);
    assert!(raw.is_closed());
    assert!(ending.join().unwrap().success());
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
    assert_eq!(receiver.exported()[0]["id"], acknowledged.json()["id"]);
}

#[test]
fn everything_in_the_data_folder_is_for_its_owner_only() {
    let (folder, receiver) = start("");
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
fn readers_beside_a_busy_receiver_see_every_acknowledged_message_and_no_damage() {
    let (_folder, receiver) = start("");
    let address = receiver.address;
    let (sender, acknowledged) = std::sync::mpsc::channel::<String>();
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut raw = Raw::connect(address);
                let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(500));
                while raw.try_send(&post("/none", "", &body)) {
                    let Some(answer) = raw.answer() else { break };
                    let id = answer.json()["id"].as_str().unwrap().to_owned();
                    if sender.send(id).is_err() {
                        break;
                    }
                }
            })
        })
        .collect();
    let mut ids = HashSet::new();
    for round in 0..6 {
        ids.insert(acknowledged.recv().unwrap());
        ids.extend(acknowledged.try_iter());
        let output = receiver.command(&["messages", "export"]);
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let found: HashSet<String> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
            .collect();
        let missing = ids.difference(&found).count();
        assert_eq!(missing, 0, "round {round}: {missing} of {}", ids.len());
    }
    drop(acknowledged);
    clients.into_iter().for_each(|client| client.join().unwrap());
}

#[test]
fn a_log_of_several_segments_is_read_whole_and_goes_on_after_a_kill() {
    let (folder, receiver) = start("");
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(4_000_000));
    for _ in 0..18 {
        assert_eq!(answer(receiver.address, post("/none", "", &body)).status, 200);
    }
    assert!(fs::read_dir(folder.path().join("data/log")).unwrap().count() > 1);
    receiver.kill();
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    let exported = receiver.exported();
    assert_eq!(exported.len(), 19);
    assert!(exported[..18].iter().all(|line| line["body"].as_str() == Some(&body)));
    assert_eq!(exported[18]["body"], MESSAGE);
}

#[test]
fn a_reader_of_stdout_that_stops_does_not_stop_the_receiver() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("receiver.toml");
    let text = "listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\nlog_payloads = true\n[[endpoint]]\npath = \"/none\"\n";
    fs::write(&config, text).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_webhook-receiver"))
        .args(["serve", "--config"])
        .arg(&config)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = KilledOnDrop(child);
    // Held open, and not read any further: a terminal that was stopped with Ctrl-S.
    let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    let address: SocketAddr = first["Listening on http://".len()..].split('/').next().unwrap().parse().unwrap();
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(4000));
    for number in 0..60 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.write_all(&post("/none", "", &body)).unwrap();
        let mut first = [0; 12];
        let read = stream.read_exact(&mut first);
        assert!(read.is_ok() && &first == b"HTTP/1.1 200", "message {number}: {read:?}");
    }
}

struct KilledOnDrop(std::process::Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // One that has ended is as good as killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_damaged_index_is_made_anew_and_does_not_keep_the_receiver_from_starting() {
    let (folder, receiver) = start("");
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    receiver.kill();
    for file in ["index.sqlite-wal", "index.sqlite-shm"] {
        // The one that a kill leaves, if it left one.
        let _ = fs::remove_file(folder.path().join("data").join(file));
    }
    fs::write(folder.path().join("data/index.sqlite"), "no database".repeat(1000)).unwrap();
    let receiver = Receiver::start_in(folder.path(), "[[endpoint]]\npath = \"/none\"\n", &[]);
    let listed = receiver.command(&["messages", "list", "--output", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}

#[test]
#[ignore = "needs strace"]
fn every_folder_that_is_made_is_synced_into_its_parent_before_the_first_answer() {
    let folder = TempDir::new().unwrap();
    let trace = folder.path().join("trace");
    let calls = "trace=mkdir,fsync,sendto,writev";
    let prefix = ["strace", "-f", "-qq", "-y", "-s", "200", "-o", trace.to_str().unwrap(), "-e", calls];
    let receiver = Receiver::start_in(folder.path(), "[[endpoint]]\npath = \"/none\"\n", &prefix);
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
