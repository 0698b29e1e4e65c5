//! Which messages a destination gets: an expression of minijinja over what templates see.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use minijinja::{Environment, Expression, UndefinedBehavior, Value};

use super::{comparison::Class, environment::environment, operators, view::View};

/// A field that a form does not have is not there, and that is no error: another step has another form.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment
});

/// Names whose members depend on the form.
const OF_THE_FORM: [&str; 2] = ["values", "fields"];

/// A condition on messages. Cheap to clone.
#[derive(Clone)]
pub struct When(Arc<Compiled>);

struct Compiled {
    text: String,
    expression: Expression<'static, 'static>,
    /// What it asks of a message, such as `flow.name`.
    names: Vec<String>,
}

/// A condition cannot be read, or not be judged on a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhenError {
    /// It is no expression, or cannot be computed.
    #[error("{0}")]
    Expression(String),
    /// What it comes to is neither true nor false.
    #[error(
        "it gives {found}, which is neither true nor false; compare it, as in `... == 'x'`, or write `... is not none`"
    )]
    NoTruth {
        /// What it gives.
        found: String,
    },
    /// It holds for no message at all.
    #[error(
        "it holds for no message: none of the samples fulfils it, and they have every trigger (`stepCompleted`, \
         `stepCreated`) and decision (`approved`, `rejectedAndSentBack`, `rejectedAndCompleted`) that the profile carries"
    )]
    NeverHolds,
    /// It asks for something that no message has.
    #[error("there is no `{name}`; here are {}", known.join(", "))]
    UnknownName {
        /// What it asks for.
        name: String,
        /// What there is in its place.
        known: Vec<String>,
    },
}

/// Equal ones have the same text.
impl PartialEq for When {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl When {
    /// Reads a condition.
    ///
    /// # Errors
    /// When it is no expression.
    pub fn parse(text: &str) -> Result<Self, WhenError> {
        // As it is written, so that an error is about that.
        let written = ENVIRONMENT.compile_expression(text).map_err(told)?;
        let mut names: Vec<String> = written.undeclared_variables(true).into_iter().collect();
        names.sort_unstable();
        let compared = operators::of_expression(text).map_err(told)?;
        let expression = ENVIRONMENT.compile_expression_owned(compared).map_err(told)?;
        Ok(Self(Arc::new(Compiled { text: text.to_owned(), expression, names })))
    }

    /// The expression as it is written.
    pub(super) fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether a message fulfils it.
    ///
    /// # Errors
    /// When it cannot be computed on this message.
    pub fn holds(&self, view: &View) -> Result<bool, WhenError> {
        let value = self.0.expression.eval(view.context()).map_err(told)?;
        match Class::of(&value) {
            Class::Truth => Ok(value.is_true()),
            Class::Missing => Ok(false),
            other => Err(WhenError::NoTruth { found: other.to_string() }),
        }
    }

    /// Whether all that it asks for has a few words that the contract fixes, so that samples have every one of them.
    pub(super) fn is_of_fixed_words(&self) -> bool {
        self.0.names.iter().all(|name| name == "trigger" || name.split('.').next_back() == Some("decision"))
    }

    /// Checks that what it asks for is there: in this message, or as a field of another form.
    ///
    /// # Errors
    /// When a name is not there, or it cannot be computed on this message.
    pub fn check(&self, view: &View) -> Result<(), WhenError> {
        let context = view.context();
        self.0.names.iter().try_for_each(|name| is_there(&context, name))?;
        self.holds(view).map(drop)
    }
}

/// Follows a name such as `step.type` as far as its form allows.
fn is_there(context: &Value, name: &str) -> Result<(), WhenError> {
    let (mut value, mut above) = (context.clone(), String::new());
    for part in name.split('.') {
        let found = value.get_attr(part).unwrap_or_default();
        if found.is_undefined() {
            // A step that is not there has no members in this message.
            if value.is_none() {
                return Ok(());
            }
            let known = value.try_iter().map(|keys| keys.map(|key| format!("{above}{key}")).collect());
            return Err(WhenError::UnknownName { name: name.to_owned(), known: known.unwrap_or_default() });
        }
        if OF_THE_FORM.contains(&part) {
            return Ok(());
        }
        (value, above) = (found, format!("{above}{part}."));
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: minijinja::Error) -> WhenError {
    WhenError::Expression(match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    })
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("When").field(&self.0.text).finish()
    }
}
