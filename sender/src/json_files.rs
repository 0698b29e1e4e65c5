//! The messages in a folder: its `*.json` files. Subfolders are not looked into.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The files, in the order of their names.
pub(crate) fn json_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let is_json = |file: &PathBuf| file.extension().is_some_and(|suffix| suffix == "json") && file.is_file();
    let mut files: Vec<PathBuf> = entries.into_iter().filter(is_json).collect();
    files.sort();
    Ok(files)
}
