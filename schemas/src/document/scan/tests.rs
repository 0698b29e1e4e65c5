//! The scan compared with `serde_json`.

use serde_json::Value;

use super::*;
use crate::{document::fault::JsonError, pointer::Pointer};

/// Hears everything, or nothing where no role is.
struct Nobody {
    watches: bool,
}

impl Observer for Nobody {
    fn watches(&self) -> bool {
        self.watches
    }

    fn open(&mut self, _: bool, _: PlaceId) {}
    fn member(&mut self, _: Range<usize>, _: bool) {}
    fn element(&mut self) {}
    fn close(&mut self, _: bool) {}
}

fn places(pointers: &[&str]) -> Places {
    let pointers: Vec<Pointer> = pointers.iter().map(|text| text.parse().unwrap()).collect();
    Places::new(pointers.iter().enumerate())
}

#[test]
fn values_are_found_wherever_their_places_are() {
    let places = places(&["/a", "/a/b", "/a/c/1", "/d", "/f/0/g", "/x/2", "/1"]);
    let body = br#" {"x":[{},[0] , 7 ],"a":{"b":"one","c":[0,"two"]},"e":{"d":1},"f":[{"g" : {}},{"g":2}],"1":[[3]]} "#;
    for watches in [true, false] {
        let scanned = scan(body, &places, &mut Nobody { watches }).unwrap();
        let found = scanned.values.map(|value| value.map(|range| str::from_utf8(&body[range]).unwrap()));
        let expected = [
            Some(r#"{"b":"one","c":[0,"two"]}"#),
            Some("\"one\""),
            Some("\"two\""),
            None,
            Some("{}"),
            Some("7"),
            Some("[[3]]"),
        ];
        assert_eq!(found[..expected.len()], expected);
        assert!(scanned.is_message);
    }
    for (root, is_message) in [("[{\"a\":1}]", false), ("{}", false), ("1", false), ("{\"\":0}", true)] {
        assert_eq!(
            scan(root.as_bytes(), &places, &mut Nobody { watches: true }).unwrap().is_message,
            is_message,
            "{root}"
        );
    }
}

/// The results of `serde_json` and of the scan for a body.
fn both(body: &[u8], places: &Places) -> [Option<String>; 2] {
    let theirs = serde_json::from_slice::<Value>(body).err().map(|error| error.to_string());
    let [ours, deaf] = [true, false].map(|watches| scan(body, places, &mut Nobody { watches }).err());
    assert_eq!(deaf, ours, "{:?}", String::from_utf8_lossy(body));
    [theirs, ours.map(|fault| JsonError::new(fault, body).to_string())]
}

#[test]
fn it_takes_and_refuses_what_serde_json_does_in_the_same_words() {
    let places = places(&["/a", "/a/b", "/c/0"]);
    let texts = [
        r#"{"a": {"b":"x\n\u00e4\ud83c\udf0a"}, "c" : [ 1.5e3 ,-0, 12,true,false , null,[],{ },[ ]],"":{"é":"語"}}"#,
        "[1e308,-1.25E-7,0.5,\r\n\t10e+2,[[{\"\\\"\":[]}]]] ",
    ];
    let strange = b"\"\\{}[]:,0-1.eE+tfnu \n\x00\x01\x1f\x80\xc3\xed\xa0\xf4d8DcX";
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    for text in texts {
        for end in 0..=text.len() {
            let [theirs, ours] = both(&text.as_bytes()[..end], &places);
            assert_eq!(ours, theirs, "{:?}", &text.as_bytes()[..end]);
        }
        for round in 0..60_000 {
            let mut body = text.as_bytes().to_vec();
            for _ in 0..=round % 3 {
                let (at, byte) = (random(body.len()), strange[random(strange.len())]);
                match random(3) {
                    0 => body[at] = byte,
                    1 => body.insert(at, byte),
                    _ => drop(body.remove(at)),
                }
            }
            let [theirs, ours] = both(&body, &places);
            // With two faults in one string one of them is named.
            let is_unicode = |words: &Option<String>| words.as_ref().is_some_and(|words| words.contains("unicode"));
            if is_unicode(&theirs) || is_unicode(&ours) {
                assert!(theirs.is_some() && ours.is_some(), "{theirs:?} {ours:?}");
                continue;
            }
            assert_eq!(ours, theirs, "{:?}", String::from_utf8_lossy(&body));
        }
    }
    for depth in [126, 127, 128, 200] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let body = format!("{}[]{}", open.repeat(depth), close.repeat(depth));
            let [theirs, ours] = both(body.as_bytes(), &places);
            assert_eq!(ours, theirs, "{open} {depth}");
        }
    }
}
