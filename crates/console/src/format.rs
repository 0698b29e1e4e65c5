//! Counts, sizes and times for people.

use std::time::Duration;

/// A count with its noun, whose plural is regular.
pub fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A number of bytes: exact below 1000, then in kB or MB.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => plural(bytes, "byte"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// A time in whole milliseconds, for programs.
pub fn milliseconds(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

/// An elapsed time.
pub fn elapsed(time: Duration) -> String {
    match time.as_millis() {
        0 => "under 1 ms".to_owned(),
        milliseconds @ 1..10_000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in
            [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1540, "1.5 kB"), (4_194_304, "4.2 MB")]
        {
            assert_eq!(size(bytes), expected);
        }
    }
}
