//! Writes lines to stdout or stderr from a thread of its own, many at a time. No request waits for them, and none wakes that
//! thread more often than it is worth.

use std::{
    io::{self, Write},
    mem,
    sync::Arc,
    thread,
    time::Duration,
};

use parking_lot::{Condvar, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// Maximum time that a line waits for others.
const FLUSH_INTERVAL: Duration = Duration::from_millis(20);
/// Buffered bytes that are written without waiting.
const FLUSH_BYTES: usize = 64 << 10;
/// Maximum buffered bytes. A stopped reader must not stop the receiver, so lines above the limit are dropped.
const MAX_BUFFERED_BYTES: usize = 4 << 20;
/// Maximum time to flush at shutdown.
const SHUTDOWN_FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub(crate) struct LineWriter(Arc<LineBuffer>);

/// Writes what is left when it is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct FlushGuard(Arc<LineBuffer>);

#[derive(Debug, Default)]
struct LineBuffer {
    state: Mutex<BufferState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct BufferState {
    waiting: Vec<u8>,
    left_out: usize,
    ending: bool,
    ended: bool,
}

impl LineWriter {
    /// Writes to `output` by a thread, until the guard is dropped.
    pub(crate) fn new(output: impl Write + Send + 'static) -> io::Result<(Self, FlushGuard)> {
        let shared = Arc::<LineBuffer>::default();
        let lines = Self(shared.clone());
        thread::Builder::new().name("line-writer".to_owned()).spawn({
            let shared = shared.clone();
            move || shared.write_to(output)
        })?;
        Ok((lines, FlushGuard(shared)))
    }

    /// Adds a line, or drops it if too many bytes wait already.
    pub(crate) fn add(&self, line: &[u8]) {
        self.0.add(line);
    }
}

impl LineBuffer {
    fn add(&self, line: &[u8]) {
        let mut state = self.state.lock();
        let before = state.waiting.len();
        if before + line.len() > MAX_BUFFERED_BYTES {
            state.left_out += 1;
            return;
        }
        state.waiting.extend_from_slice(line);
        let news = before == 0 || (before < FLUSH_BYTES && state.waiting.len() >= FLUSH_BYTES);
        drop(state);
        if news {
            self.changed.notify_all();
        }
    }

    fn write_to(&self, mut output: impl Write) {
        let mut lines = Vec::new();
        loop {
            let mut state = self.state.lock();
            self.changed.wait_while(&mut state, |state| state.waiting.is_empty() && !state.ending);
            let is_gathering = |state: &mut BufferState| state.waiting.len() < FLUSH_BYTES && !state.ending;
            self.changed.wait_while_for(&mut state, is_gathering, FLUSH_INTERVAL);
            if state.waiting.is_empty() {
                state.ended = true;
                self.changed.notify_all();
                return;
            }
            mem::swap(&mut state.waiting, &mut lines);
            let left_out = mem::take(&mut state.left_out);
            drop(state);
            // If the output is closed, there is no place to report it.
            let _ = output.write_all(&lines).and_then(|()| output.flush());
            lines.clear();
            if left_out > 0 {
                tracing::warn!(left_out, "lines were dropped because their reader is too slow");
            }
        }
    }
}

impl<'a> MakeWriter<'a> for LineWriter {
    type Writer = LineGuard<'a>;

    fn make_writer(&'a self) -> LineGuard<'a> {
        LineGuard(&self.0)
    }
}

/// Takes complete lines, each in one call.
pub(crate) struct LineGuard<'a>(&'a LineBuffer);

impl Write for LineGuard<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.ending = true;
        self.0.changed.notify_all();
        // A reader that has stopped does not keep the process alive.
        self.0.changed.wait_while_for(&mut state, |state| !state.ended, SHUTDOWN_FLUSH_TIMEOUT);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Output(mpsc::Sender<Vec<u8>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_owned()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_its_order_and_the_last_before_the_end() {
        let (sender, written) = mpsc::channel();
        let (lines, flush) = LineWriter::new(Output(sender)).unwrap();
        let mut expected = Vec::new();
        for number in 0..10_000 {
            let line = format!("{number}\n");
            lines.make_writer().write_all(line.as_bytes()).unwrap();
            expected.extend_from_slice(line.as_bytes());
        }
        drop(flush);
        assert_eq!(written.try_iter().flatten().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_line_is_written_without_another_or_the_end_behind_it() {
        let (sender, written) = mpsc::channel();
        let (lines, _flush) = LineWriter::new(Output(sender)).unwrap();
        lines.make_writer().write_all(b"alone\n").unwrap();
        assert_eq!(written.recv_timeout(Duration::from_secs(10)).unwrap(), b"alone\n");
    }

    #[test]
    fn a_reader_that_has_stopped_costs_lines_and_no_memory() {
        struct BlockedWriter {
            reached: mpsc::Sender<()>,
            go_on: mpsc::Receiver<()>,
        }
        impl Write for BlockedWriter {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.reached.send(());
                let _ = self.go_on.recv();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (reached, is_stuck) = mpsc::channel();
        let (go_on, stuck) = mpsc::channel();
        let (lines, _flush) = LineWriter::new(BlockedWriter { reached, go_on: stuck }).unwrap();
        let line = [b'x'; 1 << 10];
        lines.make_writer().write_all(&line).unwrap();
        // Only once its thread is blocked is what it takes and drops the same in every run.
        is_stuck.recv().unwrap();
        let fits = MAX_BUFFERED_BYTES / line.len();
        for _ in 0..3 * fits {
            lines.make_writer().write_all(&line).unwrap();
        }
        let state = lines.0.state.lock();
        assert_eq!((state.waiting.len(), state.left_out), (MAX_BUFFERED_BYTES, 2 * fits));
        drop((state, go_on));
    }
}
