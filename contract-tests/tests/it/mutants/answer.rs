//! An answer of HTTP, and the few that the receiver gives.

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: vec![("content-type", "text/plain".to_owned())], body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn ok() -> Self {
        Self::new(200, "thank you")
    }

    pub(crate) fn bad_request() -> Self {
        Self::new(400, "the request is broken")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "nothing is here")
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(403, "the client secret is not the right one")
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "username or password is not the right one")
            .with("www-authenticate", r#"Basic realm="webhooks", charset="UTF-8""#)
    }

    /// What a crash of the handler looks like from outside.
    pub(crate) fn crash() -> Self {
        Self::new(500, "something went wrong")
    }

    /// The bytes on the wire. An answer to HEAD has no body.
    pub(crate) fn bytes(&self, to_head: bool, close: bool) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} X\r\n", self.status);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !(100..200).contains(&self.status) && self.status != 204 {
            text += &format!("content-length: {}\r\n", self.body.len());
        }
        text += if close { "connection: close\r\n\r\n" } else { "\r\n" };
        if !to_head && self.status != 204 {
            text += &self.body;
        }
        text.into_bytes()
    }
}
