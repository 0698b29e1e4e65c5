//! Which defect is caught by which cases: run, judged and laid out.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use contract_tests::{
    Target, check,
    report::{CaseOutcome, CaseResult, Report},
};
use futures_util::{StreamExt as _, stream};
use schemas::{Authentication, BasicCredentials, Clause, ClientSecret};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::mutants::{
    connection::Endpoint,
    defect::Defect,
    rules::{Expected, PATH, Rules},
    tls::{self, Certificate},
};

/// The same requests in every run.
const SEED: u64 = 7;
/// Endpoints that are tested beside each other: with the whole catalogue, and with the cases of a clause.
const BESIDE: [usize; 2] = [6, 24];
/// As usual: the machine that runs the test may be busy.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A defect and the cases that failed.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) defect: Defect,
    /// Case and its clause.
    pub(crate) failed: Vec<(String, String)>,
}

impl Row {
    /// The cases of the clauses that the defect breaks.
    pub(crate) fn catches(&self) -> impl Iterator<Item = &str> {
        self.failed.iter().filter(|(_, clause)| self.defect.breaks(clause)).map(|(id, _)| id.as_str())
    }

    /// Whether a case of its own clause failed, or the plain message where it refuses that.
    pub(crate) fn is_caught(&self) -> bool {
        let is_plain = |clause: &str| self.defect.refuses_all && ["AUTH-2", "AUTH-3", "AUTH-12"].contains(&clause);
        self.failed.iter().any(|(_, clause)| clause == self.defect.clause || is_plain(clause))
    }

    /// The other cases.
    pub(crate) fn unrelated(&self) -> impl Iterator<Item = &str> {
        self.failed.iter().filter(|(_, clause)| !self.defect.breaks(clause)).map(|(id, _)| id.as_str())
    }
}

/// Cases whose answers are errors: what is looked for in every answer of a run needs some.
const ERRORS: [&str; 5] = ["AUTH-4", "AUTH-6", "AUTH-18", "HTTP-12", "HTTP-20"];

/// Runs the cases of these clauses, or the whole catalogue where none is named, against an endpoint with these rules.
pub(crate) async fn run(rules: Rules, certificate: Option<Certificate>, parallel: usize, clauses: &[&str]) -> Report {
    let authentication = match rules.expected {
        Expected::Nothing => Authentication::None,
        Expected::Secret(secret) => {
            Authentication::ClientSecret { client_secret: ClientSecret::new(secret.to_owned()).unwrap() }
        }
        Expected::Basic(username, password) => {
            Authentication::Basic(BasicCredentials::new(username, password.to_owned()).unwrap())
        }
    };
    let endpoint = Endpoint::start(rules, certificate.map(Certificate::acceptor)).await;
    let (scheme, host) = if certificate.is_some() { ("https", "localhost") } else { ("http", "127.0.0.1") };
    let mut authority = NamedTempFile::new().unwrap();
    authority.write_all(tls::trusted().as_bytes()).unwrap();
    let target = Target::new(&format!("{scheme}://{host}:{}{PATH}", endpoint.port), authentication)
        .unwrap()
        .seed(SEED)
        .timeout(TIMEOUT)
        .parallel(parallel)
        .only(clauses.iter().map(ToString::to_string))
        .ca(certificate.is_some().then(|| authority.path().to_owned()));
    Box::pin(check(&target)).await.unwrap()
}

/// The cases that failed, or were throttled by a defect that looks like load, each with its clause.
pub(crate) fn failed(report: &Report) -> Vec<(String, String)> {
    let is_throttled = |result: &CaseResult| matches!(result.outcome, CaseOutcome::Throttled { .. });
    let failed = report.results.iter().filter(|result| result.failure().is_some() || is_throttled(result));
    failed.map(|result| (result.id.clone(), result.clause.clone())).collect()
}

