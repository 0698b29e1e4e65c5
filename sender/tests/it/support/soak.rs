//! Soak tests: the same tests with far larger counts, chosen by `SOAK=1`.

/// Whether `SOAK=1` is set, so that a test runs with the counts that take minutes.
pub(crate) fn is_requested() -> bool {
    std::env::var_os("SOAK").is_some_and(|value| value == "1")
}
