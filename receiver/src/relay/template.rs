//! Templates, which render messages.
//!
//! A template is written in minijinja (the language of Jinja). For Teams it makes an Adaptive Card, which the relay
//! wraps in a post; for other destinations it makes any text.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use minijinja::{Environment, ErrorKind, Value};
use schemas::{suggest, text::escape_json};

use super::{
    adaptive_card,
    card::{self, Card, CardProblem},
    environment::environment,
    operators,
    size::{self, Budget, Shortened},
    source_lines::{self, Lines},
    taint,
    template_format::TemplateFormat,
    view::{CONTEXT_NAMES, View},
};

const DEFAULT_CARD: &str = include_str!("default-card.json.jinja");
const DEFAULT_CARD_NAME: &str = "default-card.json.jinja";

/// A template that has been read and compiled. Cheap to clone.
#[derive(Clone)]
pub struct Template(Arc<CompiledTemplate>);

struct CompiledTemplate {
    name: String,
    environment: Environment<'static>,
    is_default: bool,
}

/// Error of a template, or of rendering a message with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    #[error("cannot read the template {}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    /// It does not compile, or fails on a message.
    #[error("{template}:{line}: {what}")]
    Template { template: String, line: usize, what: String },
    #[error("{template}:{line}: {problem}")]
    Output { template: String, line: usize, problem: CardProblem },
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.0.name).finish()
    }
}

/// Templates with the same file and text are equal.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        let text =
            |template: &Self| template.0.environment.get_template(&template.0.name).map(|it| it.source().to_owned());
        self.0.name == other.0.name && text(self).ok() == text(other).ok()
    }
}

impl Template {
    /// The built-in template for cards.
    pub fn default_card() -> Self {
        Self::compile(DEFAULT_CARD_NAME, DEFAULT_CARD, true).expect("the built-in template is tested to compile")
    }

    /// Reads a template's file.
    ///
    /// # Errors
    /// When it cannot be read, or does not compile; the error names file and line.
    pub fn read(path: &Path) -> Result<Self, TemplateError> {
        let source =
            fs::read_to_string(path).map_err(|source| TemplateError::Read { file: path.to_owned(), source })?;
        Self::compile(&path.display().to_string(), &source, false)
    }

    fn compile(name: &str, source: &str, is_default: bool) -> Result<Self, TemplateError> {
        let mut environment = environment();
        // Compile the original first, so that errors refer to it.
        environment.template_from_named_str(name, source).map_err(|error| error_in(name, &error))?;
        let compared = operators::rewrite(source, false).map_err(|error| error_in(name, &error))?;
        environment.add_template_owned(name.to_owned(), compared).map_err(|error| error_in(name, &error))?;
        Ok(Self(Arc::new(CompiledTemplate { name: name.to_owned(), environment, is_default })))
    }

    /// Renders the whole post for Teams within the budget. The card notes what was cut or left out to fit.
    ///
    /// # Errors
    /// When the template fails on this message, or its output is not an Adaptive Card; never for size.
    pub fn card(&self, view: &View, budget: Budget) -> Result<Card, TemplateError> {
        self.check_json()?;
        let (longest, fields) = view.extent();
        let fitted = size::fit(budget, longest, fields, Card::size, |limits| {
            let (context, shortened) = view.within(limits);
            match self.render(&context) {
                // If rendering runs out of fuel, there are too many fields for a card.
                Err(error) if error.kind() == ErrorKind::OutOfFuel => Ok(None),
                Err(error) => Err(error_in(&self.0.name, &error)),
                Ok(output) => {
                    let card = Card::of_output(&output, shortened);
                    card.map(Some).map_err(|problem| self.wrong_output(&context, problem))
                }
            }
        })?;
        if let Some(card) = fitted {
            return Ok(card);
        }
        if self.0.is_default {
            return Ok(Card::last_resort());
        }
        let mut card = Self::default_card().card(view, budget)?;
        card.shortened.insert(0, Shortened::Template);
        Ok(card)
    }

