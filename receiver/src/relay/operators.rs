//! Comparisons of a template or condition, written as calls of the functions in `comparison.rs`: `a > b` becomes
//! `_more(a, b)`. The language has no place to give an operator another meaning.
//!
//! Lines stay where they are, so that an error names the line as it was written.

use minijinja::{
    Error,
    machinery::{Span, Token, tokenize},
};

use super::{comparison::Operator, environment::syntax};

/// Rewrites the comparisons of a template, or of an expression, as calls.
///
/// # Errors
/// When it cannot be divided into tokens.
pub(super) fn rewrite(source: &str, is_expression: bool) -> Result<String, Error> {
    let tokens: Vec<(Token<'_>, Span)> = tokenize(source, is_expression, syntax()).collect::<Result<_, _>>()?;
    let mut rewriter = Rewriter { source, tokens: tokens.into_iter().peekable(), copied: 0 };
    let mut written = if is_expression { rewriter.expressions(false) } else { String::new() };
    while let Some((token, span)) = rewriter.tokens.next() {
        let is_block = matches!(token, Token::BlockStart);
        if matches!(token, Token::VariableStart) || is_block {
            written.push_str(rewriter.copy(&span));
            written.push_str(&rewriter.expressions(is_block));
        }
    }
    written.push_str(&source[rewriter.copied..]);
    Ok(written)
}

struct Rewriter<'s, I: Iterator<Item = (Token<'s>, Span)>> {
    source: &'s str,
    tokens: std::iter::Peekable<I>,
    /// Bytes of the source that are written.
    copied: usize,
}

/// What follows a token inside of a pair of brackets or tags.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// Nothing that matters.
    Other,
    /// `.` or `|`: a name follows, even if it is a keyword.
    Name,
    /// `is`, or `is not`: the name of a test follows.
    Test,
}

impl<'s, I: Iterator<Item = (Token<'s>, Span)>> Rewriter<'s, I> {
    /// The source up to the end of a token that was not copied yet.
    fn copy(&mut self, span: &Span) -> &'s str {
        let (from, to) = (self.copied, span.end_offset as usize);
        self.copied = to;
        self.source.get(from..to).unwrap_or_default()
    }

    /// Everything up to the bracket or tag that closes this one, or the end.
    fn expressions(&mut self, is_block: bool) -> String {
        let mut comparison = Comparison::default();
        let mut written = String::new();
        let mut before = Before::Other;
        let (mut is_keyword, mut is_loop) = (is_block, false);
        while let Some((token, _)) = self.tokens.peek() {
            if closes(token) {
                break;
            }
            let Some((token, span)) = self.tokens.next() else { break };
            let after = std::mem::replace(&mut before, Before::Other);
            let keyword = std::mem::take(&mut is_keyword);
            match token {
                Token::Ident(name) if after != Before::Other => {
                    comparison.operand.push_str(self.copy(&span));
                    if after == Before::Test && name == "not" {
                        before = Before::Test;
                    }
                }
                Token::Ident(name) if keyword => {
                    is_loop = name == "for";
                    written.push_str(self.copy(&span));
                }
                // The names of a loop end here.
                Token::Ident("in") if std::mem::take(&mut is_loop) => {
                    comparison.end(&mut written);
                    written.push_str(self.copy(&span));
                }
                Token::Ident("not") if matches!(self.tokens.peek(), Some((Token::Ident("in"), _))) => {
                    let blanks = blanks_of(self.copy(&span));
                    let more = self.tokens.next().map(|(_, span)| blanks_of(self.copy(&span))).unwrap_or_default();
                    comparison.operator(Operator::NotIn, &(blanks + &more));
                }
                Token::Ident("and" | "or" | "not" | "if" | "else") | Token::Comma | Token::Colon | Token::Assign => {
                    comparison.end(&mut written);
                    written.push_str(self.copy(&span));
                }
                Token::Dot | Token::Pipe => {
                    comparison.operand.push_str(self.copy(&span));
                    before = Before::Name;
                }
                Token::Ident("is") => {
                    comparison.operand.push_str(self.copy(&span));
                    before = Before::Test;
                }
                Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                    comparison.operand.push_str(self.copy(&span));
                    let inside = self.expressions(false);
                    comparison.operand.push_str(&inside);
                    if let Some((_, span)) = self.tokens.next() {
                        comparison.operand.push_str(self.copy(&span));
                    }
                }
                other => match operator(&other) {
                    Some(operator) => comparison.operator(operator, &blanks_of(self.copy(&span))),
                    None => comparison.operand.push_str(self.copy(&span)),
                },
            }
        }
        comparison.end(&mut written);
        written
    }
}

/// The comparison read so far, between two tokens of lower precedence.
#[derive(Default)]
struct Comparison {
    /// The current operand, with the whitespace before it.
    operand: String,
    before: Vec<(String, Operator)>,
}

impl Comparison {
    fn operator(&mut self, operator: Operator, blanks: &str) {
        self.before.push((std::mem::take(&mut self.operand), operator));
        self.operand.push_str(blanks);
    }

    /// Writes the comparison and starts the next one. `a < b < c` becomes `(_less(a, b) and _less(b, c))`.
    fn end(&mut self, written: &mut String) {
        let last = std::mem::take(&mut self.operand);
        let before = std::mem::take(&mut self.before);
        let Some((first, _)) = before.first() else {
            written.push_str(&last);
            return;
        };
        written.push_str(&blanks_of(&first[..first.len() - first.trim_start().len()]));
        let rights = before.iter().skip(1).map(|(operand, _)| operand).chain([&last]);
        let calls = before.iter().zip(rights).enumerate().map(|(index, ((left, operator), right))| {
            // The previous call already contains this operand: it must not add lines.
            let left = if index == 0 { left.trim_start().to_owned() } else { left.replace('\n', " ") };
            format!("{}({left},{right})", operator.function())
        });
        let calls: Vec<String> = calls.collect();
        match calls.as_slice() {
            [call] => written.push_str(call),
            _ => written.push_str(&format!("({})", calls.join(" and "))),
        }
    }
}

fn closes(token: &Token<'_>) -> bool {
    matches!(token, Token::ParenClose | Token::BracketClose | Token::BraceClose | Token::VariableEnd | Token::BlockEnd)
}

fn operator(token: &Token<'_>) -> Option<Operator> {
    Some(match token {
        Token::Eq => Operator::Equal,
        Token::Ne => Operator::NotEqual,
        Token::Lt => Operator::Less,
        Token::Lte => Operator::LessOrEqual,
        Token::Gt => Operator::More,
        Token::Gte => Operator::MoreOrEqual,
        Token::Ident("in") => Operator::In,
        _ => return None,
    })
}

/// The whitespace of a piece of text.
fn blanks_of(text: &str) -> String {
    text.chars().filter(|character| character.is_whitespace()).collect()
}
