//! A page that shows a post as Teams would, with the Adaptive Cards JavaScript renderer. The renderer, Microsoft's
//! package `adaptivecards`, is not part of this program.

use std::{fs, io, path::PathBuf, str::FromStr};

use super::card::Card;

const PAGE_TEMPLATE: &str = include_str!("page.html");

/// A script of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageScript {
    /// A file, embedded in the page.
    File(PathBuf),
    /// A URL from which the browser loads it.
    Url(String),
}

impl FromStr for PageScript {
    type Err = std::convert::Infallible;

    fn from_str(place: &str) -> Result<Self, Self::Err> {
        Ok(if super::flow_url::is_web(place) { Self::Url(place.to_owned()) } else { Self::File(place.into()) })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read the renderer {}: {source}", file.display())]
pub struct PageScriptError {
    file: PathBuf,
    source: io::Error,
}

/// Renders a page for one card, with the scripts in order: the renderer, then optionally markdown-it.
///
/// # Errors
/// When a script's file cannot be read.
pub fn page(card: &Card, scripts: &[PageScript]) -> Result<String, PageScriptError> {
    let mut tags = String::new();
    for script in scripts {
        tags += &match script {
            PageScript::Url(url) => format!("<script src=\"{}\"></script>\n", minijinja::HtmlEscape(url)),
            PageScript::File(file) => {
                let read = fs::read_to_string(file);
                let source = read.map_err(|source| PageScriptError { file: file.clone(), source })?;
                // This would end the script element.
                format!("<script>{}</script>\n", source.replace("</script", "<\\/script"))
            }
        };
    }
    let post = String::from_utf8_lossy(&card.body).replace('<', "\\u003c");
    Ok(PAGE_TEMPLATE.replacen("<!-- scripts -->", &tags, 1).replacen("/* post */ null", &post, 1))
}
