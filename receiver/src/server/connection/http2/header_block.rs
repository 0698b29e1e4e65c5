//! The header blocks of a connection as they arrive (RFC 9113 section 4.3). h2 keeps a block until it is complete, and thousands
//! of clients may begin one and never end it. Long ones are counted as long heads.

use std::io;

use tokio::sync::OwnedSemaphorePermit;

use crate::server::connection::{buffers::BufferLimits, inspected_stream::Inspect};

const CLIENT_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes of a block that need no permit: h2 reads a frame as a whole.
const FRAME_BYTES: usize = 16 << 10;
const FRAME_HEADER_BYTES: usize = 9;
const HEADERS_FRAME: u8 = 1;
const CONTINUATION_FRAME: u8 = 9;
const END_HEADERS_FLAG: u8 = 4;

#[derive(Debug)]
pub(super) struct HeaderBlockLimit {
    buffers: BufferLimits,
    block: HeaderBlock,
    permit: Option<OwnedSemaphorePermit>,
}

impl HeaderBlockLimit {
    pub(super) fn new(buffers: BufferLimits) -> Self {
        Self { buffers, block: HeaderBlock::new(), permit: None }
    }
}

impl Inspect for HeaderBlockLimit {
    fn inspect(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.block.add(bytes);
        if self.block.length <= FRAME_BYTES {
            self.permit = None;
        } else if self.permit.is_none() {
            self.permit = Some(self.buffers.try_reserve_head().ok_or(io::ErrorKind::OutOfMemory)?);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct HeaderBlock {
    /// Bytes so far; zero once it is complete.
    length: usize,
    /// Bytes left of the preface or of the current frame's payload.
    skipped: usize,
    header: [u8; FRAME_HEADER_BYTES],
    header_length: usize,
}

impl HeaderBlock {
    fn new() -> Self {
        Self { length: 0, skipped: CLIENT_PREFACE.len(), header: [0; FRAME_HEADER_BYTES], header_length: 0 }
    }

    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.skipped > 0 {
                let arrived = self.skipped.min(bytes.len());
                if matches!(self.header[3], HEADERS_FRAME | CONTINUATION_FRAME) {
                    self.length += arrived;
                }
                self.skipped -= arrived;
                bytes = &bytes[arrived..];
            } else {
                let arrived = (FRAME_HEADER_BYTES - self.header_length).min(bytes.len());
                self.header[self.header_length..][..arrived].copy_from_slice(&bytes[..arrived]);
                self.header_length += arrived;
                bytes = &bytes[arrived..];
                if self.header_length == FRAME_HEADER_BYTES {
                    self.skipped = u32::from_be_bytes([0, self.header[0], self.header[1], self.header[2]]) as usize;
                }
            }
            if self.skipped == 0 && self.header_length == FRAME_HEADER_BYTES {
                self.header_length = 0;
                if matches!(self.header[3], HEADERS_FRAME | CONTINUATION_FRAME)
                    && self.header[4] & END_HEADERS_FLAG != 0
                {
                    self.length = 0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let [_, length_bytes @ ..] = u32::try_from(length).unwrap().to_be_bytes();
        // A payload that looks like the header of a frame.
        [&length_bytes[..], &[kind, flags, 0, 0, 0, 1], &vec![HEADERS_FRAME; length]].concat()
    }

    #[test]
    fn a_block_is_counted_until_it_is_complete_however_it_arrives() {
        const DATA_FRAME: u8 = 0;
        const SETTINGS_FRAME: u8 = 4;
        for (case, frames, expected) in [
            ("none yet", vec![], 0),
            ("settings", vec![frame(SETTINGS_FRAME, 0, 12)], 0),
            ("whole at once", vec![frame(SETTINGS_FRAME, 0, 0), frame(HEADERS_FRAME, END_HEADERS_FLAG, 100)], 0),
            ("the first part", vec![frame(HEADERS_FRAME, 0, 100)], 100),
            ("two parts", vec![frame(HEADERS_FRAME, 1, 100), frame(CONTINUATION_FRAME, 0, 30)], 130),
            (
                "three, the last one whole",
                vec![frame(HEADERS_FRAME, 0, 9), frame(CONTINUATION_FRAME, 0, 0), frame(9, 4, 7)],
                0,
            ),
            (
                "the next one after a body",
                vec![frame(1, 4, 50), frame(DATA_FRAME, 1, 70), frame(HEADERS_FRAME, 0, 20)],
                20,
            ),
            ("a flag of a body that is another one's", vec![frame(HEADERS_FRAME, 0, 20), frame(DATA_FRAME, 4, 5)], 20),
        ] {
            let bytes = [CLIENT_PREFACE, &frames.concat()].concat();
            for step in [1, 2, 9, 10, bytes.len()] {
                let mut block = HeaderBlock::new();
                bytes.chunks(step).for_each(|part| block.add(part));
                assert_eq!(block.length, expected, "{case}, {step} bytes at a time");
            }
        }
    }
}
