//! `webhook-sender model`: a starting point for a flow model, everything that is wrong with one, and its drawing.

mod drawing;
mod report;

use std::{
    fs::OpenOptions,
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use serde_json::Value;

use super::{
    error::CliError,
    exit,
    output::{ERROR, Format, one_line, say},
};
use crate::model::{self, Inspection, Model, ModelProblems, Syntax};

#[derive(Subcommand)]
pub(super) enum ModelCommand {
    /// Say everything that is wrong with flow models, with line and column
    #[command(after_help = CHECK_HELP)]
    Check {
        /// Flow models in TOML or JSON; - reads one from standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Form of the output
        #[arg(long, value_name = "FORM", default_value = "human")]
        output: Format,
    },
    /// Write a commented flow model to begin with
    New {
        /// Where to, a TOML file; an existing file is left as it is. Without it, the model is printed
        file: Option<PathBuf>,
    },
    /// Draw the steps, and mark those with a webhook
    Show {
        /// A flow model in TOML or JSON; - reads it from standard input
        file: PathBuf,
        /// Form of the output
        #[arg(long, value_name = "FORM", default_value = "human")]
        output: Format,
    },
}

const CHECK_HELP: &str = "\
What the references to secrets lead to is looked up here. One that leads nowhere is a warning:
the machine that runs the model may have it. No secret is shown, not even one that was written
out by mistake.

Exit codes:
  0  the models can be used; there may be warnings
  2  at least one cannot";

pub(super) fn run(command: &ModelCommand) -> Result<u8, CliError> {
    match command {
        ModelCommand::Check { files, output } => check(files, *output),
        ModelCommand::New { file } => new(file.as_deref()).map(|()| exit::ACCEPTED),
        ModelCommand::Show { file, output } => show(file, *output).map(|()| exit::ACCEPTED),
    }
}

/// Reads a model that something else is to be done with. What is wrong with it is said on standard error.
pub(super) fn load(file: &Path) -> Result<Model, CliError> {
    load_with_text(file).map(|(model, _)| model)
}

/// The same, and the text that it was read from.
pub(super) fn load_with_text(file: &Path) -> Result<(Model, String), CliError> {
    let inspection = inspect(file)?;
    let text = inspection.problems().source().text().to_owned();
    let problems = inspection.problems();
    say(write!(anstream::stderr(), "{}", report::for_people(problems)))?;
    inspection.into_model().map(|model| (model, text)).map_err(|problems| refusal(&problems))
}

fn inspect(file: &Path) -> Result<Inspection, CliError> {
    if file == Path::new("-") {
        let mut text = String::new();
        let read = io::stdin().read_to_string(&mut text);
        read.map_err(|source| CliError::Unreadable { path: "standard input".into(), source })?;
        let syntax = Syntax::of(file, &text);
        return Ok(Inspection::new("<stdin>", text, syntax, Path::new("")));
    }
    Inspection::read(file).map_err(|source| CliError::Unreadable { path: file.to_owned(), source })
}

/// That a model cannot be used, once its problems were shown.
fn refusal(problems: &ModelProblems) -> CliError {
    CliError::Model {
        file: one_line(problems.source().name(), usize::MAX),
        errors: problems.errors(),
        warnings: problems.warnings(),
    }
}

fn check(files: &[PathBuf], output: Format) -> Result<u8, CliError> {
    let mut worst = exit::ACCEPTED;
    let mut reports = Vec::new();
    for file in files {
        let inspection = inspect(file)?.look_up();
        let problems = inspection.problems();
        if problems.errors() > 0 {
            worst = exit::MISUSE;
        }
        match output {
            Format::Json => reports.push(report::for_programs(&inspection)),
            Format::Human => {
                say(write!(anstream::stderr(), "{}", report::for_people(problems)))?;
                match inspection.model() {
                    Some(model) => {
                        let name = one_line(problems.source().name(), usize::MAX);
                        say(writeln!(anstream::stdout(), "{name}: {}", report::summary(model)))?;
                    }
                    None => say(writeln!(anstream::stderr(), "{ERROR}{}", refusal(problems)))?,
                }
            }
        }
    }
    if output == Format::Json {
        say(writeln!(anstream::stdout(), "{}", Value::from(reports)))?;
    }
    Ok(worst)
}

fn new(file: Option<&Path>) -> Result<(), CliError> {
    let Some(path) = file else { return say(write!(anstream::stdout(), "{}", model::NEW_MODEL)) };
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return Err(CliError::NewModelIsToml { path: path.to_owned() });
    }
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    match written.and_then(|mut file| file.write_all(model::NEW_MODEL.as_bytes())) {
        Ok(()) => {
            let path = one_line(&path.display().to_string(), usize::MAX);
            say(writeln!(anstream::stdout(), "{path} is written; `webhook-sender model show {path}` draws it"))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(CliError::ModelExists { path: path.to_owned() }),
        Err(source) => Err(CliError::Unwritable { path: path.to_owned(), source }),
    }
}

fn show(file: &Path, output: Format) -> Result<(), CliError> {
    let model = load(file)?;
    match output {
        Format::Human => say(write!(anstream::stdout(), "{}", drawing::draw(&model))),
        Format::Json => say(writeln!(anstream::stdout(), "{}", report::model(&model))),
    }
}
