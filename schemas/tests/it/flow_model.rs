//! The schema of flow models: it says nothing of the contract a second time, and holds references instead of secrets.

use schemas::Schema;
use serde_json::{Value, json};

fn source(schema: Schema) -> Value {
    serde_json::from_str(schema.text()).unwrap()
}

#[test]
fn a_field_of_a_model_keeps_every_rule_of_a_field() {
    let rules = source(Schema::Field)["allOf"].as_array().unwrap().len();
    let expected: Vec<Value> =
        (0..rules).map(|rule| json!({"$ref": format!("field.schema.json#/allOf/{rule}")})).collect();
    assert_eq!(source(Schema::FlowModel)["$defs"]["field"]["allOf"], Value::from(expected));
}

#[test]
fn a_webhook_of_a_model_has_the_properties_of_a_webhook() {
    let names = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let (model, webhook) = (source(Schema::FlowModel), source(Schema::Webhook));
    assert_eq!(names(&model["$defs"]["webhook"]), names(&webhook));
    for kind in webhook["properties"]["authentication"]["oneOf"].as_array().unwrap() {
        let word = &kind["properties"]["type"]["const"];
        let authentication = &model["$defs"]["authentication"];
        assert!(authentication["properties"]["type"]["enum"].as_array().unwrap().contains(word), "{word}");
        for name in names(kind) {
            assert!(names(authentication).contains(&name), "{name}");
        }
    }
}

#[test]
fn what_is_wrong_is_found_at_its_place() {
    let good = source(Schema::FlowModel)["examples"][0].clone();
    assert_eq!(Schema::FlowModel.violations(&good), []);
    for (pointer, value, expected) in [
        ("/name", json!(""), "/name"),
        ("/step", json!([]), "/step"),
        ("/colour", json!(1), "/colour"),
        ("/step/0/type", json!("form"), "/step/0/type"),
        ("/step/0/sendBackTo", json!("x"), "/step/0/sendBackTo"),
        ("/step/0/access", json!("public"), "/step/0/access"),
        ("/step/0/type", json!("publicForm"), "/step/0/access"),
        ("/step/1/actors", json!([]), "/step/1/actors"),
        ("/step/0/field/0/value", json!(7), "/step/0/field/0/value"),
        ("/step/0/field/0/identifier", json!("7"), "/step/0/field/0/identifier"),
        ("/step/0/webhook/0/endpoint", json!("x"), "/step/0/webhook/0/endpoint"),
        (
            "/step/0/webhook/0/authentication/clientSecret",
            json!("correct horse battery staple"),
            "/step/0/webhook/0/authentication/clientSecret",
        ),
        ("/step/0/webhook/0/authentication/type", json!("basic"), "/step/0/webhook/0/authentication/username"),
        ("/step/0/webhook/0/authentication/username", json!("jo"), "/step/0/webhook/0/authentication"),
    ] {
        let mut model = good.clone();
        pointer.parse::<schemas::Pointer>().unwrap().set(&mut model, value);
        let violations = Schema::FlowModel.violations(&model);
        assert!(violations.iter().any(|violation| violation.pointer == expected), "{pointer}: {violations:?}");
        assert!(violations.iter().all(|violation| !violation.message.contains("horse")), "{violations:?}");
    }
}
