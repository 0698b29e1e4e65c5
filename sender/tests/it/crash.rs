//! The sender, killed at any moment: nothing that was due is lost, and no more is repeated than was in flight.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;

use crate::{
    replay::Desk,
    run,
    support::counting::{Counting, Reply},
    support::soak,
};

/// Kills of the first ones that come while the messages are taken in.
const EARLY: usize = 4;

/// Replays `messages` and kills the sender `kills` times, then lets it come to its end.
///
/// Every other kill comes while the endpoint holds its answer back, so that an attempt is in flight for certain; the
/// others come when the endpoint has answered and the sender may be writing that down.
fn killed(messages: usize, kills: usize, concurrency: usize) {
    let desk = Desk::new();
    let hold_at = Arc::new(AtomicUsize::new(usize::MAX));
    let held = Arc::clone(&hold_at);
    let endpoint = Counting::new(move |number, _| match held.load(Ordering::SeqCst) == number {
        true => Reply::Held,
        false => Reply::Status(200, String::new()),
    });
    let flows = 100;
    let line = |n: usize| {
        let flow = n % flows;
        format!(
            "{{\"id\":\"01990c2e-7d5f-7000-8000-000000000000\",\"receivedAt\":\"2026-11-24T08:00:00Z\",\
             \"endpoint\":\"crm\",\"flow\":\"FLOW-{flow}\",\"body\":\"{{\\\"n\\\":{n},\\\"flow\\\":{flow}}}\"}}\n"
        )
    };
    let export = desk.file("export.jsonl", (0..messages).map(line).collect::<String>());
    let start = || -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-sender"));
        command.args(["replay", "--from", &export, "--to", &endpoint.url("/"), "--data", &desk.path("outbox")]);
        command.args(["--concurrency", &concurrency.to_string(), "--backoff", "1ms"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };

    let (mut in_flight_for_certain, step) = (0, messages / (kills + 1));
    for kill in 0..kills {
        let seen = endpoint.requests().len();
        let holds = kill % 2 == 0 && kill >= EARLY;
        hold_at.store(if holds { seen + step - 1 } else { usize::MAX }, Ordering::SeqCst);
        let mut sender = start();
        if kill < EARLY {
            wait_for_intake(&desk, kill as u64 * 20_000, &mut sender);
        } else {
            let mut ended = false;
            let reached = endpoint.wait_for(seen + step, || {
                ended = sender.try_wait().unwrap().is_some();
                ended
            });
            assert!(reached >= seen + step, "the sender ended by itself after {reached} requests");
        }
        sender.kill().unwrap();
        sender.wait().unwrap();
        in_flight_for_certain += usize::from(holds);
        endpoint.release();
    }
    hold_at.store(usize::MAX, Ordering::SeqCst);
    assert!(start().wait().unwrap().success());

    let mut arrivals: HashMap<u64, usize> = HashMap::new();
    let mut last: HashMap<u64, u64> = HashMap::new();
    for body in endpoint.bodies() {
        let body: Value = serde_json::from_str(&body).unwrap();
        let (n, flow) = (body["n"].as_u64().unwrap(), body["flow"].as_u64().unwrap());
        *arrivals.entry(n).or_default() += 1;
        let before = last.insert(flow, n);
        assert!(before.is_none_or(|before| before <= n), "{n} came after {before:?} in one flow");
    }
    assert_eq!(arrivals.len(), messages, "every message arrived");
    let repeats = endpoint.requests().len() - messages;
    assert!(repeats <= kills * concurrency, "{repeats} repeats after {kills} kills with {concurrency} in flight");
    assert!(repeats >= in_flight_for_certain, "{repeats} repeats, {in_flight_for_certain} were held in flight");
    let listed = run(crate::webhook_sender().args([
        "deliveries",
        "list",
        "--output",
        "json",
        "-n",
        "1000000",
        "--status",
        "delivered",
        "--data",
        &desk.path("outbox"),
    ]));
    let listed: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed.len(), messages, "nothing was taken in twice");
}

/// Waits until SQLite has written so much of what is taken in, or the sender is past that.
fn wait_for_intake(desk: &Desk, bytes: u64, sender: &mut Child) {
    let written = || {
        ["outbox/outbox.sqlite", "outbox/outbox.sqlite-wal"]
            .map(|file| fs::metadata(Path::new(&desk.path(file))).map_or(0, |file| file.len()))
            .iter()
            .sum::<u64>()
    };
    let before = written();
    while written() <= before + bytes && sender.try_wait().unwrap().is_none() && written() < 200_000 {
        std::thread::yield_now();
    }
}

#[test]
fn a_sender_that_is_killed_repeats_what_was_in_flight_and_loses_nothing() {
    // Messages, kills and concurrency.
    let rounds =
        if soak::is_requested() { [(10_000, 200, 1), (10_000, 200, 16)] } else { [(500, 20, 1), (500, 10, 16)] };
    for (messages, kills, concurrency) in rounds {
        killed(messages, kills, concurrency);
    }
}
