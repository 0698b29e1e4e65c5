//! The filter of a destination: a minijinja expression on the same context as in templates.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use minijinja::{Environment, Expression, UndefinedBehavior, Value};

use super::{environment::environment, operators, value_type::ValueType, view::View};

/// A missing field is not an error: steps have different forms.
static FILTER_ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment
});

/// Members of the context whose own members depend on the form.
const FORM_MEMBERS: [&str; 2] = ["values", "fields"];

/// A condition on messages. Cheap to clone.
#[derive(Clone)]
pub struct DestinationFilter(Arc<CompiledFilter>);

struct CompiledFilter {
    text: String,
    expression: Expression<'static, 'static>,
    /// The names it uses, such as `flow.name`.
    names: Vec<String>,
}

/// Error in a condition, or in evaluating it on a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    #[error("{0}")]
    Expression(String),
    #[error(
        "the result is {found}, neither true nor false; compare it, as in `... == 'x'`, or write `... is not none`"
    )]
    NotBoolean { found: String },
    #[error(
        "it holds for no message: it holds for none of the samples, which have every trigger (`stepCompleted`, \
         `stepCreated`) and decision (`approved`, `rejectedAndSentBack`, `rejectedAndCompleted`) that the profile has"
    )]
    NeverHolds,
    #[error("there is no `{name}`; the names here are {}", known.join(", "))]
    UnknownName { name: String, known: Vec<String> },
}

/// Conditions with the same text are equal.
impl PartialEq for DestinationFilter {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl DestinationFilter {
    /// Parses a condition.
    ///
    /// # Errors
    /// When it is not an expression.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        // Compile the original first, so that errors refer to it.
        let written = FILTER_ENVIRONMENT.compile_expression(text).map_err(evaluation_error)?;
        let mut names: Vec<String> = written.undeclared_variables(true).into_iter().collect();
        names.sort_unstable();
        let compared = operators::rewrite(text, true).map_err(evaluation_error)?;
        let expression = FILTER_ENVIRONMENT.compile_expression_owned(compared).map_err(evaluation_error)?;
        Ok(Self(Arc::new(CompiledFilter { text: text.to_owned(), expression, names })))
    }

    /// The expression as it is written.
    pub(super) fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether it holds for a message.
    ///
    /// # Errors
    /// When it cannot be evaluated on this message.
    pub fn holds(&self, view: &View) -> Result<bool, FilterError> {
        let value = self.0.expression.eval(view.context()).map_err(evaluation_error)?;
        match ValueType::of(&value) {
            ValueType::Truth => Ok(value.is_true()),
            ValueType::Missing => Ok(false),
            other => Err(FilterError::NotBoolean { found: other.to_string() }),
        }
    }

    /// Whether it uses only values from a set that the contract fixes, so that the samples cover all of them.
    pub(super) fn has_fixed_values_only(&self) -> bool {
        self.0.names.iter().all(|name| name == "trigger" || name.split('.').next_back() == Some("decision"))
    }

    /// Checks that its names exist, in this message or as a field of another form, and that it can be evaluated.
    pub(super) fn check(&self, view: &View) -> Result<(), FilterError> {
        let context = view.context();
        self.0.names.iter().try_for_each(|name| check_name(&context, name))?;
        self.holds(view).map(drop)
    }
}

/// Follows a name such as `step.type` as far as its form allows.
fn check_name(context: &Value, name: &str) -> Result<(), FilterError> {
    let (mut value, mut above) = (context.clone(), String::new());
    for part in name.split('.') {
        let found = value.get_attr(part).unwrap_or_default();
        if found.is_undefined() {
            // This message has no such step.
            if value.is_none() {
                return Ok(());
            }
            let known = value.try_iter().map(|keys| keys.map(|key| format!("{above}{key}")).collect());
            return Err(FilterError::UnknownName { name: name.to_owned(), known: known.unwrap_or_default() });
        }
        if FORM_MEMBERS.contains(&part) {
            return Ok(());
        }
        (value, above) = (found, format!("{above}{part}."));
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn evaluation_error(error: minijinja::Error) -> FilterError {
    FilterError::Expression(match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    })
}

impl fmt::Debug for DestinationFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DestinationFilter").field(&self.0.text).finish()
    }
}
