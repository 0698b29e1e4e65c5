//! Metrics of this process and its disk from the operating system, under the names that Prometheus' own clients use. What is
//! not available is left out.

use std::{fs, path::Path};

use rustix::{
    fs::statvfs,
    param::page_size,
    process::{Resource, getrlimit},
};

use super::GaugeValue;

pub(crate) fn process() -> Vec<GaugeValue> {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|pages| pages.split(' ').nth(1)?.parse::<u64>().ok());
    let open = fs::read_dir("/proc/self/fd").map(|open| open.count() as u64).ok();
    [
        ("process_resident_memory_bytes", "Resident memory", pages.map(|pages| pages * page_size() as u64)),
        ("process_open_fds", "Open file descriptors", open),
        ("process_max_fds", "Maximum number of open file descriptors", getrlimit(Resource::Nofile).current),
    ]
    .into_iter()
    .filter_map(|(name, help, value)| Some(GaugeValue { name: name.to_owned(), help, value: value? }))
    .collect()
}

/// Bytes that this process may still write to the file system of a folder.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    statvfs(folder).ok().map(|file_system| file_system.f_bavail.saturating_mul(file_system.f_frsize))
}
