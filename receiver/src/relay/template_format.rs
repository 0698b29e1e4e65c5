//! The output format of a template, by its file extension.

use http::HeaderValue;
use minijinja::AutoEscape;

/// The name of the auto-escaping of JSON.
const JSON_ESCAPING: &str = "json";

/// The output format of a template: its escaping and media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TemplateFormat {
    /// `.csv`, not escaped.
    Csv,
    /// `.html`, `.htm`, escaped.
    Html,
    /// Every other extension.
    Json,
    /// `.md`, not escaped.
    Markdown,
    /// `.txt`, `.text`, not escaped.
    Text,
    /// `.xml`, escaped.
    Xml,
}

impl TemplateFormat {
    /// The format of a template with this name. Ignores a final `.jinja`, `.jinja2` or `.j2`, and case.
    pub(crate) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let engine = [".jinja", ".jinja2", ".j2"].into_iter().find_map(|end| name.strip_suffix(end));
        match engine.unwrap_or(&name).rsplit_once('.') {
            Some((_, "csv")) => Self::Csv,
            Some((_, "html" | "htm")) => Self::Html,
            Some((_, "md" | "markdown")) => Self::Markdown,
            Some((_, "txt" | "text")) => Self::Text,
            Some((_, "xml")) => Self::Xml,
            _ => Self::Json,
        }
    }

    /// The default media type.
    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Json => schemas::wire::JSON_MEDIA_TYPE,
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Xml => "application/xml",
        })
    }

    /// How the engine escapes what such a template prints.
    pub(super) fn escaping(self) -> AutoEscape {
        match self {
            Self::Csv | Self::Markdown | Self::Text => AutoEscape::None,
            Self::Html | Self::Xml => AutoEscape::Html,
            Self::Json => AutoEscape::Custom(JSON_ESCAPING.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_says_what_is_made() {
        for (name, format, content_type) in [
            ("mine.jinja", TemplateFormat::Json, "application/json"),
            ("mine.json.jinja", TemplateFormat::Json, "application/json"),
            ("mine", TemplateFormat::Json, "application/json"),
            ("/etc/relay.d/mine", TemplateFormat::Json, "application/json"),
            ("mine.txt.jinja", TemplateFormat::Text, "text/plain; charset=utf-8"),
            ("mine.txt", TemplateFormat::Text, "text/plain; charset=utf-8"),
            ("MINE.TXT.J2", TemplateFormat::Text, "text/plain; charset=utf-8"),
            ("a.b.text.jinja2", TemplateFormat::Text, "text/plain; charset=utf-8"),
            ("mine.html.jinja", TemplateFormat::Html, "text/html; charset=utf-8"),
            ("mine.htm", TemplateFormat::Html, "text/html; charset=utf-8"),
            ("mine.xml.j2", TemplateFormat::Xml, "application/xml"),
            ("mine.md", TemplateFormat::Markdown, "text/markdown; charset=utf-8"),
            ("mine.csv.jinja", TemplateFormat::Csv, "text/csv; charset=utf-8"),
        ] {
            assert_eq!(TemplateFormat::of(name), format, "{name}");
            assert_eq!(format.content_type(), content_type, "{name}");
        }
    }
}
