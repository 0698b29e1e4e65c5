//! Messages kept as fixtures: the body with the client secret replaced, and beside it the head as JSON without the
//! value of the `authorization` header. What might hold a credential elsewhere is not kept.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use schemas::{
    Document, Profile, Trigger,
    redaction::{is_sensitive_name, mask_url},
};
use serde_json::json;

use super::arrived::Arrived;
use crate::spelling::{Spellings, masked};

/// What stands in a fixture at the client secret's place.
pub(super) const PLACEHOLDER: &str = "\"<client-secret>\"";
/// What stands there for a credential in a header.
const HEADER_PLACEHOLDER: &str = "<credential>";

/// A folder of fixtures.
pub(super) struct Recorder {
    folder: PathBuf,
    /// Fixtures that were there before.
    before: u64,
}

/// A folder cannot take fixtures.
#[derive(Debug, thiserror::Error)]
#[error("fixtures cannot be kept in {}: {source}", folder.display())]
pub struct RecordError {
    /// The folder.
    pub folder: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// A message is not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    #[error("its body cannot be read, so that a credential could stand anywhere in it")]
    Unreadable,
    #[error("it holds a credential where none belongs")]
    Credential,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Recorder {
    /// Makes the folder where it is missing, for its owner alone. What is in it stays.
    pub(super) fn open(folder: &Path) -> Result<Self, RecordError> {
        let numbers = || {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder)?;
            let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
            let names = names.collect::<io::Result<Vec<String>>>()?;
            Ok(names.iter().filter_map(|name| name.split('-').next()?.parse::<u64>().ok()).max().unwrap_or_default())
        };
        let before = numbers().map_err(|source| RecordError { folder: folder.to_owned(), source })?;
        Ok(Self { folder: folder.to_owned(), before })
    }

    /// Keeps a message; the name of its body's file.
    pub(super) fn keep(
        &self,
        number: u64,
        arrived: &Arrived,
        trigger: Option<Trigger>,
        profile: &Profile,
        hidden: &[Spellings],
    ) -> Result<String, NotKept> {
        let plain = arrived.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&arrived.body);
        let document = Document::read(plain, profile).map_err(|_| NotKept::Unreadable)?;
        let body = match document.secret_span() {
            Some(span) => [&plain[..span.start], PLACEHOLDER.as_bytes(), &plain[span.end..]].concat(),
            None => plain.to_vec(),
        };
        let mask = |text: &str| masked(text, hidden);
        let headers: Vec<_> = arrived
            .headers
            .iter()
            .map(|(name, value)| {
                let value = if is_sensitive_name(name) {
                    HEADER_PLACEHOLDER.to_owned()
                } else {
                    mask(&String::from_utf8_lossy(value))
                };
                json!({ "name": mask(name), "value": value })
            })
            .collect();
        let head = json!({
            "method": arrived.method,
            "target": mask_url(&mask(&arrived.target)),
            "version": format!("HTTP/1.{}", arrived.version),
            "headers": headers,
        });
        let head = format!("{head:#}\n");
        let holds = |bytes: &[u8]| hidden.iter().any(|spellings| spellings.are_in(bytes));
        if holds(&body) || holds(head.as_bytes()) {
            return Err(NotKept::Credential);
        }
        let word = trigger.map_or("message", Trigger::as_str);
        let name = format!("{:04}-{word}", self.before + number);
        self.write(&format!("{name}.json"), &body)?;
        self.write(&format!("{name}.head.json"), head.as_bytes())?;
        Ok(format!("{name}.json"))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.folder.join(name))?.write_all(bytes)
    }
}
