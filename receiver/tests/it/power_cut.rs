//! Power cuts: what the log did to its disk is taken back in part, at every point, and the log is opened again. Every
//! message that was acknowledged by then must be there, byte for byte, and nothing that was never sent.
//!
//! `SOAK=1 cargo test -p receiver --test it power` makes many more cuts.

use std::{
    collections::HashSet,
    fs,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use jiff::Timestamp;
use receiver::log::{AppendError, Entry, Position, Record, RecordHeader, SegmentOptions, SegmentedLog};
use rustix::io::Errno;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

use crate::support::{
    disk::{Contents, Fault, Gate, Lie, Op, Platter, Recorder},
    soak,
};

/// Small, so that many segments are begun.
fn options() -> SegmentOptions {
    SegmentOptions { segment_bytes: 4000, ..SegmentOptions::default() }
}

/// The number-th message; its body tells it apart from every other.
fn message(number: usize, random: &mut fastrand::Rng) -> Record {
    let header = RecordHeader {
        id: Uuid::from_u128(number as u128),
        received_at: Timestamp::UNIX_EPOCH,
        endpoint: "hooks".to_owned(),
        peer: None,
        trigger: None,
        flow: None,
        step: None,
        secret_at: None,
        captured: None,
    };
    let length = if random.u8(..4) == 0 { random.usize(1000..3000) } else { random.usize(10..300) };
    let body: String = std::iter::repeat_with(|| random.alphanumeric()).take(length).collect();
    Record { header, body: Bytes::from(format!("{{\"{number}\":\"{body}\"}}")) }
}

/// A run of the log: what it did, and what it was sent.
struct Run {
    ops: Vec<Op>,
    sent: Vec<Record>,
}

/// A message on its way, and what became of it.
struct Appending<'l> {
    number: usize,
    future: Pin<Box<dyn Future<Output = Result<Position, AppendError>> + 'l>>,
    outcome: Option<Result<Position, AppendError>>,
    noted: bool,
}

impl<'l> Appending<'l> {
    fn new(log: &'l SegmentedLog, sent: &'l [Record], number: usize) -> Self {
        Self { number, future: Box::pin(log.append(&sent[number])), outcome: None, noted: false }
    }
}

