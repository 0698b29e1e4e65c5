//! The mask over the credentials of a request that was put together from arguments.

use schemas::{Document, Profile, document::PresentedSecret};

use crate::delivery::Request;
pub(super) use crate::delivery::{MASK, Mask};

impl Mask {
    /// Over the request's credentials, the client secret that stands in its body, and `password`.
    pub(super) fn of_message(request: &Request, profile: &Profile, password: Option<&str>) -> Self {
        let mut besides: Vec<String> = password.map(str::to_owned).into_iter().collect();
        if let Ok(document) = Document::read(request.body(), profile)
            && let PresentedSecret::Text(secret) = document.secret()
        {
            besides.push(secret.to_owned());
        }
        Self::new(request, besides)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn the_secret_in_the_body_is_masked() {
        let request = Request::new(Bytes::from_static(br#"{"clientSecret":"can\u0061ry \"9\""}"#));
        let mask = Mask::of_message(&request, Profile::v1(), Some("canary-1"));
        assert_eq!(mask.text(r#"canary "9", canary \"9\", jo:canary-1"#), "***, ***, jo:***");
    }
}
