//! A page that shows a post as Teams would, with the Adaptive Cards JavaScript renderer. The renderer, Microsoft's
//! package `adaptivecards`, is not part of this program.

use std::{fs, io, path::PathBuf, str::FromStr};

use super::card::Card;

const PAGE: &str = include_str!("page.html");

/// Source of a script of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// A file, embedded in the page.
    File(PathBuf),
    /// A URL from which the browser loads it.
    Url(String),
}

impl FromStr for Script {
    type Err = std::convert::Infallible;

    fn from_str(place: &str) -> Result<Self, Self::Err> {
        Ok(if super::flow_url::is_web(place) { Self::Url(place.to_owned()) } else { Self::File(place.into()) })
    }
}

/// A script cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the renderer {}: {source}", file.display())]
pub struct ScriptError {
    /// The file.
    pub file: PathBuf,
    /// Why not.
    source: io::Error,
}

/// Renders a page for one card, with the scripts in order: the renderer, then optionally markdown-it.
///
/// # Errors
/// When a script's file cannot be read.
pub fn page(card: &Card, scripts: &[Script]) -> Result<String, ScriptError> {
    let mut tags = String::new();
    for script in scripts {
        tags += &match script {
            Script::Url(url) => format!("<script src=\"{}\"></script>\n", minijinja::HtmlEscape(url)),
            Script::File(file) => {
                let read = fs::read_to_string(file);
                let source = read.map_err(|source| ScriptError { file: file.clone(), source })?;
                // This would end the script element.
                format!("<script>{}</script>\n", source.replace("</script", "<\\/script"))
            }
        };
    }
    let post = String::from_utf8_lossy(&card.body).replace('<', "\\u003c");
    Ok(PAGE.replacen("<!-- scripts -->", &tags, 1).replacen("/* post */ null", &post, 1))
}
