//! Strict comparisons. The template language orders values of different types by their types, so that every text is
//! greater than every number, and `none` is less than both. Here only values of the same type can be compared; a
//! missing value equals only a missing one, and is neither less nor greater than anything.
//!
//! The operators of a template or condition become calls of these functions (`operators.rs`); the tests of the same
//! names and the sorting filters are replaced.

use std::{cmp::Ordering, fmt};

use minijinja::{
    Environment, Error, ErrorKind, State, filters,
    value::{Kwargs, Value, ValueKind},
};

use super::{filters::given, format, number};

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
    NotIn,
}

/// Each operator with its symbol, its function and the equivalent tests.
const OPERATORS: [(Operator, &str, &str, &[&str]); 8] = [
    (Operator::Equal, "==", "_equal", &["eq", "equalto", "=="]),
    (Operator::NotEqual, "!=", "_not_equal", &["ne", "!="]),
    (Operator::Less, "<", "_less", &["lt", "lessthan", "<"]),
    (Operator::LessOrEqual, "<=", "_less_or_equal", &["le", "<="]),
    (Operator::More, ">", "_more", &["gt", "greaterthan", ">"]),
    (Operator::MoreOrEqual, ">=", "_more_or_equal", &["ge", ">="]),
    (Operator::In, "in", "_in", &["in"]),
    (Operator::NotIn, "not in", "_not_in", &[]),
];

/// Adds the functions, tests and filters that compare.
pub(super) fn add(environment: &mut Environment<'static>) {
    for (operator, _, function, tests) in OPERATORS {
        environment.add_function(function, move |state: &State<'_, '_>, left: &Value, right: &Value| {
            given(state, left)?;
            given(state, right)?;
            operator.holds(left, right)
        });
        for test in tests {
            environment.add_test(*test, move |left: &Value, right: &Value| operator.holds(left, right));
        }
    }
    environment.add_filter("sort", |state: &State<'_, '_>, value: Value, options: Kwargs| {
        let attributes: Option<String> = options.peek("attribute")?;
        for attribute in attributes.as_deref().unwrap_or_default().split(',') {
            one_type(value.try_iter()?.map(|item| part(&item, attribute.trim())))?;
        }
        filters::sort(state, value, options)
    });
    environment.add_filter("min", |state: &State<'_, '_>, value: Value, options: Kwargs| {
        comparable(&value, &options)?.map_or(Ok(Value::from(())), |items| filters::min(state, items, options))
    });
    environment.add_filter("max", |state: &State<'_, '_>, value: Value, options: Kwargs| {
        comparable(&value, &options)?.map_or(Ok(Value::from(())), |items| filters::max(state, items, options))
    });
}

