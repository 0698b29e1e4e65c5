//! Defects in finding the end of a request, in sizes and in keeping a connection.

use crate::mutants::{
    answer::Answer,
    defect::Defect,
    json::Json,
    request::Framing,
    rules::{After, Rules},
};

/// The rules' own framing, for what a defect leaves as it is.
fn framing(head: &crate::mutants::request::Head) -> Result<Framing, Answer> {
    (Rules::correct(crate::mutants::rules::Expected::Nothing).framing)(head)
}

fn chunk_size(line: &str) -> Option<usize> {
    (Rules::correct(crate::mutants::rules::Expected::Nothing).chunk_size)(line)
}

pub(super) fn defects() -> Vec<Defect> {
    [ends(), sizes(), kept()].concat()
}

fn ends() -> Vec<Defect> {
    vec![
        Defect::secret("wants a Content-Length", "HTTP-8", |r| {
            r.framing = |head| match framing(head)? {
                Framing::Chunked => Err(Answer::new(411, "a length is needed")),
                length @ Framing::Length(_) => Ok(length),
            };
        })
        .also(&["HTTP-13", "HTTP-17"]),
        Defect::secret("takes a chunked body for an empty one", "HTTP-8", |r| {
            r.framing = |head| match framing(head)? {
                Framing::Chunked => Ok(Framing::Length(0)),
                length @ Framing::Length(_) => Ok(length),
            };
        })
        .also(&["HTTP-10", "HTTP-13", "HTTP-17"]),
        Defect::secret("does not know extensions of a chunk, as Tornado", "HTTP-23", |r| {
            r.chunk_size = |line| if line.contains(';') { None } else { chunk_size(line) };
        })
        .common(),
        Defect::secret("does not know trailers, as Sanic", "HTTP-23", |r| r.takes_trailers = false).common(),
        Defect::secret("takes a body that ends before its length does", "HTTP-17", |r| r.takes_short_bodies = true)
            .common(),
        Defect::open("takes JSON that ends before its length does", "HTTP-12", |r| {
            r.takes_short_bodies = true;
            r.read = |body| match Json::read(body) {
                None if body.starts_with(b"{") && !body.ends_with(b"}") => Ok(Json::Null),
                message => message.ok_or_else(Answer::bad_request),
            };
        })
        .also(&["HTTP-17", "HTTP-20"]),
        Defect::secret("does not know a chunk's size in capitals", "HTTP-8", |r| {
            r.chunk_size =
                |line| if line.bytes().any(|byte| byte.is_ascii_uppercase()) { None } else { chunk_size(line) };
        }),
        Defect::secret("lets Transfer-Encoding win beside a length", "HTTP-17", |r| {
            r.framing = |head| match head.get("transfer-encoding") {
                Some(coding) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
                _ => framing(head),
            };
        }),
        Defect::secret("takes the first of two lengths", "HTTP-17", |r| {
            r.framing = |head| match head.all("content-length").as_slice() {
                [first, _, ..] => first.parse().map(Framing::Length).map_err(|_| Answer::bad_request()),
                _ => framing(head),
            };
        }),
        Defect::secret("takes the last of two lengths", "HTTP-17", |r| {
            r.framing = |head| match head.all("content-length").as_slice() {
                [_, .., last] => last.parse().map(Framing::Length).map_err(|_| Answer::bad_request()),
                _ => framing(head),
            };
        }),
        Defect::secret("reads a length as far as it is a number, as parseInt does", "HTTP-17", |r| {
            r.framing = |head| {
                let length = head.get("content-length").unwrap_or("0").trim_start_matches('+');
                let digits = length.find(|character: char| !character.is_ascii_digit()).unwrap_or(length.len());
                match length[..digits].parse() {
                    Ok(length) if head.get("transfer-encoding").is_none() && head.all("content-length").len() < 2 => {
                        Ok(Framing::Length(length))
                    }
                    _ => framing(head),
                }
            };
        }),
        Defect::secret("crashes on a length that is no number", "HTTP-17", |r| {
            r.framing = |head| match head.get("content-length") {
                Some(length) if length.parse::<usize>().is_err() => Err(Answer::crash()),
                _ => framing(head),
            };
        }),
        Defect::secret("does not look for the end of a chunk", "HTTP-17", |r| r.chunk_end = |_| true),
        Defect::secret("reads a chunk's size with a sign or 0x", "HTTP-17", |r| {
            r.chunk_size = |line| chunk_size(line.trim_start_matches('+').trim_start_matches("0x"));
        }),
        Defect::secret("closes the connection without an answer where the end is in doubt", "HTTP-17", |r| {
            r.framing = |head| framing(head).map_err(|_| Answer::new(0, ""));
        }),
    ]
}

fn sizes() -> Vec<Defect> {
    vec![
        Defect::secret("takes a body of 16 KB at most", "HTTP-11", |r| r.limit = 16 << 10)
            .also(&["HTTP-8", "HTTP-9", "HTTP-13", "OPS-4"]),
        Defect::secret("takes a body of 64 000 bytes at most", "HTTP-11", |r| r.limit = 64_000)
            .also(&["HTTP-8", "HTTP-9", "HTTP-13", "OPS-4"]),
        Defect::secret("takes a body of 100 kB at most, as Express does", "HTTP-13", |r| r.limit = 100 << 10).common(),
        Defect::secret("takes a body of a million bytes at most", "HTTP-13", |r| r.limit = 1_000_000),
        Defect::basic("takes a head of 500 bytes at most", "AUTH-16", |r| r.head_limit = 500).refusing_all(),
    ]
}

fn kept() -> Vec<Defect> {
    vec![
        Defect::secret("closes each connection without saying so", "HTTP-10", |r| r.after = |_, _| After::Drop)
            .also(&["AUTH-6", "OPS-3"]),
        Defect::secret("does not answer the second message on a connection", "HTTP-10", |r| {
            r.nth = |count| if count == 1 { Ok(()) } else { Err(Answer::new(0, "")) };
        })
        .also(&["AUTH-6", "OPS-3"]),
        Defect::secret("answers the second message on a connection with 400", "HTTP-10", |r| {
            r.nth = |count| if count == 1 { Ok(()) } else { Err(Answer::bad_request()) };
        })
        .also(&["AUTH-6", "OPS-3"]),
        Defect::basic("leaves the body of a refused request on the connection", "HTTP-10", |r| {
            r.drain = false;
            r.after = |_, _| After::Keep;
        })
        .also(&["HTTP-14", "HTTP-15", "HTTP-17", "HTTP-9"]),
    ]
}
