//! A defect at an address of the model, as the checks note it, before its place in the text is looked up.

use std::ops::Range;

use schemas::Pointer;

use super::defect::Defect;

/// What of a member is pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    Key,
    Value,
}

#[derive(Debug)]
pub(super) struct Finding {
    pub(super) pointer: Pointer,
    pub(super) on: On,
    pub(super) defect: Defect,
    /// The place, where the address alone does not tell it.
    pub(super) span: Option<Range<usize>>,
    /// Another place that belongs to it, and what it is.
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

    pub(super) fn beside(self, pointer: Pointer, what: &'static str) -> Self {
        Self { related: Some((pointer, what)), ..self }
    }
}
