//! Lints a template: renders every valid sample, and collects the problems.

use std::{collections::BTreeSet, fmt};

use schemas::{Profile, Sample};

use super::{
    flow_url::FlowUrl,
    size::Budget,
    template::{Template, TemplateError},
    validate,
    view::View,
};

/// A problem of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// File, line, and what is wrong.
    pub problem: String,
    /// The first sample with this problem.
    pub sample: &'static str,
    /// Number of other samples with this problem.
    pub more: usize,
}

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (sample {}", self.problem, self.sample)?;
        match self.more {
            0 => f.write_str(")"),
            more => write!(f, ", and {more} more)"),
        }
    }
}

/// All problems of a template for cards.
pub fn cards(template: &Template) -> Vec<TemplateProblem> {
    findings(|view| {
        let problems = template.problems_on(view)?;
        if problems.is_empty() && !template.card(view, Budget::default())?.shortened.is_empty() {
            let budget = Budget::default().bytes();
            return Ok(vec![format!(
                "{}: the card is too large by itself: even a small message exceeds {budget} bytes",
                template.name()
            )]);
        }
        Ok(problems)
    })
}

/// All problems of a template for other texts.
pub fn texts(template: &Template) -> Vec<TemplateProblem> {
    findings(|view| template.text(view).map(|_| Vec::new()))
}

fn findings(problems_on: impl Fn(&View) -> Result<Vec<String>, TemplateError>) -> Vec<TemplateProblem> {
    let mut findings: Vec<TemplateProblem> = Vec::new();
    let flow_url: Option<FlowUrl> = "https://product.example/flows/{flowIdentifier}".parse().ok();
    for sample in Sample::valid() {
        let mut problems: Vec<String> = Vec::new();
        // With and without the optional flow URL.
        for flow_url in [flow_url.clone(), None] {
            let about = validate::about("/webhooks/flowingly", flow_url);
            let Ok(view) = View::of(sample.body, Profile::v1(), &about) else { continue };
            problems.extend(problems_on(&view).unwrap_or_else(|error| vec![error.to_string()]));
        }
        let mut seen = BTreeSet::new();
        for problem in problems {
            if !seen.insert(problem.clone()) {
                continue;
            }
            match findings.iter_mut().find(|finding| finding.problem == problem) {
                Some(known) => known.more += 1,
                None => findings.push(TemplateProblem { problem, sample: sample.name, more: 0 }),
            }
        }
    }
    findings
}
