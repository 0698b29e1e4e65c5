//! Reads a stream line by line, with a maximum line length.

use std::io::{self, BufRead, Read as _};

pub(super) enum StreamLine {
    /// A line with text, including its line end.
    Whole(Vec<u8>),
    /// Only white space.
    Blank(Vec<u8>),
    /// Longer than the limit, and skipped.
    Long,
}

pub(super) struct LineReader<R> {
    from: R,
    max_bytes: usize,
    /// Number of the last line, from 1.
    pub(super) number: u64,
}

impl<R: BufRead> LineReader<R> {
    pub(super) fn new(from: R, max_bytes: usize) -> Self {
        Self { from, max_bytes, number: 0 }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<StreamLine>> {
        let mut line = Vec::new();
        let limit = self.max_bytes as u64 + 1;
        if self.from.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.len() > self.max_bytes && line.last() != Some(&b'\n') {
            self.skip()?;
            return Ok(Some(StreamLine::Long));
        }
        Ok(Some(if line.trim_ascii().is_empty() { StreamLine::Blank(line) } else { StreamLine::Whole(line) }))
    }

    /// The rest of the stream after the part that was read; `None` if both together exceed the limit.
    pub(super) fn rest(mut self, mut read: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        let room = (self.max_bytes + 1).saturating_sub(read.len());
        self.from.by_ref().take(room as u64).read_to_end(&mut read)?;
        Ok((read.len() <= self.max_bytes).then_some(read))
    }

    fn skip(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.from.fill_buf()?;
            let (length, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.from.consume(length);
            if ended {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_long_ones_skipped() {
        let mut lines =
            LineReader::new(io::BufReader::with_capacity(3, &b"one\n\n \nthree33\n1234567890\r\nsix\n12345678"[..]), 8);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(match line {
                StreamLine::Whole(line) => (lines.number, String::from_utf8(line).unwrap()),
                StreamLine::Blank(_) => continue,
                StreamLine::Long => (lines.number, "long".to_owned()),
            });
        }
        let expected = [(1, "one\n"), (4, "three33\n"), (5, "long"), (6, "six\n"), (7, "12345678")];
        assert_eq!(found, expected.map(|(number, text)| (number, text.to_owned())));
    }

    #[test]
    fn the_rest_has_a_limit_too() {
        let rest = |most: usize| {
            let mut lines = LineReader::new(&b"{\n}\n}"[..], most);
            let Some(StreamLine::Whole(first)) = lines.next().unwrap() else { panic!() };
            lines.rest(first).unwrap()
        };
        assert_eq!(rest(5).as_deref(), Some(&b"{\n}\n}"[..]));
        assert_eq!(rest(4), None);
    }
}
