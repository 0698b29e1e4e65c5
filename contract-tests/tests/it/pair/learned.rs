//! A profile that was learnt makes the whole kit speak the wire it was learnt from.

use std::{fs, path::Path};

use delivery::Outcome;
use receiver::learn;
use schemas::{Authentication, Profile, Role, Sample};
use sender::WireMessage;
use serde_json::Value;

use crate::pair::{
    PART_OF_SECRET, SECRET, client, client_secret, contains, json, message, running::Running, without_secret,
};

const SAMPLES: [&str; 3] =
    ["step-completed-customer-set-up", "step-created-after-approval", "step-completed-all-field-types"];

/// A message format, captured messages, and the profile learnt from them.
struct CapturedFormat {
    name: String,
    messages: Vec<Value>,
    profile: Profile,
    text: String,
}

/// The envelopes that the receiver's own tests learn from.
fn wires() -> Vec<CapturedFormat> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../receiver/tests/it/envelopes");
    let mut wires = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        let expected: toml::Table = fs::read_to_string(folder.join("expected.toml")).unwrap().parse().unwrap();
        if expected["exit"].as_integer() != Some(0) {
            continue;
        }
        let steps: Vec<String> =
            expected["step"].as_array().unwrap().iter().map(|step| step.as_str().unwrap().to_owned()).collect();
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "json"));
        let messages: Vec<Value> = files.map(|file| json(&fs::read(file).unwrap())).collect();
        let (profile, text) = learn::learn(&messages, &steps).profile.unwrap();
        wires.push(CapturedFormat {
            name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
            messages,
            profile,
            text,
        });
    }
    assert!(wires.len() >= 6, "{}", wires.len());
    wires
}

fn authentication(profile: &Profile) -> Authentication {
    if profile.pointer(Role::ClientSecret).is_some() { client_secret(SECRET) } else { Authentication::None }
}

#[tokio::test(flavor = "multi_thread")]
async fn sender_and_receiver_speak_the_wire_that_was_learnt() {
    let wires = wires();
    let (mut config, mut files) = (String::from("listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\n"), Vec::new());
    for CapturedFormat { name, profile, text, .. } in &wires {
        let authentication = match authentication(profile) {
            Authentication::None => "{ type = \"none\" }",
            _ => "{ type = \"client-secret\", secret = \"file:secret\" }",
        };
        config.push_str(&format!(
            "[[endpoint]]\npath = \"/{name}\"\nprofile = \"{name}.toml\"\nauthentication = {authentication}\nnonconforming = \"reject\"\n"
        ));
        files.push((format!("{name}.toml"), text.clone()));
    }
    let (running, client) = (Running::start_with(&config, &files).await, client());
    let mut expected = Vec::new();
    for CapturedFormat { name, messages, profile, .. } in &wires {
        let authentication = authentication(profile);
        for sample in SAMPLES.map(|name| Sample::find(name).unwrap()) {
            let what = format!("{} to {name}", sample.name);
            let message = message(&sample);
            let composed = WireMessage::from_message(&without_secret(&sample), &authentication, profile).unwrap();
            let outcome = running.deliver(&client, &format!("/{name}"), &composed).await;
            assert!(matches!(&outcome, Outcome::Accepted(answer) if answer.status == 200), "{what}: {outcome:?}");
            expected.push((what, message.trigger, message.flow.flow_identifier, message.step.step_identifier));
        }
        // What was captured is accepted as well, with the secret in the marker's place, and refused with another.
        for captured in messages {
            let body = captured.to_string();
            let composed = WireMessage::from_body(body.as_bytes(), &authentication, profile).unwrap();
            let outcome = running.deliver(&client, &format!("/{name}"), &composed).await;
            assert!(matches!(&outcome, Outcome::Accepted(answer) if answer.status == 200), "{name}: {outcome:?}");
            let message = profile.read(captured).unwrap();
            let (flow, step) = (message.flow.flow_identifier, message.step.step_identifier);
            expected.push((name.clone(), message.trigger, flow, step));
            if profile.pointer(Role::ClientSecret).is_some() {
                let composed = WireMessage::from_bytes(body.into(), None);
                let outcome = running.deliver(&client, &format!("/{name}"), &composed).await;
                assert!(matches!(&outcome, Outcome::Declined(answer) if answer.status == 403), "{name}: {outcome:?}");
            }
        }
    }
    let left = running.stop().await;
    assert_eq!(left.records.len(), expected.len());
    for (record, (what, trigger, flow, step)) in left.records.iter().zip(expected) {
        assert_eq!(record.header.trigger, Some(trigger), "{what}");
        assert_eq!(record.header.flow.as_ref(), Some(&flow), "{what}");
        assert_eq!(record.header.step.as_ref(), Some(&step), "{what}");
    }
    assert!(!left.files.iter().any(|file| contains(file, PART_OF_SECRET)));
}