impl Operator {
    /// Name of the function that replaces it.
    pub(super) fn function(self) -> &'static str {
        self.entry().2
    }

    fn entry(self) -> &'static (Self, &'static str, &'static str, &'static [&'static str]) {
        OPERATORS.iter().find(|(operator, ..)| *operator == self).expect("the table has every operator")
    }

    fn holds(self, left: &Value, right: &Value) -> Result<bool, Error> {
        let ordered = |wanted: &[Ordering]| Ok(self.order(left, right)?.is_some_and(|order| wanted.contains(&order)));
        match self {
            Self::Equal => self.equal(left, right),
            Self::NotEqual => self.equal(left, right).map(|equal| !equal),
            Self::Less => ordered(&[Ordering::Less]),
            Self::LessOrEqual => ordered(&[Ordering::Less, Ordering::Equal]),
            Self::More => ordered(&[Ordering::Greater]),
            Self::MoreOrEqual => ordered(&[Ordering::Greater, Ordering::Equal]),
            Self::In => self.contains(right, left),
            Self::NotIn => self.contains(right, left).map(|contains| !contains),
        }
    }

    fn equal(self, left: &Value, right: &Value) -> Result<bool, Error> {
        match (Class::of(left), Class::of(right)) {
            (Class::Missing, Class::Missing) => Ok(true),
            (Class::Missing, _) | (_, Class::Missing) => Ok(false),
            (one, other) if one == other => Ok(left == right),
            (one, other) => Err(self.differ(one, other)),
        }
    }

    /// The order of two values; `None` if one is missing.
    fn order(self, left: &Value, right: &Value) -> Result<Option<Ordering>, Error> {
        match (Class::of(left), Class::of(right)) {
            (Class::Missing, _) | (_, Class::Missing) => Ok(None),
            (Class::Number, Class::Number) => Ok(Some(left.cmp(right))),
            (Class::Text, Class::Text) => {
                let is_both =
                    |is: fn(&str) -> bool| [left, right].into_iter().all(|value| value.as_str().is_some_and(is));
                if is_both(|text| number::spelled(text).is_some()) {
                    return Err(self.error("compares two numbers as texts; write `| number` after each"));
                }
                if is_both(|text| format::iso_date(text) != text) {
                    return Err(self.error("compares two dates as texts; write `| isodate` after each"));
                }
                Ok(Some(left.cmp(right)))
            }
            (one, other) if one == other => Err(self.error(&format!("cannot compare {one} with {other}"))),
            (one, other) => Err(self.differ(one, other)),
        }
    }

    fn contains(self, container: &Value, wanted: &Value) -> Result<bool, Error> {
        match (Class::of(container), Class::of(wanted)) {
            (Class::Missing, _) => Ok(false),
            (Class::Text, Class::Missing) => Ok(false),
            (Class::Text, Class::Text) => {
                let texts = container.as_str().zip(wanted.as_str());
                Ok(texts.is_some_and(|(text, part)| text.contains(part)))
            }
            (Class::List, _) => {
                let mut other_type = None;
                for element in container.try_iter()? {
                    match self.equal(&element, wanted) {
                        Ok(true) => return Ok(true),
                        Ok(false) => {}
                        Err(error) => other_type = Some(error),
                    }
                }
                other_type.map_or(Ok(false), Err)
            }
            // By its keys, because a lookup of an unknown name may return `none`.
            (Class::Table, Class::Text) => Ok(container.try_iter()?.any(|key| key == *wanted)),
            (Class::Table, Class::Missing) => Ok(false),
            (one, other) => Err(self.differ(other, one)),
        }
    }

    fn differ(self, left: Class, right: Class) -> Error {
        let is = |one, other| [(left, right), (right, left)].contains(&(one, other));
        let way_out = if is(Class::Text, Class::Number) {
            "; write `| number` after the text, or quotes around the number"
        } else if is(Class::Text, Class::Truth) {
            "; remove the quotes around true and false, or compare a text with a text"
        } else if matches!(self, Self::Equal | Self::NotEqual) && is(Class::Text, Class::List) {
            "; use `in` to check whether the list has the text"
        } else {
            ""
        };
        self.error(&format!("cannot compare {left} with {right}{way_out}"))
    }

    fn error(self, what: &str) -> Error {
        Error::new(ErrorKind::InvalidOperation, format!("`{}` {what}", self.entry().1))
    }
}

/// The type of a value: values of the same class can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Missing,
    Truth,
    Number,
    Text,
    List,
    Table,
    Other,
}

impl Class {
    pub(super) fn of(value: &Value) -> Self {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Self::Missing,
            ValueKind::Bool => Self::Truth,
            ValueKind::Number => Self::Number,
            ValueKind::String => Self::Text,
            ValueKind::Seq | ValueKind::Iterable => Self::List,
            ValueKind::Map => Self::Table,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "a missing value",
            Self::Truth => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Table => "a table of names and values",
            Self::Other => "a value of another type",
        })
    }
}

/// The value at a path such as `outcome.at` in an item; the item itself for an empty path.
fn part(item: &Value, path: &str) -> Value {
    let step = |value: Value, name: &str| match name.parse::<usize>() {
        Ok(index) => value.get_item(&index.into()).unwrap_or_default(),
        Err(_) => value.get_attr(name).unwrap_or_default(),
    };
    if path.is_empty() { item.clone() } else { path.split('.').fold(item.clone(), step) }
}

/// Checks that all values to sort, except missing ones, are of one type.
fn one_type(values: impl Iterator<Item = Value>) -> Result<(), Error> {
    let mut first = None;
    for value in values {
        match (Class::of(&value), first) {
            (Class::Missing, _) => {}
            (class, None) => first = Some(class),
            (class, Some(first)) if class == first => {}
            (class, Some(first)) => {
                let what =
                    format!("cannot sort {first} and {class} together; `map(\"number\")` converts texts to numbers");
                return Err(Error::new(ErrorKind::InvalidOperation, what));
            }
        }
    }
    Ok(())
}

