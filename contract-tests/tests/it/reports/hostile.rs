//! The answer of an endpoint is only shown: it has no effect as markup, as the end of a section or as a terminal command.

use contract_tests::report::{
    CaseOutcome, Failure, KnownFailure, Report, html, json, junit, markdown,
    terminal::{self, Layout},
};

use crate::reports::made::{empty, failed, result, skipped, throttled};

/// What tries to get out of its place, and the places that it is put in.
const HOSTILE: [(&str, &str); 10] = [
    ("a script", "<script>alert(1)</script>"),
    ("an attribute", "\"><img src=x onerror=alert(1)>"),
    ("the end of an element", "</pre></details></code><h1>owned</h1>"),
    ("the end of character data", "]]></failure><testcase name=\"owned\"/>"),
    ("an entity", "&lt;b&gt; &bogus; &#0;"),
    ("a fence", "```\n# owned\n~~~\n"),
    ("an image of Markdown", "![x](https://attacker.example/pixel.png) [y](javascript:alert(1))"),
    ("cells of a table", "a | b |\n|--|--|\n\n---\n\n<!-- "),
    ("commands of a terminal", "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31m\u{9b}31m\rOK\u{8}\u{8}"),
    ("what hides", "nul\0 \u{202e}turned \u{200b}\u{feff}\u{ffff} \u{2028}x"),
];

/// A report in which every text holds all of it.
pub(crate) fn report() -> Report {
    let all = HOSTILE.map(|(_, text)| text).join("\n");
    with(&all)
}

fn with(text: &str) -> Report {
    let mut report = empty();
    report.tool = text.to_owned();
    report.subject.url = text.to_owned();
    report.subject.profile = text.to_owned();
    report.notices = vec![text.to_owned()];
    report.limited_by = Some(text.to_owned());
    report.results = vec![
        result(text, "AUTH-7", text, failed(text, text, text, text)),
        result(text, "AUTH-7", text, failed(&format!("curl -i {text}"), text, text, text)),
        result(text, "AUTH-7", text, CaseOutcome::Known(Box::new(known(text)))),
        result(text, "HTTP-8", text, skipped(text)),
    ];
    report
}

fn known(text: &str) -> KnownFailure {
    let [told, more] = [text.to_owned(), text.to_owned()].map(Some);
    let failure = Failure {
        request: text.to_owned(),
        sent: told.clone(),
        flow: more.clone(),
        expected: text.to_owned(),
        actual: text.to_owned(),
        why: more,
        fix: text.to_owned(),
        cause: told.clone(),
        hint: told.clone(),
    };
    KnownFailure { reason: text.to_owned(), until: told, failure }
}

#[test]
fn the_terminal_is_not_steered() {
    for (name, text) in HOSTILE {
        let rendered = terminal::render(&with(text), Layout { columns: 80, verbose: true, strict: false });
        let rendered = rendered.replace("\u{1b}[0m", "");
        for (at, _) in rendered.match_indices('\u{1b}') {
            let code: String = rendered[at + 1..].chars().take_while(|character| *character != 'm').collect();
            // The report's own colours: bold, dim, red, green, yellow, cyan.
            assert!(["[1", "[2", "[31", "[32", "[33", "[36"].contains(&code.as_str()), "{name}: {code:?}");
        }
        let steering = |character: &char| {
            (character.is_control() && !matches!(character, '\n' | '\u{1b}' | '\t'))
                || matches!(character, '\u{202e}' | '\u{200b}' | '\u{feff}' | '\u{2028}')
        };
        assert_eq!(rendered.chars().find(steering), None, "{name}");
    }
}

#[test]
fn the_page_takes_it_as_text() {
    let innocent = elements(&html::render(&with("innocent"), false));
    for (name, text) in HOSTILE {
        let page = html::render(&with(text), false);
        assert_eq!(elements(&page), innocent, "{name}");
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("owned</h1>"), "{name}");
        assert!(!page.contains(['\0', '\u{1b}', '\u{202e}', '\u{ffff}']), "{name}");
    }
}

#[test]
fn the_summary_takes_it_as_text() {
    let innocent = elements(&markdown::render(&with("innocent"), false));
    for (name, text) in HOSTILE {
        let summary = markdown::render(&with(text), false);
        assert_eq!(elements(&summary), innocent, "{name}");
        // Outside `pre`, a line is one of the report's own, and what it quotes is escaped.
        let outside: Vec<&str> = summary.split("<pre>").map(|part| part.split("</pre>").last().unwrap()).collect();
        for line in outside.iter().flat_map(|part| part.lines()) {
            for begins in ["```", "~~~", "# ", "![", "---", "|--", "<!--"] {
                assert!(!line.starts_with(begins), "{name}: {line}");
            }
            let live = live(line);
            assert!(!live.contains(['[', ']', '`']) || live.starts_with("> [!"), "{name}: {line}");
        }
    }
}

#[test]
fn junit_takes_it_as_text() {
    let innocent = elements(&junit::render(&with("innocent"), false));
    for (name, text) in HOSTILE {
        let xml = junit::render(&with(text), false);
        assert_eq!(elements(&xml), innocent, "{name}");
        assert!(!xml.contains(['\0', '\u{1b}', '\u{8}', '\u{ffff}']), "{name}");
    }
}

#[test]
fn no_line_is_a_command_of_a_ci_system() {
    for command in
        ["::error::owned", "::set-output name=a::owned", "##[error]owned", "##vso[task.complete]", "##teamcity[x]"]
    {
        // Where lines are wrapped, the command comes to the beginning of one sooner or later.
        for filler in 0..40 {
            let text = format!("{} {command}\n \t{command}\n{command}", "x".repeat(filler));
            let mut report = with(&text);
            report.results.push(result(&text, "HTTP-8", &text, throttled(&text)));
            let layout = Layout { columns: 60, verbose: true, strict: false };
            for (form, shown) in [
                ("terminal", terminal::render(&report, layout)),
                ("JSON", json::render(&report, false)),
                ("JUnit", junit::render(&report, false)),
                ("Markdown", markdown::render(&report, false)),
                ("HTML", html::render(&report, false)),
            ] {
                for line in anstream::adapter::strip_str(&shown).to_string().lines() {
                    let line = line.trim_start();
                    assert!(!line.starts_with("::") || !line[2..].contains("::"), "{form}: {line}");
                    assert!(!["##[", "##vso[", "##teamcity["].iter().any(|mark| line.contains(mark)), "{form}: {line}");
                }
            }
            // It is the same report.
            assert_eq!(json::read(json::render(&report, false).as_bytes()).unwrap(), report);
        }
    }
}

/// The names of a text's elements in their order, as any reader of markup would find them.
fn elements(text: &str) -> Vec<String> {
    let tags = text.split('<').skip(1);
    tags.map(|tag| tag.split([' ', '>', '\n', '=']).next().unwrap_or_default().to_owned()).collect()
}

/// What Markdown may act on: all but the characters behind a backslash.
fn live(line: &str) -> String {
    let mut characters = line.chars();
    let mut live = String::new();
    while let Some(character) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            _ => live.push(character),
        }
    }
    live
}
