//! A request as bytes, put together by hand: no library would send what some cases need.

use std::path::Path;

use delivery::EndpointUrl;
use schemas::{Authentication, Profile, wire};
use secrecy::SecretString;

use crate::{
    body::{self, FormError},
    case::{AuthenticationKind, Framing, HeaderCase, RequestForm},
    credential::{Credential, PlaceholderContext},
    curl::{self, ShownRequest},
    path,
    secret_encodings::contains,
    text::Text,
    variation::{Variation, Varied},
};

const REQUEST_LINE: &str = "POST {path} HTTP/1.1";

type Header = (String, Vec<u8>);

#[derive(Clone)]
pub(crate) struct Request {
    /// Request line and headers, with the empty line at the end.
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// The parts of it that HTTP/2 needs.
    pub(crate) parts: Parts,
    pub(crate) pieces: Vec<usize>,
    pub(crate) pause_ms: u64,
    pub(crate) half_close: bool,
    pub(crate) ask_to_continue: bool,
    pub(crate) http2: bool,
    pub(crate) shown: ShownRequest,
    /// What it carries as a credential, in plain text.
    pub(crate) credentials: Vec<SecretString>,
    /// A text of the message that no answer needs to hold.
    pub(crate) flow: String,
    /// Whether it has all the differences with which the endpoint accepts the plain valid message.
    pub(crate) is_whole: bool,
    /// Whether it has one of them of its own, and a right credential.
    pub(crate) is_own: bool,
    /// Whether its framing is broken, as no client sends it.
    pub(crate) is_malformed: bool,
}

#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) method: String,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone)]
pub(crate) struct RequestBuilder<'a> {
    pub(crate) endpoint: &'a EndpointUrl,
    /// The PEM file with its own authorities, for command lines.
    pub(crate) ca: Option<&'a Path>,
    pub(crate) authentication: &'a Authentication,
    pub(crate) profile: &'a Profile,
    pub(crate) variation: Variation,
}

#[cfg(test)]
impl Request {
    /// A request of this form, without a credential.
    pub(crate) fn for_test(url: &str, form: &str) -> Self {
        let builder = RequestBuilder {
            endpoint: &url.parse().unwrap(),
            ca: None,
            authentication: &Authentication::None,
            profile: Profile::v1(),
            variation: Variation::default(),
        };
        builder.build(&serde_json::from_str(form).unwrap(), 1).unwrap()
    }
}

impl RequestBuilder<'_> {
    /// Builds one request; `flow` is its flow number.
    pub(crate) fn build(&self, form: &RequestForm, flow: u64) -> Result<Request, FormError> {
        let kind = AuthenticationKind::from(self.authentication);
        let Varied { form, host, is_whole, is_own } = self.variation.of(form, kind, self.endpoint.host_header());
        let form = &form;
        let credential = Credential::new(self.authentication, &form.change).based_on(self.variation.credential());
        let body = body::make(form, &credential, kind, self.profile, flow)?;
        let mut credentials = body.credentials.clone();
        let (path, url) = (self.endpoint.path_and_query(), self.endpoint.uri().to_string());
        let line = path::fill(form.line.as_deref().unwrap_or(REQUEST_LINE), path, &url);
        let line = credential.fill(&line, PlaceholderContext::Header);
        credentials.extend(line.credentials.iter().cloned());
        let masked_line = self.masked_line(form, &credential);
        let line = String::from_utf8_lossy(&line.sent()).into_owned();

        let host = host.as_deref().unwrap_or(self.endpoint.host_header()).to_owned();
        let json = [wire::JSON_MEDIA_TYPE.to_owned()];
        let content_types = form.content_type.as_deref().unwrap_or(&json);
        let basic = [format!("{} {{given}}", wire::BASIC_SCHEME)];
        let authorization = match (&form.authorization, kind) {
            (Some(values), _) => values.as_slice(),
            (None, AuthenticationKind::Basic) => &basic,
            (None, AuthenticationKind::None | AuthenticationKind::ClientSecret) => &[],
        };
        let host = ("host".to_owned(), Text::plain(host.into_bytes()));
        let content_types =
            content_types.iter().map(|value| ("content-type".to_owned(), Text::plain(value.clone().into_bytes())));
        let authorization = authorization
            .iter()
            .map(|value| (wire::AUTHORIZATION_HEADER.to_owned(), credential.fill(value, PlaceholderContext::Header)));
        let more = form.headers.iter().map(|(name, value)| {
            // Without the query, which may open a door: a header is shown as it is sent.
            let path = path.split('?').next().unwrap_or_default();
            (name.clone(), credential.fill(&path::fill(value, path, path), PlaceholderContext::Header))
        });
        let mut headers: Vec<(String, Text)> = [host].into_iter().chain(content_types).chain(authorization).collect();
        headers.retain(|(name, _)| !form.without.contains(name));
        headers.extend(more);
        credentials.extend(headers.iter().flat_map(|(_, value)| value.credentials.iter().cloned()));
        let method = line.split(' ').next().unwrap_or_default().to_owned();

        let sent_headers: Vec<_> = headers.iter().map(|(name, value)| (name.clone(), value.sent())).collect();
        let parts = Parts { method, headers: sent_headers, body: body.sent() };
        let (framing, framed) = frame(&form.framing, &parts.body);
        let head = head(form, &line, &parts.headers, &framing);

        let flow = format!("FLOW-{flow}");
        let command = curl::Command { method: &parts.method, headers: &headers, body: &body, form };
        let request = command.line(self.endpoint, self.ca).unwrap_or_else(|| {
            let masked: Vec<_> = headers.iter().map(|(name, value)| (name.clone(), value.masked())).collect();
            let (framing, framed) = frame(&form.framing, &body.masked());
            curl::raw(&self::head(form, &masked_line, &masked, &framing), &framed)
        });
        let shown = ShownRequest {
            request,
            sent: sent(form, &parts, credential.change_in_words()),
            flow: contains(&parts.body, &flow).then(|| flow.clone()),
        };
        Ok(Request {
            shown,
            head,
            body: framed,
            parts,
            pieces: form.pieces.clone(),
            pause_ms: form.pause_ms,
            half_close: form.half_close,
            ask_to_continue: form.ask_to_continue,
            http2: form.http2,
            credentials,
            flow,
            is_whole,
            is_own,
            is_malformed: !form.framing.is_valid(),
        })
    }

    /// The request line as a report shows it.
    fn masked_line(&self, form: &RequestForm, credential: &Credential<'_>) -> String {
        let line = form.line.as_deref().unwrap_or(REQUEST_LINE);
        let line = credential.fill(line, PlaceholderContext::Header).masked();
        path::fill(&String::from_utf8_lossy(&line), &self.endpoint.masked_path(), &self.endpoint.to_string())
    }
}

