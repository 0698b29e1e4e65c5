//! The catalogue of the contract runner as data: `cases/`, one file per area, and the clauses that no case can test. This
//! crate only carries the text; its schema is `json/case.schema.json`.

use include_dir::{Dir, include_dir};

static CASE_FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/cases");

/// The clauses that have no case of their own, each with the reason: a JSON object, clause to reason.
pub const UNTESTED_CLAUSES: &str = include_str!("../cases/untested.json");

/// Settings of well-known software that make an endpoint fail a case: a JSON array with the schema `json/hints.schema.json`.
pub const HINTS_JSON: &str = include_str!("../hints.json");

/// A file of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseFile {
    /// The file's name without `.json`: its area, such as `basic`.
    pub area: &'static str,
    /// A JSON array of cases.
    pub text: &'static str,
}

impl CaseFile {
    /// Every file, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        CASE_FILES.files().filter_map(|file| {
            let area = file.path().file_stem()?.to_str()?;
            (area != "untested").then_some(Self { area, text: file.contents_utf8()? })
        })
    }
}
