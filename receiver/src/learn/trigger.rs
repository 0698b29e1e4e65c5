//! The trigger's place, and the meaning of its words.

use std::collections::BTreeMap;

use schemas::{Pointer, Role, Trigger};
use serde_json::Value;

use super::{
    finding::{Candidate, RoleFinding, best},
    steps::Steps,
    survey::{MessageSurvey, Place},
    words,
};

/// Names of numbers that count or identify something.
const COUNTER_WORDS: &[&str] = &[
    "attempt",
    "count",
    "duration",
    "id",
    "identifier",
    "index",
    "no",
    "number",
    "order",
    "position",
    "revision",
    "sequence",
    "size",
    "time",
    "timestamp",
    "total",
    "version",
];
/// With one of these words in its name, a number named id or version is a kind, as in `typeId`.
const KIND_WORDS: &[&str] = &["action", "event", "kind", "reason", "state", "status", "trigger", "type"];
/// Limits from which a number is less likely to be a trigger, and the points that each subtracts.
const LARGE_NUMBERS: [(f64, i32); 2] = [(1000.0, -1), (100_000.0, -2)];

/// Maximum length of a trigger's word, in bytes; longer ones are texts.
const LONGEST_WORD: usize = 60;

/// The trigger's place and words.
pub(super) struct FoundTrigger {
    pub(super) finding: RoleFinding,
    pub(super) words: BTreeMap<Trigger, Value>,
    /// The trigger whose word no message shows.
    pub(super) guessed: Option<Trigger>,
}

/// `taken` are the places of other roles.
pub(super) fn find(survey: &MessageSurvey<'_>, steps: &Steps, taken: &[Pointer]) -> Option<FoundTrigger> {
    let created: Vec<bool> = survey.messages.iter().map(|message| steps.has_previous(message)).collect();
    let root = Pointer::default();
    let step = steps.identifier.as_ref().and_then(|finding| finding.pointer.parent()).filter(|step| *step != root);
    let step = step.as_ref();
    let candidates = survey.places.iter().filter_map(|place| {
        let is_free = !taken.contains(&place.pointer) && !steps.is_in_fields(&place.pointer);
        if !is_free || !place.is_in_every_message() || !place.present().all(is_word) {
            return None;
        }
        let mut candidate = Candidate::at(&place.pointer);
        candidate.add(words::any(place.path_words(), &["trigger"]), 4, format!("{} mentions trigger", place.pointer));
        let event = place.mentions(&["event"]) && !place.mentions(&["trigger"]);
        candidate.add(event, 3, format!("{} mentions event", place.pointer));
        candidate.shift(place.mentions(&["action", "reason", "type"]), 1);
        let meanings: Vec<Option<Trigger>> = place.present().map(meaning).collect();
        let has_meanings = meanings.iter().all(Option::is_some);
        candidate.add(has_meanings, 4, listed(place));
        candidate.shift(place.is_in_an_array(), -4);
        candidate.shift(place.mentions(words::PREVIOUS), -4);
        let is_flag = place.present().all(|value| value.is_boolean() || value.is_number());
        let mut is_flag_of_trigger = false;
        match agreement(place, &created) {
            Agreement::Distinguishes => {
                candidate.add(true, 3, "it differs with the presence of a previous step");
                is_flag_of_trigger = is_flag;
                candidate.shift(is_flag, 2);
            }
            Agreement::Contradicts => candidate.shift(true, -5),
            Agreement::Unknown => {}
        }
        // A number that counts differs from message to message, whatever happened.
        let counts = words::any(place.own(), COUNTER_WORDS) && !words::any(place.own(), KIND_WORDS);
        candidate.shift(counts && place.present().all(Value::is_number), -4);
        for (large, shift) in LARGE_NUMBERS {
            let is_large = |value: &Value| value.as_f64().is_some_and(|number| number.abs() >= large);
            candidate.shift(is_flag && place.present().any(is_large), shift);
        }
        candidate.shift(is_flag && step.is_some_and(|step| step.contains(&place.pointer)), -2);
        // A text that only differs between two messages may be anything: a name, a time.
        let hinted = is_flag_of_trigger || has_meanings || event || place.mentions(&["trigger"]);
        hinted.then_some(candidate)
    });
    let mut finding = best(Role::Trigger, candidates, 4)?;
    let place = survey.at(&finding.pointer)?;
    let (words, guessed) = words_of(place, &created)?;
    if let Some(guessed) = guessed {
        finding.evidence.push_str(&format!("; the word for {} is guessed, no message shows it", guessed.as_str()));
        finding.confidence = finding.confidence.min(super::Confidence::Medium);
    }
    Some(FoundTrigger { finding, words, guessed })
}

