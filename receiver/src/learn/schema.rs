//! A JSON Schema of the messages: names, types and titles, never values.

use console::format::plural;
use schemas::{Pointer, Profile, Role, profile::FieldForm, profile::FieldKey, profile::Part};
use serde_json::{Map, Value, json};

use super::words;

/// A schema that all these messages match. It names the roles of their profile.
pub fn envelope(messages: &[Value], profile: &Profile) -> Value {
    let objects: Vec<&Value> = messages.iter().filter(|message| message.is_object()).collect();
    let mut schema = SchemaBuilder { profile }.schema(&Pointer::default(), &objects);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Captured message",
        "description": format!(
            "Made by `webhook-receiver learn` from {}. It describes what they have in common; what none of them has is \
             missing.",
            plural(objects.len() as u64, "captured message")
        ),
    });
    let (Value::Object(mut head), Value::Object(schema)) = (head, schema.take()) else { return Value::Null };
    head.extend(schema.into_iter().filter(|(keyword, _)| keyword != "title"));
    Value::Object(head)
}

struct SchemaBuilder<'p> {
    profile: &'p Profile,
}

impl SchemaBuilder<'_> {
    /// The schema of a place's values in the messages that have it.
    fn schema(&self, place: &Pointer, values: &[&Value]) -> Value {
        let mut schema = Map::new();
        if let Some(name) = place.tokens().last() {
            schema.insert("title".to_owned(), title(name).into());
        }
        let role = self.profile.carried().find(|role| self.profile.pointer(*role) == Some(place));
        if let Some(role) = role {
            schema.insert("description".to_owned(), format!("The role {role} of the profile.").into());
        }
        let types = types(values);
        // The type of a value that was always null is unknown.
        if types != ["null"] && !types.is_empty() {
            let types = if let [only] = types[..] { only.into() } else { Value::from(types) };
            schema.insert("type".to_owned(), types);
        }
        match role {
            Some(Role::Step(_, Part::Fields)) => self.fields(values, &mut schema),
            _ => self.inside(place, values, &mut schema),
        }
        Value::Object(schema)
    }

    fn inside(&self, place: &Pointer, values: &[&Value], schema: &mut Map<String, Value>) {
        let objects: Vec<&Map<String, Value>> = values.iter().filter_map(|value| value.as_object()).collect();
        if !objects.is_empty() {
            let (mut properties, mut required) = (Map::new(), Vec::new());
            for name in objects.iter().flat_map(|object| object.keys()) {
                if properties.contains_key(name) {
                    continue;
                }
                let found: Vec<&Value> = objects.iter().filter_map(|object| object.get(name)).collect();
                properties.insert(name.clone(), self.schema(&place.child(name.as_str()), &found));
                if found.len() == objects.len() {
                    required.push(name.as_str());
                }
            }
            schema.insert("properties".to_owned(), properties.into());
            schema.insert("required".to_owned(), required.into());
        }
        let elements: Vec<&Value> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
        if !elements.is_empty() {
            let mut items = self.schema(&place.child("0"), &elements);
            if let Value::Object(items) = &mut items {
                items.remove("title");
            }
            schema.insert("items".to_owned(), items);
        }
    }

    /// Other steps have fields with other names and values, so only what holds for all of them is in the schema.
    fn fields(&self, values: &[&Value], schema: &mut Map<String, Value>) {
        let FieldForm::Array { keys } = self.profile.field_form() else { return };
        let fields: Vec<&Value> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
        let mut properties = Map::new();
        for (key, name) in keys {
            let found: Vec<&Value> = fields.iter().filter_map(|field| field.get(name)).collect();
            let mut property = Map::from_iter([("title".to_owned(), Value::from(title(name)))]);
            let types = types(&found);
            if !matches!(key, FieldKey::Value | FieldKey::Options) && types.len() == 1 && types[0] != "null" {
                property.insert("type".to_owned(), types[0].into());
            }
            properties.insert(name.clone(), property.into());
        }
        let needed = [FieldKey::Name, FieldKey::Value].map(|key| &keys[&key]);
        schema.insert("items".to_owned(), json!({ "type": "object", "properties": properties, "required": needed }));
    }
}

/// The types of the values, in order of appearance.
fn types(values: &[&Value]) -> Vec<&'static str> {
    let mut types = Vec::new();
    for value in values {
        let name = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !types.contains(&name) {
            types.push(name);
        }
    }
    types
}

/// `FlowIdentifier` becomes `Flow identifier`.
fn title(name: &str) -> String {
    let text = words::split(name).join(" ");
    if text.is_empty() { name.to_owned() } else { words::capitalize(&text) }
}
