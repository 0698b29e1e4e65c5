//! The skim compared with the scan.

use super::*;
use crate::{
    document::scan::{Observer, scan},
    profile::{PlaceId, Places},
};

struct Nobody;

impl Observer for Nobody {
    fn watches(&self) -> bool {
        false
    }

    fn open(&mut self, _: bool, _: PlaceId) {}
    fn member(&mut self, _: std::ops::Range<usize>, _: bool) {}
    fn element(&mut self) {}
    fn close(&mut self, _: bool) {}
}

/// What is found at the secret's place, of other values than strings the first byte; `None` where elements count.
fn skimmed(body: &[u8], pointer: &str) -> Option<[Option<String>; 2]> {
    let shown = |value: Option<&[u8]>| value.map(|value| String::from_utf8_lossy(value).into_owned());
    skim(body, &pointer.parse().unwrap()).map(|found| [shown(found.first), shown(found.last)])
}

/// The same of the scan, for a body that is JSON.
fn scanned(body: &[u8], pointer: &str) -> Option<[Option<String>; 2]> {
    let pointer: Pointer = pointer.parse().unwrap();
    let found = scan(body, &Places::new([(Places::SECRET, &pointer)]), &mut Nobody).ok()?;
    Some([found.values[Places::SECRET].clone(), found.last_secret].map(|value| {
        let value = &body[value?];
        let shown = if value[0] == b'"' { value } else { &value[..1] };
        Some(String::from_utf8_lossy(shown).into_owned())
    }))
}

