//! What all pages share: the layout, the style sheet, the script, and the policy that allows only these two.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::{contract::prose, guard::SIGN_OUT};

const STYLE: &str = concat!(include_str!("assets/inspector.css"), include_str!("assets/overview.css"));
const SCRIPT: &str = include_str!("assets/inspector.js");

/// Style and script are allowed by their hashes instead of by `'self'`: stored bodies have the same origin.
pub(super) static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types rows",
        hash(SCRIPT),
        hash(STYLE)
    )
});

const KEYS: [(&str, &str); 6] = [
    ("j / k", "Next or previous row"),
    ("Enter", "Open the row"),
    ("Esc", "Leave the search box, or go up to the list"),
    ("/", "Search"),
    ("r", "Replay the message"),
    ("?", "Show these keys"),
];

/// The pages in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Messages,
    Refused,
    Relays,
    Overview,
    Contract,
    Send,
}

impl Section {
    const ALL: [Self; 6] = [Self::Messages, Self::Refused, Self::Relays, Self::Overview, Self::Contract, Self::Send];

    fn title(self) -> &'static str {
        match self {
            Self::Messages => "Messages",
            Self::Refused => "Refused requests",
            Self::Relays => "Relays",
            Self::Overview => "Overview",
            Self::Contract => "Contract",
            Self::Send => "Send a test message",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Messages => "/",
            Self::Refused => "/refused",
            Self::Relays => "/relays",
            Self::Overview => "/overview",
            Self::Contract => "/contract",
            Self::Send => "/send",
        }
    }
}

/// A whole page. `title` is its heading; the browser shows it first in the name of the tab.
pub(super) fn page(section: Section, title: &str, content: &Markup) -> Response {
    document(Some(section), title, content).into_response()
}

pub(super) fn page_with_status(status: StatusCode, section: Section, title: &str, content: &Markup) -> Response {
    (status, document(Some(section), title, content)).into_response()
}

/// The text as a value in a query, or as a segment of a path.
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

/// A page that reports what happened, and what to do next.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) title: String,
    pub(super) advice: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, title: &str, advice: &str) -> Self {
        Self { status, title: title.to_owned(), advice: advice.to_owned() }
    }

    /// Something that works otherwise has failed.
    pub(super) fn internal(title: &str, error: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, title, &format!("{error}. The receiver's log may have more."))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, document(None, &self.title, &html! { p { (prose(&self.advice)) } })).into_response()
    }
}

fn document(section: Option<Section>, title: &str, content: &Markup) -> Html<String> {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Webhook inspector" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to content" }
                header {
                    nav aria-label="Pages" {
                        @for item in Section::ALL {
                            a href=(item.path()) aria-current=[(section == Some(item)).then_some("page")] { (item.title()) }
                        }
                        button.keys type="button" id="keys-open" hidden { "Keys" }
                        a.sign-out href=(SIGN_OUT) { "Sign out" }
                    }
                }
                main id="content" tabindex="-1" {
                    h1 { (title) }
                    (content)
                }
                (keys())
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Html(markup.into_string())
}

/// Opened by the script.
fn keys() -> Markup {
    html! {
        dialog id="keys" aria-labelledby="keys-title" {
            h2 id="keys-title" { "Keys" }
            dl.facts {
                @for (key, action) in KEYS { div { dt { kbd { (key) } } dd { (action) } } }
            }
            p { label { input id="keys-enabled" type="checkbox" checked; " Use keys that are a single character" } }
            form method="dialog" { button type="submit" { "Close" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_cannot_end_their_elements() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
    }
}
