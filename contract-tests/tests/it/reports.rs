//! The forms of the report, over reports made by hand: what people see (snapshots), what programs rely on (schemas),
//! and that nothing which an endpoint answers works as markup or steers a terminal.

mod chromium;
mod exceptions;
mod forms;
mod hostile;
mod made;
mod program;
mod verdicts;
