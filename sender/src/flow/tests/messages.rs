//! What messages say, by the rules of `CONTRACT.md`.

use schemas::Schema;

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The messages of one action, as JSON, held to the contract.
fn messages(flow: &mut RunningFlow<'_>, action: &Action, now: &str) -> Vec<Value> {
    let events = flow.act(action, time(now)).unwrap();
    let fired = events.iter().flat_map(|event| event.messages(&flow.flow));
    let messages: Vec<Value> = fired.map(|fired| serde_json::to_value(fired.message).unwrap()).collect();
    for message in &messages {
        assert_eq!(Schema::StepMessage.violations(message), [], "{message}");
    }
    messages
}

fn customer() -> Model {
    let mut form = step("Enquiry", StepKind::PublicForm, &[]);
    form.fields =
        vec![field("Company", FieldType::Text, json!("Acme Ltd")), field("Limit", FieldType::Number, json!(5))];
    let mut check = approval("Check", StepKind::Approval, &["Enquiry"], &["kim@example.com"], "Enquiry");
    check.fields = vec![field("Rating", FieldType::Text, json!("A"))];
    model(vec![form, check, task("End", &["Check"])])
}

#[test]
fn a_submission_makes_these_two() {
    let model = customer();
    let mut flow = RunningFlow::start(&model, RunningFlow::describe(&model, "FLOW-7"), time("2026-01-05T09:00:00Z"));
    let fill = Action { fields: vec![("Limit".to_owned(), json!(7.5))], ..submit("Enquiry") };
    let about =
        json!({"flowIdentifier": "FLOW-7", "name": "A flow", "subject": "Acme Ltd", "initiator": "jo@example.com"});
    let enquiry = json!({
        "stepIdentifier": "Enquiry", "type": "publicForm", "access": "intranet",
        "createdAt": "2026-01-05T09:00:00Z", "completedAt": "2026-01-05T09:15:00.25Z", "completedBy": null,
        "fields": [
            {"name": "Company", "type": "Text", "order": null, "identifier": null, "value": "Acme Ltd", "options": null},
            {"name": "Limit", "type": "Number", "order": null, "identifier": null, "value": 7.5, "options": null},
        ],
    });
    let check = json!({
        "stepIdentifier": "Check", "type": "approval",
        "createdAt": "2026-01-05T09:15:00.25Z", "completedAt": null, "completedBy": null,
        "fields": [{"name": "Rating", "type": "Text", "order": null, "identifier": null, "value": null, "options": null}],
    });
    let webhook = |name: &str| json!({"name": name, "description": null});
    assert_eq!(
        messages(&mut flow, &fill, "2026-01-05T09:15:00.25Z"),
        [
            json!({"webhook": webhook("Enquiry stepCompleted"), "trigger": "stepCompleted", "flow": about, "step": enquiry, "previousStep": null}),
            json!({"webhook": webhook("Check stepCreated"), "trigger": "stepCreated", "flow": about, "step": check, "previousStep": enquiry}),
        ]
    );
}

#[test]
fn a_step_sent_back_comes_after_its_rejection_and_keeps_what_was_filled_in() {
    let model = customer();
    let mut flow = RunningFlow::start(&model, RunningFlow::describe(&model, "FLOW-7"), time("2026-01-05T09:00:00Z"));
    let fill = Action { fields: vec![("Limit".to_owned(), json!(7.5))], ..submit("Enquiry") };
    messages(&mut flow, &fill, "2026-01-05T09:15:00Z");
    let back = messages(&mut flow, &decide("Check", Verdict::RejectedAndSentBack, ""), "2026-01-05T09:30:00Z");
    let [rejection, again] = back.as_slice() else { panic!("{back:?}") };
    assert_eq!(rejection["step"]["stepIdentifier"], "Check");
    assert_eq!(
        rejection["step"]["decisions"],
        json!([{"approver": "kim@example.com", "decision": "rejectedAndSentBack", "comment": "Too high.", "at": "2026-01-05T09:30:00Z"}])
    );
    assert_eq!(rejection["step"]["fields"][0]["value"], "A");
    assert_eq!(again["step"]["stepIdentifier"], "Enquiry");
    assert_eq!(again["step"]["fields"][1]["value"], json!(null));
    assert_eq!(again["previousStep"], rejection["step"]);

    let second = messages(&mut flow, &submit("Enquiry"), "2026-01-05T09:45:00Z");
    assert_eq!(second[0]["step"]["fields"][1]["value"], json!(7.5));
    assert_eq!(second[0]["step"]["createdAt"], "2026-01-05T09:30:00Z");

    messages(&mut flow, &decide("Check", Verdict::RejectedAndSentBack, ""), "2026-01-05T10:00:00Z");
    let lower = Action { fields: vec![("Limit".to_owned(), json!(3))], ..submit("Enquiry") };
    messages(&mut flow, &lower, "2026-01-05T10:15:00Z");
    messages(&mut flow, &decide("Check", Verdict::RejectedAndSentBack, ""), "2026-01-05T10:30:00Z");
    let fourth = messages(&mut flow, &submit("Enquiry"), "2026-01-05T10:45:00Z");
    assert_eq!(fourth[0]["step"]["fields"][1]["value"], json!(3), "as the last time");
}

#[test]
fn only_enabled_webhooks_of_the_trigger_fire_in_the_order_of_the_model() {
    let mut model = customer();
    let mut second = model.steps[0].webhooks[1].clone();
    second.name = "Second".to_owned();
    second.description = Some("And again".to_owned());
    model.steps[0].webhooks.insert(0, second);
    model.steps[1].webhooks[0].enabled = false;
    let mut flow = start(&model);
    let names: Vec<Value> = messages(&mut flow, &submit("Enquiry"), "2026-01-05T09:15:00Z")
        .into_iter()
        .map(|mut m| m["webhook"].take())
        .collect();
    assert_eq!(
        names,
        [
            json!({"name": "Second", "description": "And again"}),
            json!({"name": "Enquiry stepCompleted", "description": null})
        ]
    );
}
