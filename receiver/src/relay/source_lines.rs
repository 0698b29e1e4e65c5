//! Maps a place in a template's output to a line of the template, by rendering it again with a mark at the end of each
//! line.

use super::taint::LINE_MARK;

/// The template with a mark and its number at the end of every line that ends outside of tags.
pub(super) fn numbered(template: &str) -> String {
    let mut numbered = String::with_capacity(template.len());
    let mut until: Option<&str> = None;
    let mut line = 1_usize;
    for (at, character) in template.char_indices() {
        let rest = &template[at..];
        match until {
            Some(end) if rest.starts_with(end) => until = None,
            Some(_) => {}
            None => {
                let tags = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
                until = tags.into_iter().find(|(begin, _)| rest.starts_with(begin)).map(|(_, end)| end);
            }
        }
        if character == '\n' {
            if until.is_none() {
                numbered.push_str(&format!("{LINE_MARK}{line}{LINE_MARK}"));
            }
            line += 1;
        }
        numbered.push(character);
    }
    numbered.push_str(&format!("{LINE_MARK}{line}{LINE_MARK}"));
    numbered
}

/// For each template line that made output: the offset in characters of that output's end, and the line.
pub(super) struct Lines(Vec<(usize, usize)>);

impl Lines {
    /// The output of a numbered template without its marks, and the lines.
    pub(super) fn remove_marks(output: &str) -> (String, Self) {
        let mut plain = String::with_capacity(output.len());
        let mut marks = Vec::new();
        let mut length = 0;
        for (index, part) in output.split(LINE_MARK).enumerate() {
            if index % 2 == 0 {
                plain.push_str(part);
                length += part.chars().count();
            } else {
                marks.extend(part.parse().ok().map(|line: usize| (length, line)));
            }
        }
        (plain, Self(marks))
    }

    /// The line that made the character at a place.
    pub(super) fn of(&self, place: usize) -> Option<usize> {
        self.0.iter().find(|(length, _)| *length > place).or(self.0.last()).map(|(_, line)| *line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_leads_to_its_line() {
        let template = "{\n{# two\nlines #}\"a\": 1,\n{{ x\n }}\n}";
        let numbered = numbered(template);
        assert_eq!(numbered.matches(LINE_MARK).count() / 2, 4);
        let (plain, lines) = Lines::remove_marks(&numbered);
        assert_eq!(plain, template);
        let line = |text: &str| lines.of(template[..template.find(text).unwrap()].chars().count());
        assert_eq!([line("{\n"), line("\"a\""), line("x"), line("\n}")], [Some(1), Some(3), Some(5), Some(6)]);
    }
}