/// The items to find the minimum or maximum of, without missing ones, if they can be compared; `None` if there are
/// none.
fn comparable(items: &Value, options: &Kwargs) -> Result<Option<Value>, Error> {
    let attribute: Option<String> = options.peek("attribute")?;
    let mut given: Vec<Value> = Vec::new();
    let mut last = Value::UNDEFINED;
    if Class::of(items) != Class::Missing {
        for item in items.try_iter()? {
            let key = part(&item, attribute.as_deref().unwrap_or_default());
            if Class::of(&key) != Class::Missing {
                Operator::Less.order(&last, &key)?;
                last = key;
                given.push(item);
            }
        }
    }
    Ok((!given.is_empty()).then(|| given.into()))
}

#[cfg(test)]
mod tests {
    use minijinja::context;
    use serde_json::json;

    use crate::relay::{About, Filter, View, environment, operators};

    fn view() -> View {
        let field = |name: &str, value: serde_json::Value| json!({"name": name, "type": "X", "value": value});
        let body = json!({
            "trigger": "stepCompleted",
            "flow": {"flowIdentifier": "F"},
            "step": {"stepIdentifier": "S", "fields": [
                field("T", json!("50")), field("N", json!(50)), field("Word", json!("red")), field("Yes", json!(true)),
                field("List", json!(["red", "blue"])), field("Mixed", json!([1, "1"])), field("Day", json!("19/07/1990")),
                field("Null", json!(null)),
            ]},
        });
        View::of(body.to_string().as_bytes(), schemas::Profile::v1(), &About::default()).unwrap()
    }

    fn judged(when: &str) -> Result<bool, String> {
        Filter::parse(when).and_then(|when| when.holds(&view())).map_err(|error| error.to_string())
    }

    #[test]
    fn values_of_one_type_are_compared() {
        for (when, holds) in [
            ("values.N > 10", true),
            ("values['N'] > 10000", false),
            ("values.N >= 50 and values.N <= 50.0 and values.N < 51", true),
            ("10 < values.N < 100", true),
            ("10 < values.N < 20", false),
            ("not values.N == 50", false),
            ("values.T == '50'", true),
            ("values.T != '51'", true),
            ("values.T | number > 10", true),
            ("values.T | number > 10000", false),
            ("values.T|number + 1 == 51", true),
            ("(values.T | number) * 2 > 99 if values.T else false", true),
            ("values.Word > 'blue'", true),
            ("values.Word in 'red, green'", true),
            ("values.Word in ['red', 'green']", true),
            ("values.Word not in ['red', 'green']", false),
            ("'red' in values.List", true),
            ("values.Day | isodate < '1990-08-01'", true),
            ("values.Yes == true", true),
            ("'Word' in values", true),
            ("values.N is gt(10) and values.N is divisibleby 5", true),
            ("values.N is not lt 10", true),
            ("'1' in values.Mixed", true),
            ("fields | selectattr('name', 'eq', 'N') | map(attribute='value') | first == 50", true),
            ("[values.N, 7, none] | max == 50", true),
            ("[none] | max is none", true),
            ("[values.N, 7] | sort | first == 7", true),
            ("{'a': values.N > 1}.a", true),
            ("values.N in [1, 50]", true),
            // Missing values.
            ("values.Missing > 10", false),
            ("values.Missing < 10", false),
            ("values.Missing <= 10 or values.Missing >= 10", false),
            ("values.Null < 10", false),
            ("values.Missing == 10", false),
            ("values.Missing != 10", true),
            ("values.Missing == values.Null", true),
            ("'red' in values.Missing", false),
            ("values.Missing in ['red']", false),
            ("values.Missing in 'none'", false),
            ("'Missing' in values", false),
            ("decision in ['approved']", false),
            ("step.nothing.of.the.kind < 3", false),
        ] {
            assert_eq!(judged(when), Ok(holds), "{when}");
        }
    }