    /// Renders any text. JSON is made compact; a template is for JSON unless its name ends in `.txt`, `.html` or the
    /// like.
    ///
    /// # Errors
    /// When the template fails on this message, or is for JSON and its output is not JSON.
    pub fn text(&self, view: &View) -> Result<String, TemplateError> {
        let context = view.context();
        let output = self.render(&context).map_err(|error| error_in(&self.0.name, &error))?;
        if self.format() != TemplateFormat::Json {
            return Ok(taint::unmarked(&output));
        }
        let json = card::json_text(&output).map_err(|problem| self.wrong_output(&context, problem))?;
        Ok(taint::unmarked(&json))
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Everything that Teams would not show as intended, with file and line.
    pub(super) fn problems_on(&self, view: &View) -> Result<Vec<String>, TemplateError> {
        self.check_json()?;
        let context = view.context();
        let (output, lines) = self.render_numbered(&context)?;
        let line = |place| lines.of(place).unwrap_or(1);
        let problems = adaptive_card::problems(&output).map_err(|problem| self.wrong_output(&context, problem))?;
        Ok(problems.into_iter().map(|(place, what)| format!("{}:{}: {what}", self.0.name, line(place))).collect())
    }

    pub(crate) fn format(&self) -> TemplateFormat {
        TemplateFormat::of(&self.0.name)
    }

    fn check_json(&self) -> Result<(), TemplateError> {
        if self.format() == TemplateFormat::Json {
            return Ok(());
        }
        Err(TemplateError::Output { template: self.0.name.clone(), line: 1, problem: CardProblem::Name })
    }

    /// The error of an invalid output, with the line of the template that made it.
    fn wrong_output(&self, context: &Value, (_, problem): (usize, CardProblem)) -> TemplateError {
        // Search in the numbered output, whose whitespace may differ.
        let line =
            self.render_numbered(context).ok().and_then(|(output, lines)| lines.of(card::json(&output).err()?.0));
        TemplateError::Output { template: self.0.name.clone(), line: line.unwrap_or(1), problem }
    }

    fn render_numbered(&self, context: &Value) -> Result<(String, Lines), TemplateError> {
        let failed = |error| error_in(&self.0.name, &error);
        let template = self.0.environment.get_template(&self.0.name).map_err(failed)?;
        let numbered = source_lines::numbered(template.source());
        let output = self.0.environment.render_named_str(&self.0.name, &numbered, context.clone()).map_err(failed)?;
        Ok(Lines::remove_marks(&output))
    }

    fn render(&self, context: &Value) -> Result<String, minijinja::Error> {
        self.0.environment.get_template(&self.0.name)?.render(context)
    }
}

fn error_in(name: &str, error: &minijinja::Error) -> TemplateError {
    let detail = error.detail().map(|detail| format!(": {}", escape_json(detail))).unwrap_or_default();
    let tip = (error.kind() == ErrorKind::UndefinedError).then(|| name_tip(error)).flatten().unwrap_or_default();
    TemplateError::Template {
        template: error.name().unwrap_or(name).to_owned(),
        line: error.line().unwrap_or(1),
        what: format!("{}{detail}{tip}", error.kind()),
    }
}

/// The tip for an undefined name: the closest known name, or a check of its parent.
fn name_tip(error: &minijinja::Error) -> Option<String> {
    // The name is in the error's text between backticks, or else at the error's place.
    let path = match error.detail().and_then(|detail| detail.split('`').nth(1)) {
        Some(path) => path,
        None => error.template_source()?.get(error.range()?)?,
    };
    let wrong = path.rsplit(|character: char| !character.is_alphanumeric() && character != '_').next()?;
    let name = suggest::closest(wrong, CONTEXT_NAMES.split(' '))?;
    match path.rsplit_once('.') {
        Some((whole, _)) if name == wrong => {
            Some(format!("; not every message has `{whole}`: check for it with `{{% if {whole} %}}`"))
        }
        _ => Some(format!("; did you mean `{name}`?")),
    }
}
