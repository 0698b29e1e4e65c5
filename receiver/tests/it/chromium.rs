//! The cards in a browser, drawn by Microsoft's own renderer, with markdown-it as its reader of Markdown; and the
//! pictures of them in `docs/img/`, which `INSTA_UPDATE=always` draws anew.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bytes::Bytes;
use receiver::relay::{Budget, Card, MessageMetadata, PageScript, Template, View, page};
use schemas::{Profile, Sample};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cards::{content, large_message};

const LARGE: &str = "large-message";
const PICTURES: [&str; 6] = [
    "step-completed-all-field-types",
    "step-completed-approval-rejected-and-sent-back",
    "step-completed-parallel-approval-approved",
    "step-created-after-approval-sent-back",
    "step-created-after-task",
    LARGE,
];
const MARGIN: u32 = 16;
const WIDTH: u32 = 640 + 2 * MARGIN;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn card(body: &[u8]) -> Card {
    let flow_url = Some("https://acme.example/flows/{flowIdentifier}".parse().unwrap());
    let view = View::of(body, Profile::v1(), &MessageMetadata { flow_url, ..MessageMetadata::default() }).unwrap();
    Template::default_card().card(&view, Budget::default()).unwrap()
}

fn message(name: &str) -> Vec<u8> {
    if name == LARGE { large_message() } else { Sample::find(name).unwrap().body.to_vec() }
}

/// One post with the cards of many.
fn together(cards: impl Iterator<Item = Card>) -> Card {
    let attachments: Vec<Value> = cards.map(|card| json!({"content": content(&card)})).collect();
    Card { body: Bytes::from(json!({"attachments": attachments}).to_string()), shortened: Vec::new() }
}

struct Browser {
    folder: TempDir,
}

impl Browser {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("card.html")
    }

    /// Writes the page of a card.
    fn load(&self, card: &Card) {
        let script = |file: &str| PageScript::File(root().join("target/peers/node_modules").join(file));
        let scripts = ["adaptivecards/dist/adaptivecards.min.js", "markdown-it/dist/markdown-it.min.js"].map(script);
        fs::write(self.file(), page(card, &scripts).unwrap()).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> String {
        let profile = format!("--user-data-dir={}", self.folder.path().join("profile").display());
        let output = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", &profile])
            .args(arguments)
            .arg(format!("file://{}", self.file().display()))
            .env("TZ", "UTC")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The page's elements after the renderer has run, less the scripts.
    fn drawn(&self) -> String {
        let page = self.run(&["--dump-dom"]);
        let problems = between(&page, "<p id=\"problems\">", "</p>");
        assert_eq!(problems, "", "the renderer says so");
        between(&page, "<div id=\"card\">", "<p id=\"problems\">").to_owned()
    }

    fn height(&self) -> u32 {
        between(&self.run(&["--dump-dom"]), "data-height=\"", "\"").parse().unwrap()
    }
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("no {begin} in {text}"));
    rest.split_once(end).unwrap().0
}

#[test]
#[ignore = "needs chromium, and adaptivecards and markdown-it in target/peers"]
fn the_real_renderer_has_nothing_against_any_card() {
    let browser = Browser::new();
    let large = large_message();
    let cards: Vec<Card> = Sample::valid().map(|sample| card(sample.body)).chain([card(&large)]).collect();
    let count = cards.len();
    browser.load(&together(cards.into_iter()));
    let drawn = browser.drawn();
    assert_eq!(drawn.matches("ac-adaptiveCard").count(), count);
    assert!(drawn.contains("was rejected and sent back by kim@example.com"));
    // The oracle must be able to see something.
    let wrong = json!({"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "Unknown"}]});
    browser.load(&Card {
        body: Bytes::from(json!({"attachments": [{"content": wrong}]}).to_string()),
        shortened: Vec::new(),
    });
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| browser.drawn())).is_err());
}

#[test]
#[ignore = "needs chromium, and adaptivecards and markdown-it in target/peers"]
fn no_text_of_a_message_becomes_markup() {
    let hostile = [
        "**bold** _emphasis_ `code` ~~gone~~",
        "[link](https://a.example) <https://a.example> ![x](https://a.example/b.png)",
        "# heading\n> quote\n- item\n1. one\n    code\n---\n===",
        "<at>Jo</at> <b>b</b> <script>alert(1)</script> &lt;i&gt; &#42;",
        "a * b * c, 2*3*4, snake_case_name, __init__, a\\*b, ***",
    ];
    let fields: Vec<Value> =
        hostile.iter().map(|text| json!({"name": text, "type": "TextArea", "value": text})).collect();
    let message = json!({
        "trigger": "stepCompleted",
        "flow": {"flowIdentifier": "FLOW-1", "subject": hostile[0], "name": hostile[3]},
        "step": {"stepIdentifier": hostile[1], "fields": fields},
    });
    let browser = Browser::new();
    browser.load(&card(message.to_string().as_bytes()));
    let drawn = browser.drawn();
    for element in
        ["em", "code", "s", "a", "h1", "h2", "blockquote", "ul", "ol", "pre", "hr", "img", "at", "b", "i", "script"]
    {
        let found = [format!("<{element}>"), format!("<{element} ")].iter().any(|tag| drawn.contains(tag.as_str()));
        assert!(!found, "<{element}> in {drawn}");
    }
    for text in
        ["**bold** _emphasis_ `code` ~~gone~~", "&lt;at&gt;Jo&lt;/at&gt;", "&amp;lt;i&amp;gt; &amp;#42;", "a\\*b, ***"]
    {
        assert!(drawn.contains(text), "{text} in {drawn}");
    }
}

#[test]
#[ignore = "needs chromium, and adaptivecards and markdown-it in target/peers"]
fn the_pictures_can_be_drawn() {
    let browser = Browser::new();
    for name in PICTURES {
        browser.load(&card(&message(name)));
        let height = browser.height() + 2 * MARGIN + 2;
        let file = browser.folder.path().join("card.png");
        browser.run(&[&format!("--window-size={WIDTH},{height}"), &format!("--screenshot={}", file.display())]);
        assert!((200..1_200).contains(&height), "{name} is {height} high");
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            fs::copy(&file, picture(name)).unwrap();
        }
        small(&file);
    }
}

fn picture(name: &str) -> PathBuf {
    root().join("docs/img").join(format!("card-{name}.png"))
}

fn small(file: &Path) {
    let bytes = fs::read(file).unwrap();
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() < 100_000, "{}: {} bytes", file.display(), bytes.len());
}

#[test]
fn the_pictures_are_those_that_the_page_on_the_relay_shows() {
    let text = fs::read_to_string(root().join("docs/relay.md")).unwrap();
    for name in PICTURES {
        small(&picture(name));
        assert!(text.contains(&format!("](img/card-{name}.png)")), "{name}");
    }
    let cards = fs::read_dir(root().join("docs/img")).unwrap();
    let cards = cards.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("card-"));
    assert_eq!(cards.count(), PICTURES.len());
}
