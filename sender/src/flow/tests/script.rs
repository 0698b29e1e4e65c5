//! Scripts: what is read, and every problem with its line.

use super::*;
use crate::flow::{Run, Script};

fn customer() -> Model {
    let mut form = task("Form", &[]);
    form.fields = vec![
        field("Company", FieldType::Text, json!("Acme Ltd")),
        field("Limit", FieldType::Currency, json!(5)),
        field("Terms", FieldType::CheckBox, json!(null)),
        field("Since", FieldType::Date, json!(null)),
        field("Call", FieldType::Datetime, json!(null)),
        field("Mail", FieldType::Email, json!(null)),
        field("Plan", FieldType::FileUpload, json!(null)),
        list(
            "Type",
            FieldType::SelectList,
            &json!([{"key": "a", "value": "Retail"}, {"key": "b", "value": "Wholesale"}]),
        ),
        list("Days", FieldType::MultiSelectList, &json!(["Monday", "Tuesday"])),
    ];
    let two = ["kim@example.com", "lee@example.com"];
    model(vec![form, approval("Check", StepKind::SequentialApproval, &["Form"], &two, "Form"), task("End", &["Check"])])
}

fn value(toml: &str) -> Result<Value, String> {
    let text = format!("[[do]]\nstep = \"Form\"\naction = \"submit\"\n[do.fields]\n{toml}\n");
    let model = customer();
    match Script::parse(&text, &model) {
        Ok(script) => Ok(script.actions[0].action.fields[0].1.clone()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn values_are_written_as_toml_has_them_or_as_people_see_them() {
    let wholesale = json!({"key": "b", "value": "Wholesale", "isSelected": true});
    let days = |tuesday: bool| {
        json!([
            {"key": "1", "value": "Monday", "isSelected": false},
            {"key": "2", "value": "Tuesday", "isSelected": tuesday},
        ])
    };
    for (toml, expected) in [
        ("Company = \"Zoë's\"", json!("Zoë's")),
        ("Company = \"\"", json!("")),
        ("Limit = 35", json!(35)),
        ("Limit = 0x1F", json!(31)),
        ("Limit = -5_000.50", json!(-5000.5)),
        ("Limit = +1.5", json!(1.5)),
        ("Limit = \"5000.50\"", json!(5000.5)),
        ("Limit = \"\"", json!(null)),
        ("Terms = true", json!("true")),
        ("Terms = \"false\"", json!("false")),
        ("Since = 1990-07-19", json!("19/07/1990")),
        ("Since = \"19/07/1990\"", json!("19/07/1990")),
        ("Call = 2021-07-02 14:05:00", json!("02/07/2021 02:05:00 PM")),
        ("Call = 2021-07-02T00:00:59", json!("02/07/2021 12:00:59 AM")),
        ("Call = 2021-07-02T12:30:00", json!("02/07/2021 12:30:00 PM")),
        ("Mail = \"jo@example.com\"", json!("jo@example.com")),
        ("Type = \"Wholesale\"", wholesale),
        ("Type = \"\"", json!(null)),
        ("Days = [\"Tuesday\"]", days(true)),
        ("Days = \"Tuesday\"", days(true)),
        ("Days = []", days(false)),
        ("Days = \"\"", json!(null)),
    ] {
        let read = value(toml).unwrap();
        assert_eq!(read, expected, "{toml}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused_with_the_form_they_should_have() {
    for (toml, expected) in [
        ("Company = 5", "line 5: `Company`: a value of the type Text is a text; this is a number"),
        ("Limit = \"5,000\"", "at most 15 long; this is `5,000`"),
        ("Limit = inf", "at most 15 long; this is a number"),
        ("Limit = 12345678901234567", "at most 15 long; this is a number"),
        ("Terms = \"yes\"", "`Terms`: a value of the type CheckBox is true or false; this is `yes`"),
        ("Since = 1990-07-19T00:00:00", "is a day as dd/MM/yyyy, such as 19/07/1990; this is a date or time"),
        ("Call = 2021-07-02T14:05:00Z", "is a time as dd/MM/yyyy hh:mm:ss AM or PM"),
        ("Mail = \"jo\"", "is an e-mail address such as jo@example.com; this is `jo`"),
        ("Plan = \"x.pdf\"", "`Plan`: the encoding of the type FileUpload is not publicly known; leave the field out"),
        ("Type = \"Retial\"", "`Type`: `Retial` is not a choice; the choices are `Retail`, `Wholesale`"),
        ("Days = [\"Monday\", \"Sunday\"]", "`Sunday` is not a choice; the choices are `Monday`, `Tuesday`"),
        ("Days = [1]", "is the texts of the choices with | between them, such as Retail|Wholesale; this is an array"),
        ("Compny = \"x\"", "the form of `Form` has no field `Compny`; did you mean `Company`?"),
        ("xyz = \"x\"", "has no field `xyz`; its fields are `Company`, `Limit`, `Terms`"),
    ] {
        let error = value(toml).unwrap_err();
        assert!(error.contains(expected), "{toml}: {error}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once_by_line() {
    let text = r#"title = "mine"
[[do]]
step = "Frm"
action = "submit"
comment = "why"

[[do]]
step = "Check"
action = "aprove"
By = "kim@example.com"

[[do]]
action = "approve"
comment = 5

[[do]]
step = "End"
action = "submit"
[do.fields]
Colour = "red"
"#;
    let error = Script::parse(text, &customer()).unwrap_err();
    let expected = "\
line 1: `title` is not a key of a script; the keys are `do`
line 3: the model has no step `Frm`; did you mean `Form`?
line 5: only a decision has a comment; `submit` has none
line 9: `aprove` is not an action; did you mean `approve`?
line 10: `By` is not a key of a script; did you mean `by`?
line 12: this [[do]] has no `step`; write step = \"Form\"
line 14: `comment` is a text in quotes, and this is a number
line 20: `End` has no form, so it has no field `Colour`";
    assert_eq!(error.to_string(), expected);

    for (text, expected) in [
        ("", "line 1: the script does nothing: it needs at least one [[do]] with `step` and `action`"),
        ("\n[do]\nstep = \"Form\"", "line 2: write each action as [[do]], with two brackets"),
        ("do = [1]", "line 1: write each action as [[do]], with `step` and `action` below it"),
        (
            "[[do]]\nstep = \"Form\"\naction = \"submit\"\nfields = 1",
            "line 4: write the fields below [do.fields], as \"Name\" = value",
        ),
    ] {
        assert_eq!(Script::parse(text, &customer()).unwrap_err().to_string(), expected);
    }
    let error = Script::parse("[[do]]\nstep = \"Form\naction = 1\n", &customer()).unwrap_err();
    assert_eq!(error.0[0].line, 2, "{error}");
}

#[test]
fn a_script_is_played_until_something_is_not_possible() {
    let text = r#"
[[do]]
step = "Form"
action = "submit"
by = "sam@example.com"
fields = { Limit = 7.5 }

[[do]]
step = "Check"
action = "rejectAndSendBack"
comment = "Too high."

[[do]]
step = "Check"
action = "approve"
"#;
    let model = customer();
    let script = Script::parse(text, &model).unwrap();
    let mut run = Run::new(start(&model), START);
    let stuck = script.run(&mut run).unwrap_err();
    assert_eq!(stuck.to_string(), "line 13: `Check` is not open; only `Form` is");
    assert_eq!(table(&run.flow), "Form Completed, Check Completed, Form Open");
    let names: Vec<_> = run.messages.iter().map(|fired| (fired.step_run, fired.webhook.name.as_str())).collect();
    assert_eq!(
        names,
        [(0, "Form stepCompleted"), (1, "Check stepCreated"), (1, "Check stepCompleted"), (2, "Form stepCreated")]
    );
    let form = &run.messages[0].message.step;
    assert_eq!(form.completed_by.as_deref(), Some("sam@example.com"));
    assert_eq!(form.completed_at.as_deref(), Some("1970-01-01T00:15:00Z"));
    assert_eq!(run.messages[3].message.step.created_at.as_deref(), Some("1970-01-01T00:30:00Z"));
}