#[test]
fn a_secret_is_found_at_its_place_alone() {
    let twice = [Some("\"a\""), Some("\"b\"")];
    for (case, pointer, body, expected) in [
        ("plain", "/s", r#"{"s":"a"}"#, Some([Some("\"a\""), None])),
        ("spaces", "/s", "\r\n{ \"x\" : 1 ,\t\"s\" : \"a\" }", Some([Some("\"a\""), None])),
        ("escaped name and value", "/sé", r#"{"\u0073\u00e9":"\u0061"}"#, Some([Some(r#""\u0061""#), None])),
        ("a quote in the name", r#"/s"t"#, r#"{"s\"t":"a"}"#, Some([Some("\"a\""), None])),
        ("an escape in the name", r"/s\t", r#"{"s\t":"a","s\\t":"b"}"#, Some([Some("\"b\""), None])),
        ("a longer and a shorter name", "/se", r#"{"s":"a","set":"b"}"#, Some([None, None])),
        ("a value of the name", "/s", r#"{"a":"s","b":"s"}"#, Some([None, None])),
        ("deeper", "/s", r#"{"x":{"s":"a"},"y":[{"s":"a"}]}"#, Some([None, None])),
        ("in a string", "/s", r#"{"x":"{\"s\":\"a\"}","y":"\\","s":"b"}"#, Some([Some("\"b\""), None])),
        ("twice", "/s", r#"{"s":"a","x":[],"s":"b"}"#, Some(twice)),
        ("three times", "/s", r#"{"s":"a","s":1,"s":"b"}"#, Some(twice)),
        ("other values", "/s", r#"{"s":{"s":"a"},"s":[["s"]]}"#, Some([Some("{"), Some("[")])),
        ("nested", "/w/s", r#"{"w":{"x":{},"s":"a"},"s":"x"}"#, Some([Some("\"a\""), None])),
        ("nested, twice", "/w/s", r#"{"w":{"s":"a"},"w":{"s":"b"}}"#, Some(twice)),
        ("nested, no object", "/w/s", r#"{"w":["s"],"w":"s","w":{}}"#, Some([None, None])),
        ("an array that could hold it", "/w/0", r#"{"w":["a"]}"#, None),
        ("an object in its place", "/w/0", r#"{"w":{"0":"a"}}"#, Some([Some("\"a\""), None])),
        ("an array for all", "/0", r#"["a"]"#, None),
        ("an array of objects", "/s", r#"[{"s":"a"}]"#, Some([None, None])),
        ("a string alone", "/s", r#""s""#, Some([None, None])),
        ("nothing", "/s", "", Some([None, None])),
    ] {
        // Wherever it is in a block of bytes.
        for before in 0..=BLOCK_BYTES {
            let body = " ".repeat(before) + body;
            let found = skimmed(body.as_bytes(), pointer);
            let expected = expected.map(|values| values.map(|value| value.map(str::to_owned)));
            assert_eq!(found, expected, "{case} after {before}");
            if let (Some(found), Some(read)) = (found, scanned(body.as_bytes(), pointer)) {
                assert_eq!(found, read, "{case}");
            }
        }
    }
}

/// Random JSON that is dense with what a skim has to distinguish.
struct Drawn {
    seed: u64,
    text: String,
}

impl Drawn {
    fn below(&mut self, limit: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % limit
    }

    fn space(&mut self) {
        let spaces = ["", "", "", " ", "\n", "\t \r"];
        let space = spaces[self.below(6) as usize];
        self.text.push_str(space);
    }

    fn string(&mut self) {
        let parts = ["s", "w", "\\u0073", "\\\\", "\\\"", "{", "]", ":", "é", "x", "\\\\\\\"", "clientSecret"];
        self.text.push('"');
        let length = [0, 1, 1, 1, 2, 3, 9][self.below(7) as usize];
        for _ in 0..length {
            let part = parts[self.below(parts.len() as u64) as usize];
            self.text.push_str(part);
        }
        self.text.push('"');
    }

    fn value(&mut self, depth: u64) {
        self.space();
        match self.below(if depth > 4 { 3 } else { 7 }) {
            0 => self.text.push_str("-1.5e3"),
            1 | 2 => self.string(),
            kind => {
                let is_object = kind > 3;
                self.text.push(if is_object { '{' } else { '[' });
                let members = self.below(7);
                for number in 0..members {
                    if number > 0 {
                        self.text.push(',');
                    }
                    if is_object {
                        self.space();
                        self.string();
                        self.space();
                        self.text.push(':');
                    }
                    self.value(depth + 1);
                }
                self.space();
                self.text.push(if is_object { '}' } else { ']' });
            }
        }
        self.space();
    }
}

#[test]
fn of_json_it_finds_what_the_scan_finds() {
    let (mut found, mut found_twice) = (0, 0);
    let mut drawn = Drawn { seed: 0x9E37_79B9_7F4A_7C15, text: String::new() };
    for _ in 0..30_000 {
        drawn.text.clear();
        drawn.value(0);
        for pointer in ["/s", "/w/s", "/w/w/s", "/s/0", "/clientSecret", "/\\"] {
            let read = scanned(drawn.text.as_bytes(), pointer).expect("it is JSON");
            let Some(values) = skimmed(drawn.text.as_bytes(), pointer) else { continue };
            assert_eq!(values, read, "{pointer} in {}", drawn.text);
            found += usize::from(values[0].is_some());
            found_twice += usize::from(values[1].is_some());
        }
    }
    assert!(found > 1000 && found_twice > 100, "{found} and {found_twice} were there to be found");
}

#[test]
fn any_bytes_can_be_skimmed() {
    let strange = b"\"\\{}[]:, s\x00\x80\xff";
    let mut drawn = Drawn { seed: 0x9E37_79B9_7F4A_7C15, text: String::new() };
    for _ in 0..30_000 {
        let length = drawn.below(200);
        let body: Vec<u8> = (0..length).map(|_| strange[drawn.below(strange.len() as u64) as usize]).collect();
        skimmed(&body, "/s");
        // Nor does it matter what follows an object.
        let json = r#"{"x":[{}],"s":"a"}"#;
        let whole = [json.as_bytes(), &body].concat();
        assert_eq!(skimmed(&whole, "/s"), skimmed(json.as_bytes(), "/s"), "{body:?}");
    }
}
