//! `--report FORMAT[=FILE]`, `--verbose` and `--strict`: where the report of a run goes, how detailed it is and how it
//! is judged. [`ReportArgs::open`] comes before the run, so that a mistyped path does not waste one;
//! [`Destinations::write`] comes after it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::PathBuf,
    str::FromStr,
};

use clap::{Args, ValueEnum};
use console::{
    Error,
    exit_code::{FAILURE, INCOMPLETE, SUCCESS},
    output::write_stdout,
};
use jiff::{Timestamp, tz::Offset};

use super::error::CliError;
use crate::report::{self, Grade, KnownFailures, Report, terminal};

/// Width of a terminal report that goes to a file, a pipe or the log of a CI job.
const DEFAULT_COLUMNS: usize = 100;
/// Maximum number of columns; longer lines are hard to read.
const MAX_COLUMNS: usize = 120;

/// The arguments of every command that makes a report.
#[derive(Args)]
#[command(next_help_heading = "Report")]
pub(super) struct ReportArgs {
    /// Write a report to FILE, or without FILE to standard output; may be repeated.
    ///
    /// FORMAT is terminal, json, junit, markdown or html [default for standard output: terminal].
    #[arg(long = "report", value_name = "FORMAT[=FILE]")]
    reports: Vec<Wanted>,

    /// Show every failure in full, and list the cases that passed.
    #[arg(long, short)]
    verbose: bool,

    /// Do not count the known failures in this file.
    ///
    /// A TOML file: each `[[known]]` has `case` or `clause`, `reason`, and may have `until`, the last day (UTC) on which it
    /// is known. Known failures are listed and counted in every report.
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,

    /// Write a new file for --known with everything that fails.
    #[arg(long, value_name = "FILE")]
    write_known: Option<PathBuf>,

    /// Count a SHOULD that fails as a failure.
    #[arg(long)]
    pub(super) strict: bool,
}

/// A format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Terminal,
    Json,
    Junit,
    Markdown,
    Html,
}

/// A format, and the file it goes to; standard output without one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    format: Format,
    file: Option<PathBuf>,
}

/// Where the report will be written.
pub(super) struct Destinations {
    stdout: Format,
    files: Vec<(Format, PathBuf, File)>,
    known: KnownFailures,
    write_known: Option<PathBuf>,
    verbose: bool,
    strict: bool,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let format = Format::from_str(name, false).map_err(|_| {
            let names: Vec<&str> = Format::value_variants().iter().map(|format| format.name()).collect();
            format!("`{name}` is not a report format; the formats are {}", names.join(", "))
        })?;
        match file {
            Some("") => Err(format!("the file name is missing after `{name}=`")),
            Some("-") | None => Ok(Self { format, file: None }),
            Some(file) => Ok(Self { format, file: Some(file.into()) }),
        }
    }
}

impl ReportArgs {
    /// Reads the known failures and opens every file. This empties the reports, so that no old one is taken for one of
    /// this run.
    pub(super) fn open(self) -> Result<Destinations, CliError> {
        let known = self.known.map(read_known).transpose()?.unwrap_or_default();
        if let Some(path) = self.write_known.as_ref().filter(|path| path.exists()) {
            return Err(CliError::KnownExists { path: path.clone() });
        }
        let mut stdout = None;
        let mut files: Vec<(Format, PathBuf, File)> = Vec::new();
        for Wanted { format, file } in self.reports {
            match file {
                None => match stdout.replace(format) {
                    Some(first) if first != format => {
                        return Err(CliError::TwoOnStdout { first: first.name(), second: format.name() });
                    }
                    _ => {}
                },
                Some(path) if files.iter().any(|(_, taken, _)| *taken == path) => {
                    return Err(CliError::TwoToOneFile { path });
                }
                Some(path) => match File::create(&path) {
                    Ok(file) => files.push((format, path, file)),
                    Err(source) => return Err(Error::Write { path, source }.into()),
                },
            }
        }
        let stdout = stdout.unwrap_or(Format::Terminal);
        let Self { write_known, verbose, strict, .. } = self;
        Ok(Destinations { stdout, files, known, write_known, verbose, strict })
    }
}

impl Destinations {
    /// Marks the known failures, writes all reports, and returns the exit code.
    pub(super) fn write(self, mut report: Report) -> Result<u8, CliError> {
        let today = Offset::UTC.to_datetime(Timestamp::now()).date();
        report.apply(&self.known, today);
        let report = &report;
        if let Some(path) = self.write_known {
            let mut options = OpenOptions::new();
            let file = options.write(true).create_new(true).open(&path);
            file.and_then(|mut file| file.write_all(report.known_file(today).as_bytes())).map_err(
                |source| match source.kind() {
                    io::ErrorKind::AlreadyExists => CliError::KnownExists { path: path.clone() },
                    _ => Error::write(&path)(source).into(),
                },
            )?;
        }
        for (format, path, mut file) in self.files {
            let text = format.render(report, self.verbose, self.strict, DEFAULT_COLUMNS);
            // Only the terminal format has anything to strip; the others contain no raw escape.
            let text = anstream::adapter::strip_str(&text).to_string();
            file.write_all(text.as_bytes()).map_err(Error::write(&path))?;
        }
        write_stdout(&self.stdout.render(report, self.verbose, self.strict, columns()))?;
        Ok(exit_code(report, self.strict))
    }
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    fn render(self, report: &Report, verbose: bool, strict: bool, columns: usize) -> String {
        match self {
            Self::Terminal => terminal::render(report, terminal::Layout { columns, verbose, strict }),
            Self::Json => report::json::render(report, strict),
            Self::Junit => report::junit::render(report, strict),
            Self::Markdown => report::markdown::render(report, strict),
            Self::Html => report::html::render(report, strict),
        }
    }
}

/// The exit code of a report.
pub fn exit_code(report: &Report, strict: bool) -> u8 {
    match report.verdict(strict).grade {
        Grade::Clean | Grade::Holds => SUCCESS,
        Grade::Broken | Grade::Unfinished => FAILURE,
        Grade::Untested => INCOMPLETE,
    }
}

fn read_known(path: PathBuf) -> Result<KnownFailures, CliError> {
    match fs::read_to_string(&path) {
        Ok(text) => KnownFailures::read(&text).map_err(|errors| CliError::Known { path, errors }),
        Err(source) => Err(CliError::KnownFile { path, source }),
    }
}

fn columns() -> usize {
    terminal_size::terminal_size().map_or(DEFAULT_COLUMNS, |(width, _)| usize::from(width.0).min(MAX_COLUMNS))
}
