//! One record and its bytes on disk.
//!
//! ```text
//! magic 4 | length of header and body 4 | length of header 4 | checksum 4 | header (JSON) | body (exact bytes)
//! ```
//!
//! Numbers are little-endian. The checksum is a CRC-32 over the log's salt, both lengths, the header and the body. The
//! salt is drawn when the log is made and known to nobody else, so a body cannot hold a forged record that a search
//! past a damaged place would take for real.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use schemas::{
    Document, Role, Trigger,
    profile::{Part, Subject},
    text::escape_json,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(super) const RECORD_MAGIC: [u8; 4] = *b"\xF7rec";
pub(super) const FRAME_BYTES: usize = 16;
/// Maximum length of header and body together: a longer one can only be damage.
const MAX_RECORD_BYTES: usize = 1 << 30;

/// Larger bodies are put into a batch whose buffer grows by exactly what they need.
const LARGE_BODY_BYTES: usize = 64 << 10;
/// Bytes reserved for what a header has besides its texts.
const HEADER_NAMES_BYTES: usize = 1 << 10;

/// What drawing the log's salt gives.
pub(super) type Salt = [u8; 8];

/// A message that was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub header: RecordHeader,
    /// The body's exact bytes, except for the client secret's value.
    pub body: Bytes,
}

/// What is known about a message's arrival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordHeader {
    /// UUID version 7, unique to this arrival.
    pub id: Uuid,
    /// When the body was whole.
    pub received_at: Timestamp,
    pub endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Where in the body the emptied client secret's `""` stands, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_at: Option<usize>,
    /// What else is kept of a request that a capturing endpoint took, unchecked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<Box<Captured>>,
}

/// What is kept of a captured request besides its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// The header fields in their order, without the values of credentials.
    pub headers: Vec<(String, String)>,
    /// Whether it is kept in the file of quarantined captures and not in the log, because it may hold an unknown secret.
    #[serde(rename = "apart", default, skip_serializing_if = "std::ops::Not::not")]
    pub quarantined: bool,
}

impl RecordHeader {
    /// Describes the arrival of a document, now.
    pub fn describe(document: &Document<'_>, endpoint: &str, peer: Option<IpAddr>) -> Self {
        let text = |role| document.text(role).map(str::to_owned);
        Self {
            trigger: document.trigger(),
            flow: text(Role::FlowIdentifier),
            step: text(Role::Step(Subject::Step, Part::Identifier)),
            secret_at: document.secret_span().map(|span| span.start),
            ..Self::of_unreadable(endpoint, peer)
        }
    }

    /// Describes an arrival of which nothing more is known, now.
    pub fn of_unreadable(endpoint: &str, peer: Option<IpAddr>) -> Self {
        Self {
            id: Uuid::now_v7(),
            received_at: Timestamp::now(),
            endpoint: endpoint.to_owned(),
            peer,
            trigger: None,
            flow: None,
            step: None,
            secret_at: None,
            captured: None,
        }
    }
}

impl Record {
    /// The record as a line of JSON: the header's members, and the exact body as the string `body`, or as `bodyBase64`
    /// if it is not UTF-8, which only a capture can be.
    pub fn json_line(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct JsonRecord<'r> {
            #[serde(flatten)]
            header: &'r RecordHeader,
            #[serde(skip_serializing_if = "Option::is_none")]
            body: Option<&'r str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            body_base64: Option<String>,
        }
        let body = str::from_utf8(&self.body).ok();
        let body_base64 = if body.is_none() { Some(STANDARD.encode(&self.body)) } else { None };
        let line = JsonRecord { header: &self.header, body, body_base64 };
        escape_json(&serde_json::to_string(&line).expect("a line is made of strings and numbers"))
    }

    /// About how many bytes it has when it is encoded, and no fewer than its body and the texts of its header have.
    pub(super) fn bytes(&self) -> usize {
        let header = &self.header;
        let texts = [&header.flow, &header.step].into_iter().flatten().map(String::len).sum::<usize>();
        let fields = header.captured.iter().flat_map(|captured| &captured.headers);
        FRAME_BYTES + texts + fields.map(|(name, value)| name.len() + value.len()).sum::<usize>() + self.body.len()
    }

    pub(super) fn encode(&self, salt: Salt, buffer: &mut Vec<u8>) {
        let start = buffer.len();
        if self.body.len() > LARGE_BODY_BYTES {
            // Growing by itself it would take twice as much.
            buffer.reserve_exact(self.bytes() + HEADER_NAMES_BYTES);
        }
        buffer.extend_from_slice(&RECORD_MAGIC);
        buffer.resize(start + FRAME_BYTES, 0);
        serde_json::to_writer(&mut *buffer, &self.header).expect("a header is made of strings and numbers");
        let header = buffer.len() - start - FRAME_BYTES;
        buffer.extend_from_slice(&self.body);

        let length = |bytes: usize| u32::try_from(bytes).expect("bodies are limited far below 4 GiB").to_le_bytes();
        buffer[start + 4..start + 8].copy_from_slice(&length(header + self.body.len()));
        buffer[start + 8..start + 12].copy_from_slice(&length(header));
        let checksum = checksum(salt, &buffer[start..]);
        buffer[start + 12..start + FRAME_BYTES].copy_from_slice(&checksum.to_le_bytes());
    }

    /// Reads the record at the start of `bytes`.
    pub(super) fn decode(salt: Salt, bytes: &[u8]) -> Decoded {
        if bytes.len() < FRAME_BYTES {
            return Decoded::Short(FRAME_BYTES);
        }
        let Some(frame) = Frame::read(bytes) else { return Decoded::Damaged };
        let Some(whole) = bytes.get(..FRAME_BYTES + frame.length) else {
            return Decoded::Short(FRAME_BYTES + frame.length);
        };
        if frame.checksum != checksum(salt, whole) {
            return Decoded::Damaged;
        }
        match serde_json::from_slice(&whole[FRAME_BYTES..FRAME_BYTES + frame.header]) {
            Ok(parsed) => {
                let body = Bytes::copy_from_slice(&whole[FRAME_BYTES + frame.header..]);
                Decoded::Record(Self { header: parsed, body }, whole.len())
            }
            Err(_) => Decoded::Damaged,
        }
    }
}

