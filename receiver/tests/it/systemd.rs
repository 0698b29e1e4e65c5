//! What a service manager hears, on a socket of its own as systemd would give it.

use std::{os::unix::net::UnixDatagram, time::Duration};

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{PATIENCE, answer, post},
};

fn next(socket: &UnixDatagram) -> String {
    let mut message = [0; 1024];
    let length = socket.recv(&mut message).unwrap();
    String::from_utf8(message[..length].to_vec()).unwrap()
}

/// The next message that is no sign of life.
fn next_state(socket: &UnixDatagram) -> String {
    loop {
        let message = next(socket);
        if message != "WATCHDOG=1\n" {
            return message;
        }
    }
}

#[test]
fn ready_reloading_alive_and_stopping_are_told_in_their_turn() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let variable = format!("NOTIFY_SOCKET={}", path.display());
    let toml = "[[endpoint]]\npath = \"/none\"\n";
    let prefix = ["env", &variable, "WATCHDOG_USEC=100000"];
    let receiver = Receiver::start_execed_in(folder.path(), toml, &prefix);
    assert_eq!(next_state(&socket), "READY=1\n");
    assert_eq!(answer(receiver.address, post("/none", "", r#"{"a":1}"#)).status, 200);
    for _ in 0..2 {
        while next(&socket) != "WATCHDOG=1\n" {}
    }
    receiver.hang_up();
    let reloading = next_state(&socket);
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(next_state(&socket), "READY=1\n");
    receiver.ask_to_end();
    assert_eq!(next_state(&socket), "STOPPING=1\n");
    assert!(receiver.ended().success());
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    while let Ok(length) = socket.recv(&mut [0; 64]) {
        assert_eq!(length, "WATCHDOG=1\n".len(), "nothing comes behind the end");
    }
}

#[test]
fn a_service_manager_that_reads_nothing_holds_nothing_up() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notify");
    let _manager = UnixDatagram::bind(&path).unwrap();
    let filler = UnixDatagram::unbound().unwrap();
    filler.connect(&path).unwrap();
    filler.set_nonblocking(true).unwrap();
    while filler.send(b"FULL=1").is_ok() {}
    let variable = format!("NOTIFY_SOCKET={}", path.display());
    let toml = "[[endpoint]]\npath = \"/none\"\n";
    let receiver = Receiver::start_execed_in(folder.path(), toml, &["env", &variable, "WATCHDOG_USEC=2000"]);
    for _ in 0..10 {
        assert_eq!(answer(receiver.address, post("/none", "", r#"{"a":1}"#)).status, 200);
    }
    receiver.hang_up();
    receiver.logged(0, "the configuration was read again");
    receiver.ask_to_end();
    assert!(receiver.ended().success());
}
