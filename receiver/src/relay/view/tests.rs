//! What templates see of a message.

use schemas::Sample;

use super::*;

fn json(view: &View) -> serde_json::Value {
    serde_json::to_value(view.context()).unwrap()
}

#[test]
fn the_client_secret_is_not_seen() {
    let body =
        br#"{"trigger":"stepCompleted","clientSecret":"5e9a","flow":{"flowIdentifier":"F"},"step":{"fields":[]}}"#;
    let view = View::of(body, Profile::v1(), &MessageMetadata::default()).unwrap();
    assert!(!format!("{view:?}{}", json(&view)).contains("5e9a"));
}

#[test]
fn a_message_of_another_form_is_read_through_its_profile() {
    let profile = Profile::parse(
        "name = \"mine\"\n[roles]\ntrigger = \"/Event\"\nflowIdentifier = \"/Id\"\nstepIdentifier = \"/Step\"\n\
         stepFields = \"/Data\"\n[triggers]\nstepCreated = 1\nstepCompleted = 2\n[fields]\nform = \"map\"\nkey = \"name\"\n",
    )
    .unwrap();
    let body = br#"{"Event":2,"Id":"FLOW-1","Step":"Form","Data":{"Credit limit":5,"Name":"Acme"}}"#;
    let seen = json(&View::of(body, &profile, &MessageMetadata::default()).unwrap());
    assert_eq!((&seen["trigger"], &seen["flow"]["id"]), (&"stepCompleted".into(), &"FLOW-1".into()));
    assert_eq!((&seen["fields"][0]["name"], &seen["fields"][0]["value"]), (&"Credit limit".into(), &5.into()));
}

#[test]
fn a_name_with_what_cannot_be_seen_is_another_name() {
    let body = "{\"trigger\":\"stepCompleted\",\"flow\":{\"flowIdentifier\":\"FLOW-1\",\"subject\":\"a\\u200bb\"},\
                \"flow\\u200b\":{\"flowIdentifier\":\"FLOW-2\"},\"step\":{\"stepIdentifier\":\"S\",\
                \"stepIdentifier\\u202e\":\"Other\",\"type\":\"appro\\u200bval\",\"decisions\":[{\"approver\":\"a\",\
                \"decision\":\"approved\\u200b\"}],\"fields\":[{\"name\":\"T\\u200b\",\"value\":2},\
                {\"name\":\"T\",\"value\":{\"a\\u200b\":1,\"a\":2}},{\"name\":\" Kind\\u200b\",\"value\":3}]}}";
    for body in [body.to_owned(), body.replace("\\u200b", "\u{200b}")] {
        let seen = json(&View::of(body.as_bytes(), Profile::v1(), &MessageMetadata::default()).unwrap());
        assert_eq!(seen["flow"]["id"], "FLOW-1");
        assert_eq!(seen["flow"]["subject"], "ab", "a text that people read is clean");
        assert_eq!((&seen["step"]["name"], &seen["step"]["kind"]), (&"S".into(), &"appro\\u{200b}val".into()));
        assert_eq!(seen["decision"], "approved\\u{200b}");
        assert_eq!(seen["values"]["T"], serde_json::json!({"a\\u{200b}": 1, "a": 2}));
        assert_eq!((&seen["values"]["T\\u{200b}"], &seen["values"]["Kind"]), (&2.into(), &3.into()));
    }
    let alone = "{\"flow\u{200b}\":{\"flowIdentifier\":\"FLOW-2\"},\"trigger\":\"stepCreated\u{feff}\",\
                 \"previousStep\":{\"stepIdentifier\":\"P\",\"fields\":[]}}";
    let seen = json(&View::of(alone.as_bytes(), Profile::v1(), &MessageMetadata::default()).unwrap());
    assert!(seen["flow"]["id"].is_null(), "the list has no flow either");
    assert_eq!(seen["trigger"], "stepCreated\\u{feff}");
    assert!(seen["data_step"]["name"].is_null(), "a trigger that is not known is not that of a created step");
}

#[test]
fn a_wrong_name_can_be_told_from_all_that_there_are() {
    fn names(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Array(elements) => elements.iter().for_each(|element| names(element, found)),
            serde_json::Value::Object(members) => {
                for (name, member) in members.iter().filter(|(name, _)| *name != "values") {
                    found.push(name.clone());
                    names(member, found);
                }
            }
            _ => {}
        }
    }
    let sample = Sample::find("step-created-after-approval").unwrap();
    let mut found = vec!["values".to_owned()];
    names(&json(&View::of(sample.body, Profile::v1(), &MessageMetadata::default()).unwrap()), &mut found);
    found.sort();
    found.dedup();
    assert_eq!(found.join(" "), CONTEXT_NAMES);
}
