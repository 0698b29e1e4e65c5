//! What a refusal of the plain valid message may mean where no probe was accepted.

use schemas::Authentication;

use super::performance::Performance;

impl Performance<'_> {
    /// Every reading of a status that is not an acceptance, in words, and how that is mended where the case's own words miss it.
    pub(super) fn reading(&self, status: u16) -> (String, Option<&'static str>) {
        let given = !matches!(self.maker.authentication, Authentication::None);
        let (words, mend, for_credential) = match status {
            401 | 403 if !given => (
                "the endpoint expects a credential: give it with --client-secret, or --username and --password",
                Some("Give the credential that the endpoint expects, or switch its authentication off."),
                false,
            ),
            401 | 403 => (
                "either the credential given is not the one that the endpoint has, or something in front of it refuses (a CSRF or CORS filter, a check of `Host`, `Origin` or the address, a firewall), or the endpoint handles the right credential wrongly",
                None,
                true,
            ),
            404 | 410 => (
                "either the URL's path is not that of the endpoint, or the route is not there yet",
                Some("Correct the URL, or add the route."),
                false,
            ),
            405 | 501 => (
                "either the URL is not that of the endpoint, or the endpoint does not accept POST",
                Some("Correct the URL, or make the endpoint accept POST."),
                false,
            ),
            300..400 => (
                "either the URL is not quite that of the endpoint (http for https, a missing or superfluous slash), or the endpoint wants a login, which a webhook cannot do",
                Some("Give the URL that it redirects to, or answer at this one without a login."),
                false,
            ),
            502 | 504 | 509 | 520..=530 => (
                "a proxy in front of the endpoint does not get an answer from it",
                Some("Start the endpoint behind the proxy; the proxy's log should say which one it calls."),
                false,
            ),
            500.. => (
                "either the endpoint fails on a valid message, or something that it depends on is missing; its log should say which",
                Some("Find the error in the endpoint's log, and fix what it names."),
                given,
            ),
            400 | 415 | 422 => (
                "either the endpoint refuses a valid message, or it is not given the credential that it expects, or its messages have other property names (--profile)",
                None,
                given,
            ),
            _ => (
                "either the URL is not that of the endpoint, or the endpoint handles a valid message wrongly",
                None,
                given,
            ),
        };
        let special = if for_credential { self.special() } else { String::new() };
        (format!("{words}{special}"), mend)
    }

    /// What about the credential is often handled wrongly.
    fn special(&self) -> String {
        let (whole, colon) = match self.maker.authentication {
            Authentication::None => return String::new(),
            Authentication::ClientSecret { client_secret } => (client_secret.expose().to_owned(), false),
            Authentication::Basic(basic) => {
                (format!("{}{}", basic.username(), basic.expose_password()), basic.expose_password().contains(':'))
            }
        };
        let mut special = Vec::new();
        if colon {
            special.push("a colon in the password");
        }
        if !whole.is_ascii() {
            special.push("characters beyond ASCII");
        }
        if whole.len() > 64 {
            special.push("more than 64 bytes");
        }
        if whole.trim() != whole {
            special.push("a space at an end");
        }
        if special.is_empty() {
            String::new()
        } else {
            format!(
                ". The credential has {}: test with one of 12 ASCII letters and digits to see whether that is the cause",
                special.join(", ")
            )
        }
    }
}