fn is_word(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty() && text.len() <= LONGEST_WORD,
        Value::Bool(_) | Value::Number(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// The trigger that a word means by itself.
fn meaning(value: &Value) -> Option<Trigger> {
    let own = words::split(value.as_str()?);
    match (words::any(&own, words::CREATED), words::any(&own, words::COMPLETED)) {
        (true, false) => Some(Trigger::StepCreated),
        (false, true) => Some(Trigger::StepCompleted),
        _ => None,
    }
}

fn listed(place: &Place<'_>) -> String {
    let mut values: Vec<String> = place.present().map(Value::to_string).collect();
    values.sort_unstable();
    values.dedup();
    format!("{} {}", values.join(", "), if values.len() == 1 { "is a trigger" } else { "are triggers" })
}

enum Agreement {
    /// One word where there is a previous step, another where there is none.
    Distinguishes,
    /// The same word in both cases, or two words in one.
    Contradicts,
    /// Not both cases were captured.
    Unknown,
}

fn agreement(place: &Place<'_>, created: &[bool]) -> Agreement {
    let words = |which: bool| {
        let mut words: Vec<&Value> = Vec::new();
        for (_, value) in place.values.iter().filter(|(message, _)| created[*message] == which) {
            if !words.contains(value) {
                words.push(value);
            }
            // Two are too many already.
            if words.len() > 1 {
                break;
            }
        }
        words
    };
    match (words(true).as_slice(), words(false).as_slice()) {
        ([], _) | (_, []) => Agreement::Unknown,
        ([created], [completed]) if created != completed => Agreement::Distinguishes,
        _ => Agreement::Contradicts,
    }
}

fn words_of(place: &Place<'_>, created: &[bool]) -> Option<(BTreeMap<Trigger, Value>, Option<Trigger>)> {
    let mut found = BTreeMap::new();
    let by_itself = place.present().all(|value| meaning(value).is_some());
    for (message, value) in &place.values {
        let by_step = if created[*message] { Trigger::StepCreated } else { Trigger::StepCompleted };
        let trigger = if by_itself { meaning(value)? } else { by_step };
        found.entry(trigger).or_insert_with(|| (*value).clone());
    }
    let missing = Trigger::ALL.into_iter().find(|trigger| !found.contains_key(trigger));
    if let Some(missing) = missing {
        let other = match found.values().next()? {
            Value::Bool(seen) => Value::from(!seen),
            seen => Value::from(other_word(seen.as_str()?)?),
        };
        found.insert(missing, other);
    }
    let differ = found.get(&Trigger::StepCreated) != found.get(&Trigger::StepCompleted);
    differ.then_some((found, missing))
}

/// The likely word for the other trigger.
fn other_word(seen: &str) -> Option<String> {
    const WORD_PAIRS: [(&str, &str); 6] = [
        ("completed", "created"),
        ("complete", "create"),
        ("completion", "creation"),
        ("submitted", "created"),
        ("finished", "created"),
        ("ended", "started"),
    ];
    let both_ways = WORD_PAIRS.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]);
    for (from, to) in both_ways {
        let casings = [
            (from.to_owned(), to.to_owned()),
            (from.to_uppercase(), to.to_uppercase()),
            (words::capitalize(from), words::capitalize(to)),
        ];
        for (from, to) in casings {
            if seen.contains(&from) {
                return Some(seen.replacen(&from, &to, 1));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_word_keeps_the_casing() {
        for (seen, other) in [
            ("stepCompleted", Some("stepCreated")),
            ("STEP_CREATED", Some("STEP_COMPLETED")),
            ("step.completed", Some("step.created")),
            ("When step is complete", Some("When step is create")),
            ("FormSubmitted", Some("FormCreated")),
            ("x", None),
        ] {
            assert_eq!(other_word(seen).as_deref(), other, "{seen}");
        }
    }
}