/// Request line and headers, with the empty line at the end.
fn head(form: &RequestForm, line: &str, headers: &[Header], framing: &[Header]) -> Vec<u8> {
    let mut head = Vec::from(format!("{line}\r\n"));
    let expect = form.ask_to_continue.then(|| ("expect".to_owned(), b"100-continue".to_vec()));
    for (name, value) in headers.iter().chain(framing).chain(&expect) {
        head.extend_from_slice(form.header_case.spell(name).as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// What is sent, as half a sentence.
fn sent(form: &RequestForm, parts: &Parts, changed: Option<String>) -> String {
    let Parts { method, body, .. } = parts;
    let bytes = body.len();
    let bytes = if bytes == 0 { "an empty body".to_owned() } else { format!("{bytes} bytes") };
    let types = match form.content_type.as_deref() {
        None => format!(" of {}", wire::JSON_MEDIA_TYPE),
        Some([]) => " without a content type".to_owned(),
        Some(types) => format!(" of {}", types.join(" and of ")),
    };
    let framing = match &form.framing {
        Framing::Chunked(sizes) if sizes.is_empty() => ", in one chunk",
        Framing::Chunked(_) => ", in several chunks",
        _ => "",
    };
    let version = if form.http2 { ", over HTTP/2" } else { "" };
    let asks = if form.ask_to_continue { ", with Expect: 100-continue" } else { "" };
    let words = changed.or_else(|| form.words.clone()).map(|words| format!(": {words}")).unwrap_or_default();
    format!("{method} with {bytes}{types}{framing}{asks}{version}{words}")
}

impl HeaderCase {
    /// A header's name in this letter case.
    pub(crate) fn spell(self, name: &str) -> String {
        match self {
            Self::Lower => name.to_owned(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Title => {
                let words = name.split('-').map(|word| {
                    let (first, rest) = word.split_at(word.len().min(1));
                    first.to_ascii_uppercase() + rest
                });
                words.collect::<Vec<_>>().join("-")
            }
        }
    }
}

impl Framing {
    /// Whether a client may tell the end of a body so.
    fn is_valid(&self) -> bool {
        match self {
            Self::Length | Self::Chunked(_) | Self::ChunkExtensions | Self::Trailer => true,
            Self::ChunkText(text) => text == "{size}" || text == "{SIZE}",
            _ => false,
        }
    }
}

/// The headers that tell the end of a body, and the body with them.
fn frame(framing: &Framing, body: &[u8]) -> (Vec<Header>, Vec<u8>) {
    let length = |text: String| ("content-length".to_owned(), text.into_bytes());
    let chunked = || ("transfer-encoding".to_owned(), b"chunked".to_vec());
    match framing {
        Framing::Length => (vec![length(body.len().to_string())], body.to_vec()),
        Framing::Chunked(sizes) => (vec![chunked()], chunks(body, sizes, "", "\r\n")),
        Framing::ChunkExtensions => (vec![chunked()], chunks(body, &[body.len() / 2], ";part=\"a b\";last", "\r\n")),
        Framing::Trailer => (vec![chunked()], chunks(body, &[body.len() / 2], "", "x-checked: yes\r\n\r\n")),
        Framing::Both => (vec![length(body.len().to_string()), chunked()], chunks(body, &[], "", "\r\n")),
        Framing::TwoLengths => {
            (vec![length(body.len().to_string()), length((body.len() + 1).to_string())], body.to_vec())
        }
        Framing::LengthText(text) => (vec![length(text.replace("{length}", &body.len().to_string()))], body.to_vec()),
        Framing::ChunkText(text) => {
            let text =
                text.replace("{size}", &format!("{:x}", body.len())).replace("{SIZE}", &format!("{:X}", body.len()));
            let framed = [text.as_bytes(), b"\r\n", body, b"\r\n0\r\n\r\n"].concat();
            (vec![chunked()], framed)
        }
        Framing::Short(more) => (vec![length((body.len() + more).to_string())], body.to_vec()),
        Framing::Unfinished => {
            let mut framed = chunks(body, &[], "", "\r\n");
            framed.truncate(framed.len() - "0\r\n\r\n".len());
            (vec![chunked()], framed)
        }
        Framing::ChunkUnended => {
            let size = format!("{:x}\r\n", body.len());
            (vec![chunked()], [size.as_bytes(), body, b"xx0\r\n\r\n"].concat())
        }
        Framing::Untold => (Vec::new(), body.to_vec()),
    }
}

fn chunks(body: &[u8], sizes: &[usize], extension: &str, end: &str) -> Vec<u8> {
    let mut framed = Vec::with_capacity(body.len() + 64);
    let mut rest = body;
    for size in sizes.iter().copied().chain([usize::MAX]) {
        let (chunk, left) = rest.split_at(size.min(rest.len()));
        rest = left;
        if !chunk.is_empty() {
            framed.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
            framed.extend_from_slice(chunk);
            framed.extend_from_slice(b"\r\n");
        }
    }
    framed.extend_from_slice(b"0\r\n");
    framed.extend_from_slice(end.as_bytes());
    framed
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn text(framing: &Framing) -> String {
        let (headers, body) = frame(framing, b"hello");
        let mut text = String::new();
        for (name, value) in headers {
            let _ = write!(text, "{name}={} ", String::from_utf8(value).unwrap());
        }
        text + &String::from_utf8(body).unwrap()
    }

    #[test]
    fn every_framing_is_the_one_that_it_names() {
        for (framing, expected) in [
            (Framing::Length, "content-length=5 hello"),
            (Framing::Chunked(vec![1, 2]), "transfer-encoding=chunked 1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n0\r\n\r\n"),
            (Framing::Both, "content-length=5 transfer-encoding=chunked 5\r\nhello\r\n0\r\n\r\n"),
            (Framing::TwoLengths, "content-length=5 content-length=6 hello"),
            (Framing::LengthText("+5".to_owned()), "content-length=+5 hello"),
            (Framing::ChunkText("5x".to_owned()), "transfer-encoding=chunked 5x\r\nhello\r\n0\r\n\r\n"),
            (Framing::Short(3), "content-length=8 hello"),
            (Framing::Unfinished, "transfer-encoding=chunked 5\r\nhello\r\n"),
            (Framing::Untold, "hello"),
            (Framing::LengthText("{length}x".to_owned()), "content-length=5x hello"),
            (Framing::ChunkText("0x{size}".to_owned()), "transfer-encoding=chunked 0x5\r\nhello\r\n0\r\n\r\n"),
            (
                Framing::ChunkExtensions,
                "transfer-encoding=chunked 2;part=\"a b\";last\r\nhe\r\n3;part=\"a b\";last\r\nllo\r\n0\r\n\r\n",
            ),
            (Framing::Trailer, "transfer-encoding=chunked 2\r\nhe\r\n3\r\nllo\r\n0\r\nx-checked: yes\r\n\r\n"),
            (Framing::ChunkUnended, "transfer-encoding=chunked 5\r\nhelloxx0\r\n\r\n"),
        ] {
            assert_eq!(text(&framing), expected);
        }
    }

    #[test]
    fn names_are_cased() {
        assert_eq!(HeaderCase::Title.spell("content-type"), "Content-Type");
        assert_eq!(HeaderCase::Upper.spell("content-type"), "CONTENT-TYPE");
    }
}
