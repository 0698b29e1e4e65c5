//! What is as right as what the correct receiver does, so that no case may blame it for a MUST.

use crate::mutants::{
    answer::Answer,
    defect::Defect,
    json::Json,
    rules::{MEMBER, secret},
};

pub(crate) fn right_as_well() -> Vec<Defect> {
    vec![
        Defect::secret("answers a foreign Origin with 403, as a CORS filter does", "", |r| {
            r.headers = |head| if head.get("origin").is_some() { Err(Answer::new(403, "CORS")) } else { Ok(()) };
        }),
        Defect::secret("answers an Accept without JSON with 406", "", |r| {
            r.headers = |head| match head.get("accept") {
                Some(accept) if !accept.contains("json") && !accept.contains("*/*") => {
                    Err(Answer::new(406, "JSON only"))
                }
                _ => Ok(()),
            };
        }),
        Defect::secret("answers a URL with a query with 404", "", |r| {
            r.path = |head| if head.target.ends_with("/hooks/flowingly") { Ok(()) } else { Err(Answer::not_found()) };
        }),
        Defect::secret("answers a long URL with 414 and long headers with 431", "", |r| {
            r.headers = |head| match (head.target.len(), head.headers.iter().map(|(_, value)| value.len()).max()) {
                (400.., _) => Err(Answer::new(414, "the URL is too long")),
                (_, Some(2000..)) => Err(Answer::new(431, "a header is too long")),
                _ => Ok(()),
            };
        }),
        Defect::secret("answers a secret of more than 250 characters with 422", "", |r| {
            r.secret = |request, message, parts, right| match message.get(MEMBER).and_then(Json::text) {
                Some(sent) if sent.chars().count() > 250 => Err(Answer::new(422, "the secret is too long")),
                _ => secret(request, message, parts, right),
            };
        }),
        Defect::secret("takes a body of 64 KB at most", "", |r| r.limit = 64 << 10),
        Defect::basic("takes a head of 4000 bytes at most", "", |r| r.head_limit = 4000),
        Defect::basic("normalizes username and password (NFC), as RFC 7617 has it", "", |r| {
            r.basic_parts.same = |sent, right| {
                let equal = |sent, right| super::spelling::nfc(sent) == super::spelling::nfc(right);
                equal(sent.0, right.0) && equal(sent.1, right.1)
            };
        }),
    ]
}
