//! What a refusal of the plain valid message may mean if no probe was accepted.

use schemas::Authentication;

use super::case_runner::CaseRunner;

impl CaseRunner<'_> {
    /// The possible causes of a status that is not an acceptance, and how to fix them where the case's own advice does not fit.
    pub(super) fn explain_refusal(&self, status: u16) -> (String, Option<&'static str>) {
        let given = !matches!(self.builder.authentication, Authentication::None);
        let (causes, fix, is_about_credential) = match status {
            401 | 403 if !given => (
                "the endpoint expects a credential: pass it with --client-secret, or with --username and --password",
                Some("Pass the credential that the endpoint expects, or switch its authentication off."),
                false,
            ),
            401 | 403 => (
                "either the endpoint expects another credential, or something in front of it refuses the request (a CSRF or CORS filter, a check of `Host`, `Origin` or the address, a firewall), or the endpoint handles the right credential wrongly",
                None,
                true,
            ),
            404 | 410 => (
                "either the URL has the wrong path, or the route does not exist yet",
                Some("Correct the URL, or add the route."),
                false,
            ),
            405 | 501 => (
                "either the URL is not that of the endpoint, or the endpoint does not accept POST",
                Some("Correct the URL, or make the endpoint accept POST."),
                false,
            ),
            300..400 => (
                "either the URL is not exactly that of the endpoint (http instead of https, a missing or extra slash), or the endpoint wants a login, which a webhook cannot do",
                Some("Use the URL that it redirects to, or answer at this one without a login."),
                false,
            ),
            502 | 504 | 509 | 520..=530 => (
                "a proxy in front of the endpoint does not get an answer from it",
                Some("Start the endpoint behind the proxy; the proxy's log should show which one it calls."),
                false,
            ),
            500.. => (
                "either the endpoint fails on a valid message, or something that it depends on is missing; see its log",
                Some("Find the error in the endpoint's log, and fix what it names."),
                given,
            ),
            400 | 415 | 422 => (
                "either the endpoint refuses a valid message, or it expects another credential, or other property names (--profile)",
                None,
                given,
            ),
            _ => (
                "either the URL is not that of the endpoint, or the endpoint handles a valid message wrongly",
                None,
                given,
            ),
        };
        let special = if is_about_credential { self.special_characters() } else { String::new() };
        (format!("{causes}{special}"), fix)
    }

    /// What programs often handle wrongly in a credential.
    fn special_characters(&self) -> String {
        let (whole, colon) = match self.builder.authentication {
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
            special.push("a space at its beginning or end");
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
