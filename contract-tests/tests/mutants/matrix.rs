//! Which defect is caught by which cases: run, judged and laid out.

use std::{fmt::Write as _, io::Write as _, time::Duration};

use contract_tests::{
    Target, check,
    report::{CaseOutcome, Report},
};
use futures_util::{StreamExt as _, stream};
use schemas::{Authentication, BasicCredentials, Clause, ClientSecret};
use tempfile::NamedTempFile;

use crate::{
    connection::Endpoint,
    defect::Defect,
    rules::{Expected, PATH, Rules},
    tls::{self, Certificate},
};

/// The same requests in every run.
const SEED: u64 = 7;
/// Endpoints that are tested beside each other.
const BESIDE: usize = 6;
/// As usual: the machine that runs the test may be busy.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A defect and the cases that failed.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) defect: Defect,
    /// Case and its clause.
    pub(crate) failed: Vec<(String, String)>,
    /// Cases that were run.
    pub(crate) ran: usize,
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

/// Runs the whole catalogue against an endpoint with these rules.
pub(crate) async fn run(rules: Rules, certificate: Option<Certificate>, parallel: usize) -> Report {
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
        .ca(certificate.is_some().then(|| authority.path().to_owned()));
    check(&target).await.unwrap()
}

/// The cases that failed, each with its clause.
pub(crate) fn failed(report: &Report) -> Vec<(String, String)> {
    let failed = report.results.iter().filter(|result| matches!(result.outcome, CaseOutcome::Failed(_)));
    failed.map(|result| (result.id.clone(), result.clause.clone())).collect()
}

/// Runs the whole catalogue against every defect.
pub(crate) async fn rows() -> Vec<Row> {
    let run = |defect: Defect| async move {
        let parallel = if defect.one_by_one { 1 } else { 8 };
        let report = run(defect.rules(), defect.certificate, parallel).await;
        let skipped = |outcome: &CaseOutcome| matches!(outcome, CaseOutcome::Skipped { .. });
        let ran = report.results.iter().filter(|result| !skipped(&result.outcome)).count();
        Row { failed: failed(&report), defect, ran }
    };
    stream::iter(Defect::all().into_iter().map(run)).buffered(BESIDE).collect().await
}

/// The matrix as a page.
pub(crate) fn page(rows: &[Row]) -> String {
    let alone = rows.iter().filter(|row| row.unrelated().next().is_none()).count();
    let mut page = format!(
        "# The defects that the contract runner catches\n\n\
         A contract runner is worth what it finds. Here is a receiver that keeps the contract, and {} times the same \
         receiver\nwith one defect that real endpoints have. The whole catalogue ran against each: every defect is caught \
         by a case of\nthe clause that it breaks, {alone} of them by no case of any other clause than those that it breaks. \
         The receiver\nwithout a defect is blamed for nothing.\n\n\
         This page is written by `MUTANTS_UPDATE=1 cargo test -p contract-tests --test mutants`, and the same test without \
         the\nvariable fails where it is not current. The defects are in `contract-tests/tests/mutants/defects/`.\n\n\
         *Caught by* names the failing cases of the clause that the defect breaks and of those that it breaks with it; \
         *besides*\nthe failing cases of other clauses.\n",
        rows.len()
    );
    for clause in Clause::all() {
        let of_clause: Vec<&Row> = rows.iter().filter(|row| row.defect.clause == clause.id).collect();
        if of_clause.is_empty() {
            continue;
        }
        let _ = write!(page, "\n## {} · {}\n\n", clause.id, clause.title);
        page += "| An endpoint that … | expects | Caught by | Besides |\n|---|---|---|---|\n";
        for row in of_clause {
            let expects = match row.defect.expected {
                Expected::Nothing => "nothing",
                Expected::Secret(_) => "a secret",
                Expected::Basic(..) => "Basic",
            };
            let catches = listed(row.catches());
            let unrelated = listed(row.unrelated());
            let _ = writeln!(page, "| {} | {expects} | {catches} | {unrelated} |", row.defect.name.replace('|', "\\|"));
        }
    }
    page
}

/// Cases in a row; many are only counted.
fn listed<'a>(cases: impl Iterator<Item = &'a str>) -> String {
    let cases: Vec<&str> = cases.collect();
    match cases.as_slice() {
        many if many.len() > 6 => format!("{} and {} more", many[..4].join(", "), many.len() - 4),
        few => few.join(", "),
    }
}
