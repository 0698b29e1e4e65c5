//! Bodies that a stranger may send because they are costly to read for some reader of JSON, all of one length. Tests use
//! them too.

/// Bytes of each body: the largest that is taken by default.
pub(crate) const BYTES: usize = 4 << 20;

/// One kind of body.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) body: String,
}

/// What all others are held against: one plain string.
pub(crate) fn plain() -> Shape {
    Shape { name: "a plain string", body: repeated("{\"a\":\"", "a", "\"}") }
}

/// Every shape. None holds a client secret that is right.
pub(crate) fn all() -> Vec<Shape> {
    let deep = format!("{}{},", "[".repeat(120), "]".repeat(120));
    let deep_objects = format!("{}0{},", "{\"\":".repeat(120), "}".repeat(120));
    let deep_twice = format!("{}{{\"a\":0,\"a\":0}}{},", "[".repeat(100), "]".repeat(100));
    let long_name = format!("\"{}\":0,", "n".repeat(BYTES / 8));
    let secrets = format!("\"clientSecret\":\"{}\",", "s".repeat(200));
    let repeats = [
        ("empty names", "{", "\"\":0,", "\"z\":0}"),
        ("one name", "{", "\"name\":0,", "\"z\":0}"),
        ("a long name, again and again", "{", &long_name, "\"z\":0}"),
        ("escaped names", "{", "\"\\u0000\":0,", "\"z\":0}"),
        ("escaped names of a role", "{", "\"clientSecre\\u0074s\":0,", "\"z\":0}"),
        ("names of roles", "{", "\"trigger\":0,\"step\":0,\"flow\":0,", "\"z\":0}"),
        ("secrets", "{", &secrets, "\"z\":0}"),
        ("secrets that are no text", "{", "\"clientSecret\":{\"\":0},", "\"z\":0}"),
        ("names twice, far down", "{\"a\":[", &deep_twice, "0]}"),
        ("zeros", "{\"a\":[", "0,", "0]}"),
        ("negative numbers", "{\"a\":[", "-1,", "0]}"),
        ("fractions and exponents", "{\"a\":[", "1.5e3,", "0]}"),
        ("numbers near the greatest", "{\"a\":[", "1.7e308,", "0]}"),
        ("digits", "{\"a\":0.", "7", "}"),
        ("words", "{\"a\":[", "true,", "0]}"),
        ("empty strings", "{\"a\":[", "\"\",", "0]}"),
        ("empty arrays", "{\"a\":[", "[],", "0]}"),
        ("empty objects", "{\"a\":[", "{},", "0]}"),
        ("small objects", "{\"a\":[", "{\"\":0},", "0]}"),
        ("members that are objects", "{", "\"\":{\"\":0},", "\"z\":0}"),
        ("deep arrays", "{\"a\":[", &deep, "0]}"),
        ("deep objects", "{\"a\":[", &deep_objects, "0]}"),
        ("an array for a trigger", "{\"trigger\":[", "[0],", "0]}"),
        ("an array for a secret", "{\"clientSecret\":[", "{\"\":[]},", "0]}"),
        ("steps", "{", "\"step\":{\"type\":0},", "\"z\":0}"),
        ("a long secret", "{\"clientSecret\":\"", "s", "\"}"),
        ("a long escaped secret", "{\"clientSecret\":\"", "\\u0000", "\"}"),
        ("zero characters", "{\"a\":\"", "\\u0000", "\"}"),
        ("short escapes", "{\"a\":\"", "\\n", "\"}"),
        ("surrogates", "{\"a\":\"", "\\ud83c\\udf0a", "\"}"),
        ("characters of two bytes", "{\"a\":\"", "\u{e4}", "\"}"),
        ("characters of four bytes", "{\"a\":\"", "\u{1F30A}", "\"}"),
        ("spaces", "{\"a\":[", " ", "0]}"),
        ("line breaks", "{\"a\":[", "0,\n", "0]}"),
        ("no JSON, at its very end", "{\"a\":[", "0,", "}"),
    ];
    let mut all: Vec<Shape> = repeats
        .into_iter()
        .map(|(name, open, unit, close)| Shape { name, body: repeated(open, unit, close) })
        .collect();
    let mixed = |name, open, units: &[&str], close| Shape { name, body: shuffled(open, units, close) };
    all.push(mixed("characters of all lengths", "{\"a\":\"", &["a", "\u{e4}", "\u{8a9e}", "\u{1F30A}", "b"], "\"}"));
    all.push(mixed("text and escapes", "{\"a\":\"", &["\\n", "a", "aa", "\\\"", "\\u0000", "aaa"], "\"}"));
    all.push(mixed(
        "small values of all kinds",
        "{\"a\":[",
        &["0,", "\"\",", "[],", "{},", "12,", "\"a\",", "null,"],
        "0]}",
    ));
    all.push(Shape { name: "names that are all different", body: numbered() });
    all
}

fn repeated(open: &str, unit: &str, close: &str) -> String {
    let count = (BYTES - open.len() - close.len()) / unit.len();
    let body = [open, &unit.repeat(count), close].concat();
    // Space before it makes all of one length.
    " ".repeat(BYTES - body.len()) + &body
}

fn shuffled(open: &str, units: &[&str], close: &str) -> String {
    let mut body = open.to_owned();
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    loop {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let unit = units[usize::try_from(seed % units.len() as u64).unwrap_or_default()];
        if body.len() + unit.len() + close.len() > BYTES {
            let body = body + close;
            return " ".repeat(BYTES - body.len()) + &body;
        }
        body.push_str(unit);
    }
}

fn numbered() -> String {
    let mut body = "{".to_owned();
    let mut number = 0_u32;
    while body.len() + 32 < BYTES {
        body.push_str(&format!("\"{number:x}\":0,"));
        number += 1;
    }
    body.push_str("\"z\":0}");
    " ".repeat(BYTES - body.len()) + &body
}
