//! Saves messages as fixtures: the body with the client secret replaced, and in a second file the head as JSON without the
//! value of the `authorization` header. A message that may hold a credential elsewhere is not saved.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use schemas::{
    Document, Profile, Trigger,
    redaction::{CLIENT_SECRET_PLACEHOLDER, is_sensitive_name, mask_url},
};
use serde_json::json;

use super::raw_request::RawRequest;
use crate::secret_encodings::{SecretEncodings, masked};

const HEADER_PLACEHOLDER: &str = "<credential>";

pub(super) struct Recorder {
    folder: PathBuf,
    /// Number of the last fixture that was there before.
    before: u64,
}

/// A folder cannot be used for fixtures.
#[derive(Debug, thiserror::Error)]
#[error("cannot save fixtures in {}: {source}", folder.display())]
pub struct RecordError {
    /// The folder.
    pub folder: PathBuf,
    /// Why not.
    pub source: io::Error,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum NotSaved {
    #[error("its body cannot be read, so a credential could be anywhere in it")]
    Unreadable,
    #[error("it has a credential in the wrong place")]
    Credential,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Recorder {
    /// Creates the folder if it is missing, for its owner only. Existing files are kept.
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

    /// Saves a message; returns the name of its body's file.
    pub(super) fn keep(
        &self,
        number: u64,
        request: &RawRequest,
        trigger: Option<Trigger>,
        profile: &Profile,
        hidden: &[SecretEncodings],
    ) -> Result<String, NotSaved> {
        let plain = request.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&request.body);
        let document = Document::read(plain, profile).map_err(|_| NotSaved::Unreadable)?;
        let body = document.with_secret(CLIENT_SECRET_PLACEHOLDER).map_or_else(|| plain.to_vec(), |edited| edited.body);
        let mask = |text: &str| masked(text, hidden);
        let headers: Vec<_> = request
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
            "method": request.method,
            "target": mask_url(&mask(&request.target)),
            "version": format!("HTTP/1.{}", request.version),
            "headers": headers,
        });
        let head = format!("{head:#}\n");
        let holds = |bytes: &[u8]| hidden.iter().any(|spellings| spellings.are_in(bytes));
        if holds(&body) || holds(head.as_bytes()) {
            return Err(NotSaved::Credential);
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
