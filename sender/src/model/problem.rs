//! The problems of a model, each with its line and column, in the order of the file.

use std::ops::Range;

use schemas::Pointer;

use super::{
    defect::{Defect, Severity},
    source::Source,
    tree::Tree,
};

/// The part of a member that a problem points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    Key,
    Value,
}

/// A defect at an address of the model, before its position in the text is known.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) pointer: Pointer,
    pub(super) on: On,
    pub(super) defect: Defect,
    /// The position, if the address does not give it.
    pub(super) span: Option<Range<usize>>,
    /// Another place that belongs to it, and its description.
    pub(super) related: Option<(Pointer, &'static str)>,
}

impl Finding {
    pub(super) fn new(pointer: Pointer, defect: Defect) -> Self {
        Self { pointer, on: On::Value, defect, span: None, related: None }
    }

    pub(super) fn on_key(self) -> Self {
        Self { on: On::Key, ..self }
    }

    pub(super) fn at(self, span: Range<usize>) -> Self {
        Self { span: Some(span), ..self }
    }

    pub(super) fn with_related(self, pointer: Pointer, what: &'static str) -> Self {
        Self { related: Some((pointer, what)), ..self }
    }
}

/// A problem. It holds no secret.
#[derive(Debug)]
pub(crate) struct ModelProblem {
    pub(crate) defect: Defect,
    pub(crate) pointer: Pointer,
    pub(crate) span: Range<usize>,
    /// Line of its beginning, from 1.
    pub(crate) line: usize,
    /// Column of its beginning in characters, from 1.
    pub(crate) column: usize,
    /// Another place that belongs to it, and its description.
    pub(crate) related: Option<(Range<usize>, &'static str)>,
}

/// Every problem of a model.
#[derive(Debug)]
pub(crate) struct ModelProblems {
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

    pub(crate) fn severity(&self) -> Severity {
        self.defect.severity()
    }
}

impl ModelProblems {
    pub(super) fn new(source: Source, mut problems: Vec<ModelProblem>) -> Self {
        problems.sort_by_key(|problem| (problem.span.start, problem.severity() == Severity::Warning));
        Self { source, problems }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// In the order of the file.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ModelProblem> {
        self.problems.iter()
    }

    /// The number of errors, which make the model unusable.
    pub(crate) fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity() == Severity::Error).count()
    }

    /// The number of warnings.
    pub(crate) fn warnings(&self) -> usize {
        self.problems.len() - self.errors()
    }

    pub(super) fn add(&mut self, more: impl IntoIterator<Item = ModelProblem>) {
        let mut problems = std::mem::take(&mut self.problems);
        problems.extend(more);
        *self = Self::new(self.source.clone(), problems);
    }
}
