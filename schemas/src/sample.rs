//! The sample messages of `samples/`, each file one body, embedded.

use include_dir::{Dir, include_dir};

static SAMPLE_FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/samples");

/// A sample message: a request body and a name that describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The file's name without `.json`, such as `step-completed-client-secret`.
    pub name: &'static str,
    /// The exact body.
    pub body: &'static [u8],
}

impl Sample {
    /// The samples that conform to the contract, by name.
    pub fn valid() -> impl Iterator<Item = Self> {
        folder("valid")
    }

    /// The samples that break one clause each, named after `--` in their name.
    pub fn invalid() -> impl Iterator<Item = Self> {
        folder("invalid")
    }

    /// The valid or invalid sample of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::valid().chain(Self::invalid()).find(|sample| sample.name == name)
    }

    /// The clause that an invalid sample breaks.
    pub fn clause(&self) -> Option<&'static str> {
        self.name.split_once("--").map(|(_, clause)| clause)
    }
}

fn folder(name: &str) -> impl Iterator<Item = Sample> {
    let files = SAMPLE_FILES.get_dir(name).into_iter().flat_map(Dir::files);
    files.filter_map(|file| {
        Some(Sample { name: file.path().file_name()?.to_str()?.strip_suffix(".json")?, body: file.contents() })
    })
}
