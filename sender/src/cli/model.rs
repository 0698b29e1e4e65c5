//! `webhook-sender model`: writes, checks and draws flow models.

mod drawing;
mod report;

use std::{
    fs::OpenOptions,
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use console::{
    Error, OutputArgs, OutputFormat, exit_code,
    output::{ERROR, line, write_json, write_stdout},
};
use schemas::text::one_line;
use serde_json::Value;

use super::error::CliError;
use crate::model::{self, Inspection, Model, ModelProblems, Syntax};

#[derive(Subcommand)]
pub(super) enum ModelCommand {
    /// Report every problem of flow models, with line and column.
    #[command(after_help = format!("{CHECK_HELP}\n\n{}", exit_code::help(exit_code::MODEL_CHECK)))]
    Check {
        /// Flow models in TOML or JSON; - reads one from standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Write a commented flow model to start from.
    New {
        /// TOML file to write; an existing file is not changed [default: print the model].
        file: Option<PathBuf>,
    },
    /// Draw the steps, and mark those with a webhook.
    Show {
        /// Flow model in TOML or JSON; - reads it from standard input.
        file: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
}

const CHECK_HELP: &str = "\
References to secrets are resolved here. One that leads to no secret is a warning: the machine that
runs the model may have it. No secret is shown, not even one that was written out by mistake.";

pub(super) fn run(command: &ModelCommand) -> Result<u8, CliError> {
    match command {
        ModelCommand::Check { files, output } => check(files, output.format),
        ModelCommand::New { file } => new(file.as_deref()).map(|()| exit_code::SUCCESS),
        ModelCommand::Show { file, output } => show(file, output.format).map(|()| exit_code::SUCCESS),
    }
}

/// Reads a model, and prints its problems to stderr.
pub(super) fn load(file: &Path) -> Result<Model, CliError> {
    load_with_text(file).map(|(model, _)| model)
}

/// The same, and the text that it was read from.
pub(super) fn load_with_text(file: &Path) -> Result<(Model, String), CliError> {
    let inspection = inspect(file)?;
    let text = inspection.problems().source().text().to_owned();
    let problems = inspection.problems();
    print_problems(problems);
    inspection.into_model().map(|model| (model, text)).map_err(|problems| refusal(&problems))
}

/// The report has line ends of its own.
fn print_problems(problems: &ModelProblems) {
    if let Some(report) = report::for_people(problems).strip_suffix('\n') {
        line(report);
    }
}

fn inspect(file: &Path) -> Result<Inspection, CliError> {
    if file == Path::new("-") {
        let mut text = String::new();
        let read = io::stdin().read_to_string(&mut text);
        read.map_err(Error::read(Path::new("standard input")))?;
        let syntax = Syntax::of(file, &text);
        return Ok(Inspection::new("<stdin>", text, syntax, Path::new("")));
    }
    Ok(Inspection::read(file).map_err(Error::read(file))?)
}

/// The error for a model that cannot be used, after its problems were printed.
fn refusal(problems: &ModelProblems) -> CliError {
    CliError::Model {
        file: one_line(problems.source().name(), usize::MAX),
        errors: problems.errors(),
        warnings: problems.warnings(),
    }
}

fn check(files: &[PathBuf], output: OutputFormat) -> Result<u8, CliError> {
    let mut worst = exit_code::SUCCESS;
    let mut reports = Vec::new();
    for file in files {
        let inspection = inspect(file)?.look_up();
        let problems = inspection.problems();
        if problems.errors() > 0 {
            worst = exit_code::USAGE;
        }
        match output {
            OutputFormat::Json => reports.push(report::for_programs(&inspection)),
            OutputFormat::Human => {
                print_problems(problems);
                match inspection.model() {
                    Some(model) => {
                        let name = one_line(problems.source().name(), usize::MAX);
                        write_stdout(&format!("{name}: {}\n", report::summary(model)))?;
                    }
                    None => line(format_args!("{ERROR} {}", refusal(problems))),
                }
            }
        }
    }
    if output == OutputFormat::Json {
        write_json(&Value::from(reports).to_string())?;
    }
    Ok(worst)
}

fn new(file: Option<&Path>) -> Result<(), CliError> {
    let Some(path) = file else { return Ok(write_stdout(model::NEW_MODEL)?) };
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return Err(CliError::NewModelIsToml { path: path.to_owned() });
    }
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    match written.and_then(|mut file| file.write_all(model::NEW_MODEL.as_bytes())) {
        Ok(()) => {
            let path = one_line(&path.display().to_string(), usize::MAX);
            Ok(write_stdout(&format!("wrote {path}; `webhook-sender model show {path}` draws it\n"))?)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(CliError::ModelExists { path: path.to_owned() }),
        Err(source) => Err(Error::write(path)(source).into()),
    }
}

fn show(file: &Path, output: OutputFormat) -> Result<(), CliError> {
    let model = load(file)?;
    match output {
        OutputFormat::Human => write_stdout(&drawing::draw(&model))?,
        OutputFormat::Json => write_json(&serde_json::to_string(&model).map_err(CliError::json)?)?,
    }
    Ok(())
}
