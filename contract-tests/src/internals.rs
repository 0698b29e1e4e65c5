//! Finds the internals of a program in an answer: stack traces, warnings that name a file, paths and queries, as PHP,
//! Python, Ruby, Perl, Java, .NET, Node, Go and Rust write them, in plain text, HTML and JSON.

/// Maximum number of characters of what was found that is shown.
const MAX_SHOWN: usize = 100;

/// Text that appears only in such output.
const MARKERS: [&str; 24] = [
    "Traceback (most recent call last)",
    "Exception in thread \"",
    "panicked at ",
    "Fatal error: Uncaught",
    "--- End of inner exception stack trace",
    "--- End of stack trace",
    "runtime error: ",
    "node_modules/",
    "node:internal/",
    "site-packages/",
    "dist-packages/",
    "\"stackTrace\":",
    "\"stacktrace\":",
    "Stack trace:\n",
    "Stack Trace:\n",
    "Stack trace: #0",
    "DEBUG = True",
    "SQLSTATE",
    "You have an error in your SQL syntax",
    "syntax error at or near \"",
    "ORA-00",
    "SQLITE_",
    "sqlite3.OperationalError",
    "psycopg",
];

const SOURCE_EXTENSIONS: [&str; 33] = [
    "php", "phtml", "inc", "py", "pyc", "rb", "erb", "rake", "js", "mjs", "cjs", "jsx", "ts", "tsx", "java", "kt",
    "scala", "groovy", "clj", "go", "rs", "cs", "vb", "fs", "cshtml", "pl", "pm", "cgi", "ex", "exs", "erl", "swift",
    "lua",
];
/// Extensions that are also top-level domains: a number after a colon may be a port.
const DOMAIN_EXTENSIONS: [&str; 7] = ["py", "rs", "pl", "pm", "vb", "ex", "inc"];

const SYSTEM_FOLDERS: [&str; 11] =
    ["home", "usr", "var", "srv", "opt", "root", "etc", "tmp", "Users", "private", "proc"];

/// The internals of a program in a text, shortened. `own_path` is the endpoint's path, which an error may repeat.
pub(crate) fn found(body: &[u8], own_path: &str) -> Option<String> {
    let raw = String::from_utf8_lossy(body);
    let plain = plain_text(&raw);
    // A Windows path looks like JSON escapes, so search the original text for it.
    let found =
        in_text(&plain, own_path).or_else(|| words(&raw).find(|word| is_on_a_drive(word)).map(str::to_owned))?;
    Some(found.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_SHOWN).collect())
}

fn in_text(text: &str, own_path: &str) -> Option<String> {
    if let Some(mark) = MARKERS.into_iter().find(|mark| text.contains(mark)) {
        return Some(mark.to_owned());
    }
    text.lines().find_map(|line| {
        frame(line).or_else(|| source_line(line)).or_else(|| query(line)).or_else(|| path(line, own_path))
    })
}

/// The text of HTML without its elements, and that of JSON without its escapes.
fn plain_text(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let is_element =
            rest[at + 1..].starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '!'));
        match rest[at..].find('>').filter(|_| is_element) {
            Some(end) => {
                let name = rest[at + 1..at + end].trim_start_matches('/').to_ascii_lowercase();
                if ["br", "p", "li", "div", "pre", "tr", "h1", "h2"].iter().any(|block| name.starts_with(block)) {
                    text.push('\n');
                }
                rest = &rest[at + end + 1..];
            }
            None => {
                text.push('<');
                rest = &rest[at + 1..];
            }
        }
    }
    text.push_str(rest);
    for (encoded, character) in [
        ("&nbsp;", " "),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2F;", "/"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
        ("\\u003c", "<"),
        ("\\u003e", ">"),
        ("\\u0027", "'"),
        ("\\u0022", "\""),
        ("\\\\", "\u{0}"),
        ("\\r", ""),
        ("\\n", "\n"),
        ("\\t", " "),
        ("\\/", "/"),
        ("\\\"", "\""),
        ("\u{0}", "\\"),
    ] {
        if text.contains(encoded) {
            text = text.replace(encoded, character);
        }
    }
    text
}

/// A line of a stack trace of Java, .NET, Node or Go, or the full name of an exception.
fn frame(line: &str) -> Option<String> {
    let line = line.trim();
    let is_goroutine = line
        .strip_prefix("goroutine ")
        .and_then(|rest| rest.split_once(" ["))
        .is_some_and(|(number, _)| is_number(number));
    if is_goroutine || line.strip_prefix("at ").is_some_and(is_call) {
        return Some(line.to_owned());
    }
    let words = line.split(|character: char| !(character.is_alphanumeric() || matches!(character, '.' | '_' | '$')));
    words.map(|word| word.trim_matches('.')).find(|word| is_exception(word)).map(str::to_owned)
}

