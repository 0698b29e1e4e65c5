//! Reads TOML into a tree.

use schemas::Pointer;
use serde_json::{Map, Number, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Defect, Finding, SyntaxError, Tree};

pub(super) fn read(text: &str, findings: &mut Vec<Finding>) -> Result<Tree, Vec<SyntaxError>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let errors = errors.iter().map(|error| SyntaxError {
            span: error.span().unwrap_or(text.len()..text.len()),
            message: error.message().to_owned(),
        });
        return Err(errors.collect());
    }
    let mut reading = Reading { tree: Tree::default(), findings };
    let root = Pointer::default();
    reading.tree.root = reading.table(&root, table.get_ref());
    reading.tree.add(&root, None, 0..0);
    Ok(reading.tree)
}

struct Reading<'f> {
    tree: Tree,
    findings: &'f mut Vec<Finding>,
}

impl Reading<'_> {
    fn table(&mut self, pointer: &Pointer, table: &DeTable<'_>) -> Value {
        let mut members = Map::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let below = pointer.child(name);
            self.tree.add(&below, Some(key.span()), value.span());
            members.insert(name.to_owned(), self.value(&below, value));
        }
        Value::Object(members)
    }

    fn value(&mut self, pointer: &Pointer, value: &Spanned<DeValue<'_>>) -> Value {
        let scalar = match value.get_ref() {
            DeValue::String(text) => Some(Value::from(text.as_ref())),
            DeValue::Boolean(value) => Some(Value::from(*value)),
            DeValue::Integer(integer) => {
                let parsed = i64::from_str_radix(integer.as_str(), integer.radix());
                parsed.ok().map(Value::from)
            }
            DeValue::Float(float) => {
                let parsed = float.as_str().parse::<f64>().ok();
                parsed.and_then(Number::from_f64).map(Value::Number)
            }
            DeValue::Datetime(_) => None,
            DeValue::Array(elements) => {
                let mut values = Vec::new();
                for (index, element) in elements.iter().enumerate() {
                    let below = pointer.child(index.to_string());
                    self.tree.add(&below, None, element.span());
                    values.push(self.value(&below, element));
                }
                return Value::Array(values);
            }
            DeValue::Table(table) => return self.table(pointer, table),
        };
        scalar.unwrap_or_else(|| {
            let is_date_time = matches!(value.get_ref(), DeValue::Datetime(_));
            let defect = if is_date_time { Defect::TomlDateTime } else { Defect::NumberOutOfRange };
            self.findings.push(Finding::new(pointer.clone(), defect));
            Value::Null
        })
    }
}
