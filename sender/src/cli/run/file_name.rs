//! The file name of a message: flow, place in the flow, trigger, step and webhook. Names sort in the order of sending.

use schemas::StepMessage;

/// Maximum number of characters of each name in it.
const PART_MAX: usize = 40;

/// The name for message `number` of the `of` messages of its flow. The number of the flow is padded to `digits` digits.
pub(super) fn file_name(message: &StepMessage, digits: usize, number: usize, of: usize) -> String {
    let webhook = message.webhook.as_ref().map(|webhook| plain(&webhook.name)).unwrap_or_default();
    let width = of.to_string().len().max(3);
    let parts = [
        numbered(&message.flow.flow_identifier, digits),
        format!("{number:0>width$}"),
        message.trigger.as_str().to_owned(),
        plain(&message.step.step_identifier),
        webhook,
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}.json", parts.join("-"))
}

/// `FLOW-7` as `FLOW-07` where there are up to 99 of them.
fn numbered(identifier: &str, digits: usize) -> String {
    let safe = safe(identifier);
    match safe.rsplit_once('-') {
        Some((name, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{name}-{number:0>digits$}")
        }
        _ => safe,
    }
}

fn plain(name: &str) -> String {
    safe(&name.to_lowercase())
}

/// Letters and digits of ASCII, and a single `-` for whatever stands between them.
fn safe(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut safe = words.collect::<Vec<_>>().join("-");
    safe.truncate(PART_MAX);
    safe.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_short() {
        for (name, expected) in [
            ("New Customer (Debtor) Form", "new-customer-debtor-form"),
            ("../../etc/passwd", "etc-passwd"),
            ("Überprüfung", "berpr-fung"),
            ("💧", ""),
            ("a\u{0}b\nc", "a-b-c"),
            (
                "A very long name of a step that nobody would read to its end",
                "a-very-long-name-of-a-step-that-nobody-w",
            ),
        ] {
            assert_eq!(plain(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_name_tells_what_the_message_tells() {
        let mut message = crate::Draft::default().message(jiff::Timestamp::UNIX_EPOCH);
        let name = |message: &StepMessage, number, of| file_name(message, 2, number, of);
        let tail = "stepCompleted-new-customer-debtor-form-send-customer-data.json";
        assert_eq!(name(&message, 7, 20), format!("FLOW-604-007-{tail}"));
        assert_eq!(name(&message, 7, 1000), format!("FLOW-604-0007-{tail}"));
        message.step.step_identifier = "顧客".to_owned();
        message.flow.flow_identifier = "FLOW-4".to_owned();
        assert_eq!(name(&message, 1000, 1000), "FLOW-04-1000-stepCompleted-send-customer-data.json");
    }

    #[test]
    fn numbers_sort() {
        for (identifier, digits, expected) in [
            ("FLOW-7", 1, "FLOW-7"),
            ("FLOW-7", 2, "FLOW-07"),
            ("FLOW-12345", 2, "FLOW-12345"),
            ("FLOW-", 2, "FLOW"),
            ("7", 2, "7"),
            ("my/flow", 1, "my-flow"),
        ] {
            assert_eq!(numbered(identifier, digits), expected, "{identifier}");
        }
    }
}
