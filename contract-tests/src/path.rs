//! Spellings of an endpoint's path that a router may take for the path itself, while a check before it does not.

use crate::change::other_case;

const UNKNOWN_PATH: &str = "/no-such-endpoint-7f3b";

/// Fills the placeholders of a request line or a header for the target: `{url}` is the absolute form, `{path}` is `target`,
/// path and query, and `{path:SPELLING}` the same with the path spelled in another way.
pub(crate) fn fill(template: &str, target: &str, url: &str) -> String {
    let filled = template.replace("{url}", url);
    let mut parts = filled.split("{path");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((spelling, rest)) => {
                text.push_str(&spelled(target, spelling.trim_start_matches(':')));
                text.push_str(rest);
            }
            None => text.push_str(part),
        }
    }
    text
}

/// Path and query with the path in another spelling; unchanged if there is no such spelling.
fn spelled(target: &str, spelling: &str) -> String {
    let (path, query) = match target.find('?') {
        Some(at) => target.split_at(at),
        None => (target, ""),
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let other = match spelling {
        "otherCase" => path.chars().map(other_case).collect(),
        "slash" => path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned),
        "doubleSlash" => format!("{folder}//{name}"),
        "doubleSlashes" => path.replace('/', "//"),
        "dot" => format!("{folder}/./{name}"),
        "dotAfter" => format!("{}/.", path.trim_end_matches('/')),
        "parent" => format!("{folder}/x/../{name}"),
        "encoded" => match name.chars().next() {
            Some(first) if first.is_ascii_alphanumeric() => format!("{folder}/%{:02X}{}", u32::from(first), &name[1..]),
            _ => path.to_owned(),
        },
        "encodedSlash" => format!("{folder}%2F{name}"),
        "backslash" => format!("{folder}\\{name}"),
        "parameter" => format!("{path};x=1"),
        "suffix" => format!("{path}.json"),
        "space" => format!("{path}%20"),
        "query" => return if query.is_empty() { format!("{path}?x=1") } else { format!("{path}{query}&x=1") },
        "unknown" => UNKNOWN_PATH.to_owned(),
        _ => path.to_owned(),
    };
    other + query
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Case, case::Action};

    #[test]
    fn every_spelling_is_the_one_that_it_names() {
        for (spelling, expected) in [
            ("", "/hooks/inA?k=1"),
            ("otherCase", "/HOOKS/INa?k=1"),
            ("slash", "/hooks/inA/?k=1"),
            ("doubleSlash", "/hooks//inA?k=1"),
            ("doubleSlashes", "//hooks//inA?k=1"),
            ("dot", "/hooks/./inA?k=1"),
            ("dotAfter", "/hooks/inA/.?k=1"),
            ("parent", "/hooks/x/../inA?k=1"),
            ("encoded", "/hooks/%69nA?k=1"),
            ("encodedSlash", "/hooks%2FinA?k=1"),
            ("backslash", "/hooks\\inA?k=1"),
            ("parameter", "/hooks/inA;x=1?k=1"),
            ("suffix", "/hooks/inA.json?k=1"),
            ("space", "/hooks/inA%20?k=1"),
            ("query", "/hooks/inA?k=1&x=1"),
            ("unknown", "/no-such-endpoint-7f3b?k=1"),
        ] {
            assert_eq!(spelled("/hooks/inA?k=1", spelling), expected, "{spelling}");
        }
        assert_eq!(spelled("/hooks/", "slash"), "/hooks");
        assert_eq!(spelled("/hooks", "query"), "/hooks?x=1");
        assert_eq!(spelled("/", "encoded"), "/");
    }

    #[test]
    fn every_spelling_in_the_catalogue_is_known() {
        let fill = |line: &str| fill(line, "/hooks/flowingly", "http://127.0.0.1/hooks/flowingly");
        for case in Case::all() {
            let Action::Send(exchange) = &case.action else { continue };
            for form in [exchange.after.as_ref(), Some(&exchange.request), exchange.unless_accepted.as_ref()] {
                let Some(line) = form.and_then(|form| form.line.as_deref()) else { continue };
                let is_changed = fill(line) != fill("POST {path} HTTP/1.1");
                assert!(is_changed || line == "POST {path} HTTP/1.1", "{}: {line}", case.id);
            }
        }
    }
}
