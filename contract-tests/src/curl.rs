//! A request as a command line of `curl` that one can paste, the credential a variable of the shell; or in words.

use std::fmt::Write as _;

use crate::{
    case::{Framing, RequestForm},
    endpoint::Endpoint,
};

/// Most characters of a body that are shown.
const BODY_MAX: usize = 6000;

/// What a command line is made of; what a shell cannot say is `None`.
pub(crate) struct Command<'a> {
    pub(crate) method: &'a str,
    /// Headers inside double quotes.
    pub(crate) headers: Vec<Option<String>>,
    /// The body inside single quotes.
    pub(crate) body: Option<String>,
    pub(crate) form: &'a RequestForm,
    /// What is changed at the credential, where only words say it.
    pub(crate) changed: Option<String>,
}

impl Command<'_> {
    /// The line, or the request in words.
    pub(crate) fn shown(&self, endpoint: &Endpoint) -> String {
        if let Some(words) = &self.form.words {
            return format!(
                "POST {}, by no client that keeps to the standards or in a way of its own: {words}",
                endpoint.shown()
            );
        }
        match self.line(endpoint) {
            Some(line) => line,
            None => {
                let words =
                    self.changed.clone().or_else(|| Some(format!("a body of at least {} bytes", self.form.size?)));
                let words = words.unwrap_or_else(|| "what the title of the case says".to_owned());
                format!("a {} to {} with {words}", self.method, endpoint.shown())
            }
        }
    }

    fn line(&self, endpoint: &Endpoint) -> Option<String> {
        let body = self.body.as_ref().filter(|body| body.len() <= BODY_MAX)?;
        let mut line = String::from("curl -i");
        if self.method != "POST" {
            let _ = write!(line, " -X {}", self.method);
        }
        let chunked = matches!(self.form.framing, Framing::Chunked(_)).then_some("transfer-encoding: chunked");
        let expect = self.form.ask_to_continue.then_some("expect: 100-continue");
        for header in chunked.into_iter().chain(expect) {
            let _ = write!(line, " -H \"{}\"", self.header(header)?);
        }
        for header in &self.headers {
            let _ = write!(line, " -H \"{}\"", self.header(header.as_ref()?)?);
        }
        for name in &self.form.without {
            let _ = write!(line, " -H \"{name}:\"");
        }
        if self.form.http2 {
            line.push_str(" --http2");
        }
        let _ = write!(line, " --data-binary '{body}' '{}'", endpoint.shown().replace('\'', "%27"));
        Some(line)
    }

    /// A header as `curl` takes it: one without a value ends in a semicolon.
    fn header(&self, header: &str) -> Option<String> {
        let (name, value) = header.split_once(':')?;
        let name = self.form.letters.spell(name);
        Some(if value.trim().is_empty() { format!("{name};") } else { format!("{name}:{value}") })
    }
}
