//! What all pages share: the layout, the style sheet, the script, and the policy that allows only these two.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::guard::SIGN_OUT;

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

/// The pages in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Messages,
    Overview,
    Contract,
}

impl Section {
    const ALL: [Self; 3] = [Self::Messages, Self::Overview, Self::Contract];

    fn title(self) -> &'static str {
        match self {
            Self::Messages => "Messages",
            Self::Overview => "Overview",
            Self::Contract => "Contract",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Messages => "/",
            Self::Overview => "/overview",
            Self::Contract => "/contract",
        }
    }
}

/// A whole page. `title` is its heading; the browser shows it first in the name of the tab.
pub(super) fn page(section: Section, title: &str, content: &Markup) -> Response {
    document(Some(section), title, content).into_response()
}

/// A page that reports a problem: what happened, and what to do next.
pub(super) fn problem(status: StatusCode, title: &str, advice: &str) -> Response {
    (status, document(None, title, &html! { p { (advice) } })).into_response()
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
                        a.sign-out href=(SIGN_OUT) { "Sign out" }
                    }
                }
                main id="content" tabindex="-1" {
                    h1 { (title) }
                    (content)
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Html(markup.into_string())
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