pub(super) struct Frame<'b> {
    /// Bytes of header and body.
    pub(super) length: usize,
    header: usize,
    pub(super) checksum: u32,
    lengths: &'b [u8],
}

impl<'b> Frame<'b> {
    /// The frame at the start of `bytes`; `None` where there is none.
    pub(super) fn read(bytes: &'b [u8]) -> Option<Self> {
        let (frame, _) = bytes.split_first_chunk::<FRAME_BYTES>()?;
        let number = |at: usize| u32::from_le_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
        let (length, header) = (number(4) as usize, number(8) as usize);
        let is_frame = frame[..4] == RECORD_MAGIC && header <= length && length <= MAX_RECORD_BYTES;
        is_frame.then(|| Self { length, header, checksum: number(12), lengths: &frame[4..12] })
    }

    /// The checksum of what is hashed before header and body.
    pub(super) fn seed(&self, salt: Salt) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&salt);
        hasher.update(self.lengths);
        hasher.finalize()
    }
}

/// The result of decoding at a position.
#[derive(Debug)]
pub(super) enum Decoded {
    /// A record, and its length in bytes.
    Record(Record, usize),
    /// Too few bytes; this number is needed.
    Short(usize),
    Damaged,
}

fn checksum(salt: Salt, record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt);
    hasher.update(&record[4..12]);
    hasher.update(&record[FRAME_BYTES..]);
    hasher.finalize()
}

#[cfg(test)]
pub(super) mod tests {
    use schemas::{Profile, Sample};

    use super::*;

    pub(crate) fn sample(endpoint: &str) -> Record {
        let sample = Sample::find("step-completed-customer-set-up").unwrap();
        let document = Document::read(sample.body, Profile::v1()).unwrap();
        let header = RecordHeader::describe(&document, endpoint, None);
        Record { header, body: Bytes::from_static(sample.body) }
    }

    #[test]
    fn what_is_encoded_is_decoded_and_every_flipped_bit_is_seen() {
        let record = sample("a");
        let mut bytes = vec![];
        record.encode([7; 8], &mut bytes);
        let Decoded::Record(decoded, length) = Record::decode([7; 8], &bytes) else { panic!() };
        assert_eq!((decoded, length), (record, bytes.len()));
        assert!(matches!(Record::decode([8; 8], &bytes), Decoded::Damaged));
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert!(!matches!(Record::decode([7; 8], &bytes), Decoded::Record(..)), "byte {at}");
            bytes[at] ^= 1;
        }
        for length in 0..bytes.len() {
            assert!(matches!(Record::decode([7; 8], &bytes[..length]), Decoded::Short(_)), "{length}");
        }
    }

    #[test]
    fn the_header_says_what_the_message_says() {
        let header = sample("hooks").header;
        assert_eq!(header.trigger, Some(Trigger::StepCompleted));
        assert_eq!(header.flow.as_deref(), Some("FLOW-604"));
        assert_eq!(header.step.as_deref(), Some("New Customer (Debtor) Form"));
        assert_eq!(header.secret_at, None);
    }
}
