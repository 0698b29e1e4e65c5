//! The names of HTML character references.

use std::{collections::HashMap, hash::BuildHasherDefault, sync::LazyLock};

use crate::fnv1a::Fnv1a;

/// Maximum length of the name of an HTML character reference in bytes.
pub(super) const MAX_NAME_BYTES: usize = 32;
/// Maximum length of a name without a semicolon in bytes.
pub(super) const MAX_LEGACY_BYTES: usize = 6;

/// The names of the HTML standard (section 13.5) for a single character. Those without a semicolon are legacy names that
/// browsers accept without one. A text full of references needs several look-ups for each byte, and the names are fixed, so
/// an attacker cannot choose colliding ones.
pub(super) static ENTITY_NAMES: LazyLock<HashMap<&'static [u8], char, BuildHasherDefault<Fnv1a>>> =
    LazyLock::new(|| {
        let lines = include_str!("entities.txt").lines();
        let entry = |line: &'static str| {
            let (name, code) = line.split_once(' ')?;
            Some((name.as_bytes(), char::from_u32(u32::from_str_radix(code, 16).ok()?)?))
        };
        lines.filter_map(entry).collect()
    });