/// Lets each go on, once.
async fn advance_once(appending: &mut [Appending<'_>]) {
    poll_fn(|context| {
        advance(appending, context);
        Poll::Ready(())
    })
    .await;
}

/// Lets each go on: at first into the queue.
fn advance(appending: &mut [Appending<'_>], context: &mut Context<'_>) {
    for one in appending.iter_mut().filter(|one| one.outcome.is_none()) {
        if let Poll::Ready(outcome) = one.future.as_mut().poll(context) {
            one.outcome = Some(outcome);
        }
    }
}

/// Waits until the writer comes to the gate with a batch; false when everything has its outcome. What was acknowledged
/// by then is noted.
async fn until_batch(appending: &mut [Appending<'_>], entering: &mut UnboundedReceiver<()>, disk: &Recorder) -> bool {
    let batch = poll_fn(|context| {
        advance(appending, context);
        if entering.poll_recv(context).is_ready() {
            return Poll::Ready(true);
        }
        if appending.iter().all(|one| one.outcome.is_some()) { Poll::Ready(false) } else { Poll::Pending }
    })
    .await;
    // The writer answers one batch before it takes the next.
    advance_once(appending).await;
    for one in appending.iter_mut().filter(|one| !one.noted && matches!(one.outcome, Some(Ok(_)))) {
        one.noted = true;
        disk.note(Op::Acknowledged(one.number));
    }
    batch
}

/// Sends messages in batches of one and of several, always the same ones for the same seed.
async fn run(seed: u64, lie: Lie, fault: Option<Fault>) -> Run {
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = TempDir::new().unwrap();
    let (entered, mut entering) = tokio::sync::mpsc::unbounded_channel();
    let (permit, permits) = std::sync::mpsc::channel();
    let disk = Arc::new(Recorder::with(lie, fault, Gate { entered, permits: Mutex::new(permits) }));
    let (log, _) = SegmentedLog::open_on(disk.clone(), folder.path(), options()).unwrap();
    let sent: Vec<Record> = (0..40).map(|number| message(number, &mut random)).collect();
    let mut next = 0;
    while next < sent.len() {
        // The first is a batch of its own; while it is held at the gate the others queue up and make the second.
        let mut appending = vec![Appending::new(&log, &sent, next)];
        next += 1;
        if !until_batch(&mut appending, &mut entering, &disk).await {
            continue;
        }
        let others = random.usize(0..5).min(sent.len() - next);
        appending.extend((next..next + others).map(|number| Appending::new(&log, &sent, number)));
        next += others;
        advance_once(&mut appending).await;
        permit.send(()).unwrap();
        while until_batch(&mut appending, &mut entering, &disk).await {
            permit.send(()).unwrap();
        }
    }
    drop(log);
    Run { ops: disk.ops(), sent }
}

/// Every record of a log, by the numbers of the messages; a record that was never sent is an error.
fn read(log: &SegmentedLog, sent: &[Record]) -> Result<Vec<usize>, String> {
    let mut reader = log.read(Position(0)).unwrap();
    let mut numbers = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let Entry::Record { record, .. } = entry else { continue };
        let number = usize::try_from(record.header.id.as_u128()).unwrap();
        if sent.get(number) != Some(&record) {
            return Err(format!("{number} was never sent like this"));
        }
        numbers.push(number);
    }
    if numbers.is_sorted() && numbers.iter().collect::<HashSet<_>>().len() == numbers.len() {
        Ok(numbers)
    } else {
        Err(format!("out of order or twice: {numbers:?}"))
    }
}

/// Opens the log in a folder with these contents, checks it, and gives what the opening did.
async fn check(contents: &Contents, run: &Run, acknowledged: &[usize]) -> Result<Vec<Op>, String> {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in contents {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let disk = Arc::new(Recorder::default());
    let (log, _) = SegmentedLog::open_on(disk.clone(), folder.path(), options()).map_err(|error| error.to_string())?;
    let ops = disk.ops();
    let found = read(&log, &run.sent)?;
    if let Some(lost) = acknowledged.iter().find(|number| !found.contains(number)) {
        return Err(format!("{lost} was acknowledged and is lost; there are {found:?}"));
    }
    // It goes on, and opening it again changes nothing.
    let last = run.sent.len() - 1;
    let more = &run.sent[last];
    let goes_on = found.last() != Some(&last);
    if goes_on {
        log.append(more).await.map_err(|error| format!("it does not go on: {error}"))?;
    }
    drop(log);
    let (log, recovery) = SegmentedLog::open_on(disk, folder.path(), options()).map_err(|error| error.to_string())?;
    let again = read(&log, &run.sent)?;
    if recovery.cut > 0 || again.len() != found.len() + usize::from(goes_on) {
        return Err(format!("opened again it is another: {recovery:?}, {found:?}, {again:?}"));
    }
    Ok(ops)
}

/// Cuts the power so many times, spread over all points of a run, and gives what went wrong.
async fn cuts(run: &Run, seed: u64, count: usize) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut platter = Platter::default();
    let mut acknowledged = Vec::new();
    let mut wrong = Vec::new();
    for (point, op) in run.ops.iter().enumerate() {
        platter.apply(op, &mut random);
        if let Op::Acknowledged(number) = op {
            acknowledged.push(*number);
        }
        for _ in 0..count.div_ceil(run.ops.len()) {
            let left = platter.cut(&mut random);
            let outcome = check(&left, run, &acknowledged).await;
            let again = match outcome {
                Err(error) => Err(error),
                // The power may go again while the log is being opened.
                Ok(opening) => {
                    let mut platter = Platter::holding(&left);
                    let point = random.usize(..=opening.len());
                    opening[..point].iter().for_each(|op| platter.apply(op, &mut random));
                    check(&platter.cut(&mut random), run, &acknowledged).await
                }
            };
            if let Err(error) = again {
                wrong.push(format!("after change {point} ({op:.40?}): {error}"));
            }
        }
    }
    wrong
}

/// Cuts of each run.
fn count() -> usize {
    if soak::is_requested() { 3000 } else { 170 }
}

#[tokio::test]
async fn no_power_cut_loses_what_was_acknowledged_or_keeps_the_log_from_opening() {
    let mut made = 0;
    for (case, fault) in [
        ("a sound disk", None),
        ("a sync fails", Some(Fault { from: 70, count: 1, errno: Errno::IO })),
        ("no room for a while", Some(Fault { from: 40, count: 9, errno: Errno::NOSPC })),
    ] {
        let run = run(1, Lie::None, fault).await;
        let acknowledged = run.ops.iter().filter(|op| matches!(op, Op::Acknowledged(_))).count();
        assert!(acknowledged > 20 && (fault.is_some() || acknowledged == 40), "{case}: {acknowledged} of 40");
        let wrong = cuts(&run, 2, count()).await;
        assert!(wrong.is_empty(), "{case}: {} cuts went wrong, the first {}", wrong.len(), wrong[0]);
        made += count().div_ceil(run.ops.len()) * run.ops.len();
    }
    println!("{made} power cuts, and as many again while the log was being opened: nothing lost");
}

#[tokio::test]
async fn the_same_cuts_find_a_log_that_acknowledges_before_it_syncs() {
    for lie in [Lie::LateSync, Lie::NoFolderSync] {
        let wrong = cuts(&run(1, lie, None).await, 2, 150).await;
        let lost = wrong.iter().filter(|wrong| wrong.contains("was acknowledged and is lost")).count();
        assert!(lost > 5, "{lie:?}: {lost} of {wrong:?}");
    }
}

#[tokio::test]
async fn the_same_seed_makes_the_same_changes() {
    let shape = |run: Run| -> Vec<String> {
        let name = |op: &Op| match op {
            Op::Append(name, bytes) => format!("append {} to {name}", bytes.len()),
            op => format!("{op:?}"),
        };
        run.ops.iter().map(name).collect()
    };
    assert_eq!(shape(run(7, Lie::None, None).await), shape(run(7, Lie::None, None).await));
}

#[tokio::test]
async fn whichever_call_fails_nothing_is_half_acknowledged_and_the_log_comes_back() {
    let calls = workload(Recorder::default()).await.1;
    assert!(calls > 20, "{calls}");
    for errno in [Errno::IO, Errno::NOSPC] {
        for count in [1, 5] {
            for from in 0..calls {
                let (failed, _) = workload(Recorder::failing(Fault { from, count, errno })).await;
                assert!(failed <= count, "{errno:?} at {from}, {count} times: {failed} messages were refused");
            }
        }
    }
}

/// Opens a log, sends it messages one by one, opens it again and reads it. Gives how many were refused, and how many
/// calls it took.
async fn workload(disk: Recorder) -> (usize, usize) {
    let mut random = fastrand::Rng::with_seed(3);
    let sent: Vec<Record> = (0..12).map(|number| message(number, &mut random)).collect();
    let folder = TempDir::new().unwrap();
    let disk = Arc::new(disk);
    let mut stored = Vec::new();
    for half in [0..6, 6..12] {
        // A start that fails is tried again, as an operator does.
        let log = loop {
            if let Ok((log, _)) = SegmentedLog::open_on(disk.clone(), folder.path(), options()) {
                break log;
            }
        };
        for number in half {
            match log.append(&sent[number]).await {
                Ok(_) => stored.push(number),
                Err(error) => assert_eq!(error, AppendError::Failed),
            }
        }
        // What was refused may be there or not: the sender sends it again. What was acknowledged is.
        let found = read(&log, &sent).unwrap();
        assert!(stored.iter().all(|number| found.contains(number)), "{stored:?} stored, {found:?} found");
    }
    (sent.len() - stored.len(), disk.calls())
}