    #[test]
    fn values_of_two_types_are_not_compared_and_both_types_are_named() {
        for (when, error) in [
            ("values['T'] > 10000", "`>` cannot compare a text with a number; write `| number` after the text"),
            ("values.T < 10000", "`<` cannot compare a text with a number"),
            ("10000 <= values.T", "`<=` cannot compare a number with a text"),
            ("1 < values.T < 100", "`<` cannot compare a number with a text"),
            ("values.T == 50", "`==` cannot compare a text with a number"),
            ("values.N != '50'", "`!=` cannot compare a number with a text"),
            ("values.T in [50, 60]", "`in` cannot compare a number with a text"),
            ("values.T not in [50, 60]", "`not in` cannot compare a number with a text"),
            ("values.N in '50'", "`in` cannot compare a number with a text"),
            ("values.T in values.N", "`in` cannot compare a text with a number"),
            ("5 in values", "`in` cannot compare a number with a table of names and values"),
            ("values.Yes == 'true'", "`==` cannot compare true or false with a text; remove the quotes"),
            ("values.Yes > 0", "`>` cannot compare true or false with a number"),
            ("values.Yes < true", "`<` cannot compare true or false with true or false"),
            ("values.List == 'red'", "`==` cannot compare a list with a text; use `in`"),
            ("values.List > 'red'", "`>` cannot compare a list with a text"),
            ("values.List > values.List", "`>` cannot compare a list with a list"),
            ("values.T is gt(10000)", "`>` cannot compare a text with a number"),
            ("fields | selectattr('value', '>', 10) | list | length > 0", "`>` cannot compare a text with a number"),
            ("[values.T, 7] | max == 7", "`<` cannot compare a text with a number"),
            ("[values.T, 7] | sort | first == 7", "cannot sort a text and a number together"),
            ("fields | sort(attribute='value') | length > 0", "cannot sort a text and a number together"),
            // Letter by letter "50" is more than "10000", and 19/07/1990 less than 20/01/1900.
            ("values.T > '10000'", "`>` compares two numbers as texts; write `| number`"),
            ("[values.T, '7'] | max == '7'", "`<` compares two numbers as texts"),
            ("values.Day < '20/01/1900'", "`<` compares two dates as texts; write `| isodate`"),
        ] {
            let found = judged(when).unwrap_err();
            assert!(found.contains(error), "{when}: {found}");
        }
    }

    #[test]
    fn templates_compare_alike_and_name_the_line() {
        let context = context! { values => context! { T => "50", N => 50 }, items => vec![1, 2, 3] };
        let render = |template: &str| {
            let compared = operators::of_template(template).unwrap();
            environment().render_named_str("a.txt", &compared, context.clone())
        };
        for (template, output) in [
            ("{% if values.N > 10 %}yes{% elif values.N == 1 %}no{% endif %}", "yes"),
            ("{% for item in items if item in [1, 3] %}{{ item }}{% endfor %}", "13"),
            ("{% for item in items %}{{ item > 1 }} {% endfor %}", "false true true "),
            ("{% set big = values.N >= 50 %}{{ big }}", "true"),
            ("{{ 'a' if values.N != 50 else 'b' }}", "b"),
            ("{% macro m(x, y=1 == 1) %}{{ x }}{{ y }}{% endmacro %}{{ m(values.N < 3) }}", "falsetrue"),
            ("{% raw %}{{ a > 'b' }}{% endraw %}{# a > b #} a > b", "{{ a > 'b' }} a > b"),
            ("{{ '{{ > }}' if 1 == 1 }}", "{{ > }}"),
            ("{%- if values.N\n   not\n in [1] -%} x {%- endif -%}", "x"),
            ("{{ values.N is in [50] }}{{ values.N is not none }}", "truetrue"),
        ] {
            assert_eq!(render(template).unwrap(), output, "{template}");
        }
        let error = render("one\n{% if 1 <\n values.N <\n 100 %}\n{{ values.T > 1 }}{% endif %}").unwrap_err();
        assert_eq!(error.line(), Some(5), "{error}");
        let error = render("{% if values.N > step.name %}{% endif %}").unwrap_err();
        assert!(error.to_string().contains("`step` is undefined"), "{error}");
    }
}
