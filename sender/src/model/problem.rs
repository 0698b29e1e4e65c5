//! What is wrong with a model, each with its line and column, in the order of the file.

use std::{fmt, ops::Range};

use schemas::Pointer;

use super::{
    defect::{Defect, Severity},
    finding::Finding,
    source::Source,
    tree::Tree,
};

/// One thing that is wrong. No secret is repeated.
#[derive(Debug)]
pub struct ModelProblem {
    /// What is wrong.
    pub defect: Defect,
    /// Where, as a JSON Pointer into the model.
    pub pointer: Pointer,
    /// Where, as bytes of the text.
    pub span: Range<usize>,
    /// 1-based line of its beginning.
    pub line: usize,
    /// 1-based column of its beginning, in characters.
    pub column: usize,
    /// Another place that belongs to it, and what it is.
    pub related: Option<(Range<usize>, &'static str)>,
}

/// Everything that is wrong with a model. Its `Display` is one line for each problem and one for each advice.
#[derive(Debug)]
pub struct ModelProblems {
    source: Source,
    problems: Vec<ModelProblem>,
}

impl ModelProblem {
    pub(super) fn new(finding: Finding, tree: &Tree, source: &Source) -> Self {
        let span = finding.span.unwrap_or_else(|| tree.span(&finding.pointer, finding.on));
        let (line, column) = source.position(span.start);
        let related = finding.related.map(|(pointer, what)| (tree.span(&pointer, finding.on), what));
        Self { defect: finding.defect, pointer: finding.pointer, span, line, column, related }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.defect.severity()
    }
}

impl ModelProblems {
    pub(super) fn new(source: Source, mut problems: Vec<ModelProblem>) -> Self {
        problems.sort_by_key(|problem| (problem.span.start, problem.severity() == Severity::Warning));
        Self { source, problems }
    }

    /// The text that they are in.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Each of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &ModelProblem> {
        self.problems.iter()
    }

    /// How many are errors, so that the model cannot be used.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity() == Severity::Error).count()
    }

    /// How many are warnings.
    pub fn warnings(&self) -> usize {
        self.problems.len() - self.errors()
    }

    pub(super) fn add(&mut self, more: impl IntoIterator<Item = ModelProblem>) {
        let mut problems = std::mem::take(&mut self.problems);
        problems.extend(more);
        *self = Self::new(self.source.clone(), problems);
    }
}

impl fmt::Display for ModelProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let ModelProblem { defect, line, column, .. } = problem;
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{line}:{column}: {}: {defect}", self.source.name(), problem.severity())?;
            if let Some(advice) = defect.advice() {
                write!(f, "\n  {advice}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ModelProblems {}