/// Whether a line of a stack trace continues like this after `at`: `a.b.C.d(...)`, or a place in parentheses.
fn is_call(rest: &str) -> bool {
    let rest = rest.strip_prefix("async ").or_else(|| rest.strip_prefix("new ")).unwrap_or(rest);
    let Some((name, arguments)) = rest.split_once('(') else { return false };
    let is_place = |text: &str| {
        let place = text.split(')').next().unwrap_or_default();
        place == "native" || place == "<anonymous>" || place.rsplit(':').next().is_some_and(is_number)
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|character| character.is_alphanumeric() || "._$<>`[]/,+-".contains(character))
    };
    match name.strip_suffix(' ') {
        Some(_) => is_place(arguments),
        None => name.contains('.') && is_name(name),
    }
}

/// Whether it is a name such as `java.lang.NullPointerException` or `django.db.utils.DataError`.
fn is_exception(word: &str) -> bool {
    let Some((package, name)) = word.rsplit_once('.') else { return false };
    let parts = || package.split('.');
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (name.ends_with("Exception") || name.ends_with("Error"))
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && parts().all(is_part)
        && (parts().count() >= 2 || package == "System")
}

/// A source file with the number of a line: `x.go:12`, `x.php on line 12`, `File "x.py", line 12`, `x.cs:line 12`.
fn source_line(line: &str) -> Option<String> {
    for (at, _) in line.match_indices('.') {
        let rest = &line[at + 1..];
        let length = rest.find(|next: char| !next.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (ending, rest) = rest.split_at(length);
        if !SOURCE_EXTENSIONS.contains(&ending.to_ascii_lowercase().as_str()) {
            continue;
        }
        let name = file_name(&line[..at]);
        if name.is_empty() || (name.contains("://") && !name.starts_with("file://")) {
            continue;
        }
        let said = |rest: &str| {
            let rest = rest.trim_start_matches(['"', '\'', ',', ')', ':', ' ']);
            rest.strip_prefix("on line ").or_else(|| rest.strip_prefix("line ")).is_some_and(begins_with_number)
        };
        let counted = rest.strip_prefix(':').is_some_and(begins_with_number)
            || rest.strip_prefix('(').is_some_and(|rest| begins_with_number(rest) && rest.contains(')'));
        let is_file = name.contains(['/', '\\']) || !DOMAIN_EXTENSIONS.contains(&ending.to_ascii_lowercase().as_str());
        if said(rest) || (counted && is_file) {
            return Some(format!("{name}.{ending}{}", rest.chars().take(20).collect::<String>()));
        }
    }
    None
}

/// What of a text is the name of a file at its end, without the ending.
fn file_name(text: &str) -> &str {
    text.rsplit(is_around).next().unwrap_or_default()
}

/// A query of SQL, whose words are in capitals.
fn query(line: &str) -> Option<String> {
    let between = |start: &str, middle: &str| {
        let at = line.find(start)?;
        line[at..].contains(middle).then(|| line[at..].to_owned())
    };
    between("SELECT ", " FROM ")
        .or_else(|| between("INSERT INTO ", " VALUES"))
        .or_else(|| between("UPDATE ", " SET "))
        .or_else(|| between("DELETE FROM ", " WHERE "))
}

/// An absolute path of a program or its data. The path of a URL is not one.
fn path(line: &str, own_path: &str) -> Option<String> {
    let own = own_path.split('/').find(|part| !part.is_empty()).unwrap_or_default();
    let is_missing =
        ["no such file or directory", "permission denied"].map(|words| line.to_lowercase().contains(words));
    words(line).find_map(|word| {
        let word = word.trim_end_matches(['.', ':']);
        let parts: Vec<&str> = word.strip_prefix('/').unwrap_or_default().split('/').collect();
        let is_path =
            parts.iter().all(|part| !part.is_empty()) && parts.len() > 1 && !parts[0].eq_ignore_ascii_case(own);
        let is_known = is_path && SYSTEM_FOLDERS.contains(&parts[0]) && (parts.len() > 2 || word.contains('.'));
        (is_known || (is_path && is_missing.contains(&true))).then(|| word.to_owned())
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_around)
}

/// Whether it is a path such as `C:\hooks`.
fn is_on_a_drive(word: &str) -> bool {
    let mut rest = word.chars();
    let is_letter = rest.next().is_some_and(|letter| letter.is_ascii_alphabetic());
    is_letter && rest.as_str().strip_prefix(":\\").is_some_and(|path| path.len() > 1)
}

fn is_around(character: char) -> bool {
    character.is_whitespace() || "\"'`()<>[]{}=,;|".contains(character)
}

fn begins_with_number(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inside_of_a_program_is_found_in_every_language() {
        for text in [
            // PHP: HTML, plain, and in JSON; on Windows; a warning before the answer.
            "<br />\n<b>Warning</b>:  Undefined array key \"a\" in <b>/app/public/hook.php</b> on line <b>12</b><br />",
            "Warning: Undefined array key \"clientSecret\" in /app/public/hook.php on line 7\nforbidden",
            "PHP Notice:  Undefined index: x in C:\\inetpub\\hook.php on line 7",
            r#"{"error":"Undefined index in \/app\/hook.php on line 7"}"#,
            "Fatal error: Uncaught TypeError: x in /app/a.php:3\nStack trace:\n#0 {main}",
            "#0 /app/vendor/slim/Slim/App.php(123): Slim\\App->run()",
            // Python.
            "Traceback (most recent call last):\n  File \"hooks.py\", line 42, in receive",
            "<li>File &quot;/app/hooks.py&quot;, line 42</li>",
            r#"{"detail":"File \"/app/hooks.py\", line 42, in receive"}"#,
            "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
            "django.db.utils.DataError: unsupported Unicode escape sequence",
            "You're seeing this error because you have <code>DEBUG = True</code>",
            // Ruby.
            "app.rb:12:in `block in <main>'",
            "/app/config/routes.rb:3:in 'Hooks#create': undefined method",
            // Perl.
            "Can't use an undefined value at /app/hook.pl line 12.",
            "Undefined subroutine at Hook.pm line 3, <STDIN> line 1.",
            // Java.
            "java.lang.NullPointerException",
            "Exception in thread \"main\" x",
            "x\n\tat nz.co.hooks.Receiver.accept(Receiver.java:42)",
            r#"{"status":500,"trace":"Oops\n\tat nz.co.hooks.Receiver.accept(Unknown Source)\n"}"#,
            "Caused by: org.springframework.http.converter.HttpMessageNotReadableException: x",
            // .NET.
            "System.NullReferenceException: Object reference not set",
            "   at Hooks.Controllers.HookController.Post(Message message) in C:\\src\\HookController.cs:line 31",
            "   at Hooks.Receiver.Accept(String body)",
            "   at System.Text.Json.ThrowHelper.ReThrowWithPath(ReadStack& state)",
            // Node.
            "SyntaxError: x<br> &nbsp; &nbsp;at JSON.parse (&lt;anonymous&gt;)",
            r#"{"stack":"Error: no\n    at Object.<anonymous> (/app/hook.mjs:10:5)\n    at node:internal/main"}"#,
            "    at file:///app/hook.mjs:10:5",
            "    at async receive (index.ts:4:11)",
            // Go and Rust.
            "runtime error: index out of range [3] with length 3",
            "goroutine 17 [running]:",
            "panic: no\n\tmain.go:42 +0x1d",
            "thread 'main' panicked at src/main.rs:4:5",
            // Paths and queries.
            "open /app/messages.jsonl: no such file or directory",
            "ENOENT: no such file or directory, open '/data/messages/1.json'",
            "cannot write to /var/lib/hooks/messages",
            "the file D:\\hooks\\messages.txt is locked",
            "SQLSTATE[22P05]: Untranslatable character",
            "ERROR: INSERT INTO messages (body) VALUES ($1)",
            "SELECT id FROM messages WHERE flow = 'x'",
        ] {
            assert!(found(text.as_bytes(), "/hooks/flowingly").is_some(), "{text}");
        }
    }

    #[test]
    fn harmless_text_is_not_the_inside_of_a_program() {
        for text in [
            "",
            "forbidden",
            "Cannot POST /hooks/flowingly",
            "Cannot POST /HOOKS/flowingly/",
            "The requested URL /hooks//flowingly was not found on this server.",
            "<address>Apache/2.4.62 (Debian) Server at localhost Port 80</address>",
            "<html><head><title>404 Not Found</title></head><body><center>nginx/1.26.0</center></body></html>",
            "<link href=\"/usr/share/app/style.css\" rel=\"stylesheet\"><h1>Not found</h1>",
            "Unexpected token 'x', \"x\" is not valid JSON at position 3",
            "Expecting value: line 1 column 1 (char 0)",
            "expected value at line 3 column 7",
            r#"{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.1","status":400,"traceId":"00-7f3b-01"}"#,
            r#"{"error":"invalid_request","error_description":"The field flow.name is required. (line 3)"}"#,
            "At least one of the fields must be there:\n    at least name, at most 3 (three)",
            "    at hooks.example.com (see the documentation)",
            "Please look at https://docs.example.com/errors/auth.php for help",
            "Open https://example.pl:8443/hooks or hooks.example.rs:8080, not example.py:80",
            "Please select one from the list, or insert into it; update the set",
            "Use application/json; see RFC 8259 section 2.",
            "The server at 127.0.0.1:8080 takes POST only",
            "unsupported media type: text/plain (application/json is needed)",
            "Error: Node.js is not the only one; ASP.NET, Vue.js and Deno.land are there too",
            "401 Unauthorized: no basic auth for realm \"webhooks\"",
            "Read the manual in /docs/errors, or /etc",
            "a stack trace is never shown",
            "{\"request\":\"POST /hooks/flowingly HTTP/1.1\",\"version\":\"2.10.3\"}",
        ] {
            assert_eq!(found(text.as_bytes(), "/hooks/flowingly"), None, "{text}");
        }
        let own = "Cannot POST /home/jo/hooks and not /Home/jo/hooks/ either";
        assert_eq!(found(own.as_bytes(), "/home/jo/hooks"), None);
        assert_eq!(found(own.as_bytes(), "/hooks").as_deref(), Some("/home/jo/hooks"));
    }
}
