//! Tables for people: columns without lines, and no blanks at the end of a line.

use std::fmt;

use comfy_table::{CellAlignment, presets};

/// A table.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// A table without a header.
    pub fn new() -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        Self(table)
    }

    /// A table with a header.
    pub fn with_header<const N: usize>(header: [&str; N]) -> Self {
        let mut table = Self::new();
        table.0.set_header(header);
        table
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.0.add_row(cells.into_iter().map(Into::into).collect::<Vec<String>>());
    }

    /// Aligns columns to the right.
    #[must_use]
    pub fn align_right(mut self, columns: &[usize]) -> Self {
        for column in columns {
            if let Some(column) = self.0.column_mut(*column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        self
    }
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.0.lines().enumerate() {
            write!(f, "{}{}", if number == 0 { "" } else { "\n" }, line.trim_end())?;
        }
        Ok(())
    }
}
