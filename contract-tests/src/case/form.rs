//! The form of a request: every difference from the plain valid message. It can describe any bytes on a connection.

use serde::Deserialize;
use serde_json::Value;

/// The differences of a request from the plain valid message: a sample with the right credential, posted as
/// `application/json` with its length, over HTTP/1.1 on a connection of its own.
///
/// Texts may hold placeholders for credentials: `{right}`, `{wrong}` and `{given}`, the right one as `change` has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RequestForm {
    pub sample: Option<String>,
    /// Changes of the sample, at pointers of profile v1.
    pub edits: Vec<Edit>,
    /// The body as text, instead of a sample.
    pub body: Option<String>,
    /// How often that text is repeated; by default once.
    pub repeat: Option<usize>,
    /// The body as base64, instead of a sample.
    pub body_base64: Option<String>,
    /// Minimum size of the body, reached by lengthening a field's text.
    pub size: Option<usize>,
    pub before: String,
    /// Text after the body.
    pub then: String,
    /// Number of bytes to cut off at the end.
    pub cut: usize,
    /// How the credential given differs from the right one.
    pub change: Changes,
    /// The member with the client secret; by default the right secret, if one is expected.
    pub secret: Option<Member>,
    /// The `authorization` headers; by default one with the right credentials, if they are expected.
    pub authorization: Option<Vec<String>>,
    /// The request line; `{path}` and `{url}` are the target in origin and absolute form, `{path:SPELLING}` is another
    /// spelling of its path.
    pub line: Option<String>,
    /// The content types; by default one, `application/json`.
    pub content_type: Option<Vec<String>>,
    /// More headers, name and value; `{path}` is the target.
    pub headers: Vec<(String, String)>,
    /// Default headers to omit, in lower case.
    pub without: Vec<String>,
    #[serde(rename = "letters")]
    pub header_case: HeaderCase,
    pub framing: Framing,
    /// Whether it asks with `Expect: 100-continue` and waits up to a second for the answer to that.
    pub ask_to_continue: bool,
    /// The sizes of the pieces in which it is written, with a pause after each; the rest is the last piece. 0 means the rest
    /// of the head.
    pub pieces: Vec<usize>,
    /// The pause in milliseconds.
    pub pause_ms: u64,
    /// Whether the sending half of the connection is closed after it.
    pub half_close: bool,
    /// Whether it goes over HTTP/2.
    pub http2: bool,
    /// A description of what is special about the request, if no client sends it.
    pub words: Option<String>,
    /// Whether it depends on other requests, such as one before it on the same connection. The catalogue sets it.
    #[serde(skip)]
    pub is_one_of_several: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edit {
    /// Where, as a JSON Pointer into a message of profile v1.
    pub at: String,
    /// The new JSON, with placeholders; without it the value is removed.
    pub json: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Its values, as JSON with placeholders: none, one, or several where the name is repeated.
    pub values: Vec<String>,
    /// Its names, as JSON strings without the quotes, one per value; the last one for all that follow. By default the
    /// profile's name.
    #[serde(default)]
    pub names: Vec<String>,
    /// Where in its object.
    #[serde(default)]
    pub position: Position,
}

/// A place among the members of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Position {
    #[default]
    Last,
    First,
}

/// The changes of a credential, part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Changes {
    pub secret: Option<Change>,
    pub username: Option<Change>,
    pub password: Option<Change>,
}

/// A change of a text that makes it wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// One more character at the end.
    Append,
    /// One more character at the beginning.
    Prepend,
    DropLast,
    DropFirst,
    ChangeLast,
    ChangeFirst,
    /// Keeps at least this many bytes and replaces all characters after them.
    Keep(usize),
    /// The first character only.
    FirstOnly,
    OtherCase,
    /// The other Unicode normalization form.
    OtherForm,
    SpaceBefore,
    SpaceAfter,
    /// A line end after it.
    LineEnd,
    /// The byte 0 after it.
    Nul,
    /// Without the white space around it.
    Trimmed,
    Double,
    Empty,
    /// As many other characters.
    Other,
    Star,
    /// A percent sign, any text in a query language.
    Percent,
    /// Every character beyond ASCII as a question mark.
    QuestionMarks,
    /// Another text that many programs take for the number 0, as in `0e1`.
    ZeroNumber,
    /// Each ASCII letter in its other case; all letters where none is of ASCII.
    OtherCaseAscii,
    /// Each ASCII character as the one 256 places on; one more character where none is of ASCII.
    HighBytes,
    /// Each byte as `%` and its number.
    PercentEncoded,
    HtmlEncoded,
    /// Cut to whole characters of at most this many bytes in total.
    CutToBytes(usize),
    CutToCharacters(usize),
    /// Each character beyond ASCII as another one of the same length, in UTF-8 and in UTF-16.
    OtherBeyondAscii,
    /// The same with those beyond Latin-1 only.
    OtherBeyondLatin1,
    /// The same with those beyond U+FFFF only.
    OtherBeyondBmp,
    WithoutAccents,
    /// Each ASCII character in its full-width form; one more character where none is of ASCII.
    FullWidth,
    /// Its characters from the last to the first; one more character where that is the same.
    Reversed,
    ChangeMiddle,
    /// A space after its first character.
    SpaceWithin,
    /// A hyphen after its first character.
    HyphenWithin,
    /// Each character as the text of a JSON escape.
    JsonEscaped,
    /// Its base64.
    Base64,
    /// Each dot as another character, which a regular expression takes for it.
    DotsChanged,
    /// Each underscore as another character, which `LIKE` takes for it.
    UnderscoresChanged,
    /// Plus signs as spaces, and spaces as plus signs.
    SpacesAsPlus,
    /// The same number written in another way.
    SameNumber,
    /// An empty element of HTML after it.
    Tagged,
    ControlAfter,
    /// A regular expression for any text.
    AnyRegex,
    /// A condition of SQL that always holds.
    SqlTrue,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeaderCase {
    /// `content-type`
    #[default]
    Lower,
    /// `CONTENT-TYPE`
    Upper,
    /// `Content-Type`
    Title,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Framing {
    /// `Content-Length`.
    #[default]
    Length,
    /// `Transfer-Encoding: chunked`, in chunks of these sizes; the rest is the last chunk.
    Chunked(Vec<usize>),
    ChunkExtensions,
    /// Chunked, with a trailer field after the last chunk.
    Trailer,
    /// Chunked, with an additional `Content-Length`.
    Both,
    TwoLengths,
    /// A length with this text; `{length}` is the right number.
    LengthText(String),
    /// Chunked, with this text as the size of the only chunk; `{size}` and `{SIZE}` are the right number.
    ChunkText(String),
    /// A length that is larger than the body by this number.
    Short(usize),
    /// Chunked, without the last chunk.
    Unfinished,
    /// Nothing.
    Untold,
    /// Chunked, with two bytes other than a line end after the only chunk.
    ChunkUnended,
}
