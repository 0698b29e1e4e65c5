//! What a client expects before it sends the body (RFC 9110 section 10.1.1).

use http::{HeaderValue, Version, header, request};

const CONTINUE_EXPECTATION: &str = "100-continue";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// None: the body follows.
    None,
    /// `100 Continue`, after which the body follows.
    Continue,
    /// Something else, which cannot be met.
    Unsupported,
}

impl Expectation {
    /// Reads the `Expect` headers of a request, which have no meaning in HTTP/1.0.
    pub(crate) fn of(head: &request::Parts) -> Self {
        let values = || head.headers.get_all(header::EXPECT).iter();
        if head.version < Version::HTTP_11 || values().all(|value| list(value).next().is_none()) {
            return Self::None;
        }
        if !values().flat_map(list).all(is_continue) {
            return Self::Unsupported;
        }
        // hyper answers it in HTTP/1.1 and reads only the last header, as a single expectation.
        let is_read =
            head.version >= Version::HTTP_2 || values().next_back().is_some_and(|value| is_continue(value.as_bytes()));
        if is_read { Self::Continue } else { Self::Unsupported }
    }
}

fn list(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

fn is_continue(expectation: &[u8]) -> bool {
    expectation.eq_ignore_ascii_case(CONTINUE_EXPECTATION.as_bytes())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::{
        Expectation::{Continue, None, Unsupported},
        *,
    };

    #[test]
    fn an_expectation_is_recognized_in_every_spelling() {
        for (values, in_1_1, in_2) in [
            (&[][..], None, None),
            (&[""], None, None),
            (&[" , "], None, None),
            (&["100-continue"], Continue, Continue),
            (&["100-Continue"], Continue, Continue),
            (&["100-CONTINUE"], Continue, Continue),
            (&["", "100-continue"], Continue, Continue),
            (&["100-continue", "100-continue"], Continue, Continue),
            (&["100-continue, 100-continue"], Unsupported, Continue),
            (&["100-continue,"], Unsupported, Continue),
            (&["100-continue", ""], Unsupported, Continue),
            (&["100-continue, x"], Unsupported, Unsupported),
            (&["x", "100-continue"], Unsupported, Unsupported),
            (&["100-continue;x=1"], Unsupported, Unsupported),
            (&["x"], Unsupported, Unsupported),
            (&["100"], Unsupported, Unsupported),
        ] {
            for (version, expected) in [(Version::HTTP_10, None), (Version::HTTP_11, in_1_1), (Version::HTTP_2, in_2)] {
                let request = Request::builder().version(version);
                let request = values.iter().fold(request, |request, value| request.header(header::EXPECT, *value));
                let (head, ()) = request.body(()).unwrap().into_parts();
                assert_eq!(Expectation::of(&head), expected, "{values:?} in {version:?}");
            }
        }
    }
}
