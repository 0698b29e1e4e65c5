//! The forms of the report, over reports made by hand: what people see (snapshots), what programs rely on (schemas),
//! and that nothing which an endpoint answers works as markup or steers a terminal.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

#[path = "reports/chromium.rs"]
mod chromium;
#[path = "reports/forms.rs"]
mod forms;
#[path = "reports/hostile.rs"]
mod hostile;
#[path = "reports/made.rs"]
mod made;
#[path = "reports/program.rs"]
mod program;
#[path = "reports/verdicts.rs"]
mod verdicts;