/// Runs the catalogue against every defect: all of it, or only the cases of the clause that the defect breaks.
pub(crate) async fn rows(whole: bool) -> Vec<Row> {
    let run = |(place, defect): (usize, Defect)| async move {
        let clauses: Vec<&str> = match whole {
            true => Vec::new(),
            false => [defect.clause].into_iter().chain(ERRORS.into_iter().filter(|_| defect.is_watched())).collect(),
        };
        let parallel = if defect.one_by_one { 1 } else { 8 };
        let report = run(defect.rules(), defect.certificate, parallel, &clauses).await;
        (place, Row { failed: failed(&report), defect })
    };
    let (alone, beside): (Vec<_>, Vec<_>) =
        Defect::all().into_iter().enumerate().partition(|(_, defect)| defect.one_by_one);
    let beside = stream::iter(beside.into_iter().map(run)).buffer_unordered(BESIDE[usize::from(!whole)]);
    let mut rows: Vec<(usize, Row)> = beside.collect().await;
    // What is sent one by one takes the longer, the more goes on beside it, and a run has its limit.
    rows.extend(stream::iter(alone.into_iter().map(run)).buffer_unordered(1).collect::<Vec<_>>().await);
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The matrix as a page.
pub(crate) fn page(rows: &[Row]) -> String {
    let count = rows.len();
    let alone = rows.iter().filter(|row| row.unrelated().next().is_none()).count();
    let mut page = format!(
        "# The defects that the contract runner catches\n\n\
         A contract runner is worth what it finds. This page shows a receiver that keeps the contract, and the same receiver \
         with\none defect at a time: {count} of them, each one that real endpoints have. The whole catalogue ran against \
         each.\n\n\
         - Every defect is caught: a case of the clause that it breaks fails, or is throttled where the defect looks like load.\n\
         - {alone} of {count} fail only cases of clauses that they break.\n\
         - The receiver without a defect fails no case, with any of the three authentications, over HTTP and HTTPS.\n\n\
         The defects are in `contract-tests/tests/it/mutants/defects/`, one row each. This page is written by\n\n\
         ```sh\nMUTANTS_UPDATE=1 cargo test -p contract-tests --test it mutants\n```\n\n\
         and a test fails where the page was written from other cases or defects. It runs the whole catalogue then, and\n\
         with `SOAK=1`; otherwise only the cases of the clause that a defect breaks.\n\n\
         *Caught by* names the failing cases of the clause that the defect breaks, and of those that it breaks with it: a \
         message\nshows many clauses of its own at a time, so a defect in reading messages counts for all of them. *Besides* \
         names failing\ncases of other clauses. An endpoint that refuses the plain valid message fails the case of that message, \
         whatever the\nreason, and what rests on an acceptance is not run: those rows say *all*.\n",
    );
    for clause in Clause::all() {
        let of_clause: Vec<&Row> = rows.iter().filter(|row| row.defect.clause == clause.id).collect();
        if of_clause.is_empty() {
            continue;
        }
        let _ = write!(page, "\n## {} · {}\n\n| An endpoint that … | expects |", clause.id, clause.title);
        page += " Caught by | Besides |\n|---|---|---|---|\n";
        for row in of_clause {
            let expects = match row.defect.expected {
                Expected::Nothing => "nothing",
                Expected::Secret(_) => "a secret",
                Expected::Basic(..) => "Basic",
            };
            let all = if row.defect.refuses_all { "*all:* " } else { "" };
            let (catches, unrelated) = (listed(row.catches()), listed(row.unrelated()));
            let _ = writeln!(page, "| {} | {expects} | {all}{catches} | {unrelated} |", escaped(row.defect.name));
        }
    }
    page + &inputs()
}

/// The last line of the page: a digest of the cases and the defects that it was written from.
pub(crate) fn inputs() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("../schemas/cases"), root.join("tests/it/mutants")];
    let mut paths: Vec<PathBuf> = folders.iter().flat_map(|folder| files(folder)).collect();
    paths.sort();
    let mut digest = Sha256::new();
    for path in paths {
        let content = fs::read(&path).unwrap();
        digest.update((content.len() as u64).to_be_bytes());
        digest.update(content);
    }
    let digest = digest.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("\n<!-- cases and defects: {digest} -->\n")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A name as a cell of a table shows it.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('|', "\\|")
}

/// Cases in a row; many are only counted.
fn listed<'a>(cases: impl Iterator<Item = &'a str>) -> String {
    let cases: Vec<&str> = cases.collect();
    match cases.as_slice() {
        many if many.len() > 6 => format!("{} and {} more", many[..4].join(", "), many.len() - 4),
        few => few.join(", "),
    }
}
