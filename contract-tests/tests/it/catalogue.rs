//! The catalogue is whole: of its form, unique, every clause with a case or a reason, every sample known.

use std::collections::{BTreeMap, HashSet};

use contract_tests::{
    Case,
    case::{Action, AuthenticationKind},
};
use schemas::{CaseFile, Clause, Level, Sample};
use serde_json::Value;

#[test]
fn every_file_is_of_the_form_of_its_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../../schemas/json/case.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for file in CaseFile::all() {
        let cases: Value = serde_json::from_str(file.text).unwrap();
        for case in cases.as_array().unwrap() {
            let errors: Vec<String> =
                validator.iter_errors(case).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{} in {}: {errors:#?}", case["id"], file.area);
        }
        let typed: Vec<Case> = serde_json::from_str(file.text).unwrap();
        assert_eq!(typed.len(), cases.as_array().unwrap().len());
    }
}

#[test]
fn the_schema_refuses_what_is_misspelt() {
    let schema: Value = serde_json::from_str(include_str!("../../../schemas/json/case.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let case: Value = serde_json::from_str(CaseFile::all().next().unwrap().text).unwrap();
    let case = &case[0];
    assert!(validator.is_valid(case));
    for (name, value) in
        [("saef", Value::from(true)), ("clause", "HTTP".into()), ("id", "x".into()), ("mend", "".into())]
    {
        let mut broken = case.clone();
        broken[name] = value;
        assert!(!validator.is_valid(&broken), "{name}");
    }
}

#[test]
fn numbers_are_unique_and_clauses_exist() {
    let mut numbers = HashSet::new();
    for case in Case::all() {
        assert!(numbers.insert(&case.id), "{} is there twice", case.id);
        assert!(Clause::find(&case.clause).is_some(), "{}: {}", case.id, case.clause);
    }
    assert!(numbers.len() >= 90);
}

#[test]
fn every_clause_has_a_case_or_a_reason_why_not() {
    let untested: BTreeMap<String, String> = serde_json::from_str(schemas::case_file::UNTESTED_CLAUSES).unwrap();
    for clause in Clause::all() {
        let has_case = Case::all().iter().any(|case| case.clause == clause.id);
        let reason = untested.get(clause.id);
        assert_eq!(has_case, reason.is_none(), "{}", clause.id);
        assert!(reason.is_none_or(|reason| reason.ends_with('.')), "{}", clause.id);
    }
    for clause in untested.keys() {
        assert!(Clause::find(clause).is_some(), "{clause}");
    }
}

#[test]
fn every_must_says_what_would_be_lost_accepted_wrongly_or_leaked() {
    let mut said = HashSet::new();
    for case in Case::all() {
        let clause = Clause::find(&case.clause).unwrap();
        let is_must = clause.level == Level::Must;
        assert!(is_must || case.why.is_none(), "{} is not a MUST, so its clause has the reason", case.id);
        let why = case.why.as_deref().or(clause.why);
        assert!(!is_must || why.is_some_and(|why| why.ends_with('.')), "{}: {why:?}", case.id);
        // A reason that holds for the whole clause belongs there.
        let of_clause = || Case::all().iter().filter(|other| other.clause == case.clause);
        assert!(
            case.why.is_none() || of_clause().count() == 1 || of_clause().any(|other| other.why != case.why),
            "{}",
            case.id
        );
        said.insert(why);
    }
    assert!(said.len() > 60);
}

#[test]
fn each_kind_has_one_plain_message_and_every_sample_is_known() {
    for kind in [AuthenticationKind::None, AuthenticationKind::ClientSecret, AuthenticationKind::Basic] {
        let plain = Case::all().iter().filter(|case| case.plain && case.runs_with(kind));
        assert_eq!(plain.count(), 1, "{kind:?}");
    }
    for case in Case::all() {
        let Action::Send(exchange) = &case.action else { continue };
        for form in exchange.after.iter().chain([&exchange.request]).chain(&exchange.unless_accepted) {
            let known = form.sample.as_ref().is_none_or(|name| Sample::valid().any(|sample| sample.name == name));
            assert!(known, "{}", case.id);
        }
    }
}
