//! A request of HTTP as it came: nothing is repaired, joined or left out.

/// The request line and the headers.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) line: String,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: String,
    /// Names as they were written, values without the white space around them.
    pub(crate) headers: Vec<(String, String)>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

/// How the end of the body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
}

impl Head {
    /// Reads a head by its lines. `None`: a line is none of HTTP's.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut lines = text.split("\r\n");
        let line = lines.next()?.to_owned();
        let words: Vec<&str> = line.split(' ').collect();
        let word = |at: usize| words.get(at).copied().unwrap_or_default().to_owned();
        let (method, target, version) = (word(0), word(1), word(2));
        let mut headers = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(':')?;
            let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
            if !is_token {
                return None;
            }
            headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
        }
        Some(Self { line, method, target, version, headers })
    }

    /// The values of all headers with this name, in any letter case.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The first header with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// The media type without its parameters, in lower case.
    pub(crate) fn media_type(&self) -> Option<String> {
        Some(self.get("content-type")?.split(';').next()?.trim().to_ascii_lowercase())
    }
}
