//! Numbers as templates and filters see them: integers or doubles in calculations, printed with their original digits.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use minijinja::value::{Value, ValueKind};

thread_local! {
    /// The numbers of the message that is rendered on this thread: the one whose context was made last.
    static SHOWN_NUMBERS: RefCell<Numbers> = RefCell::default();
}

/// The original digits of doubles that would be printed differently, by the bits of the double.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers(Arc<HashMap<u64, String>>);

impl Numbers {
    /// Records a number of the message. Of several with the same double, the first one's digits are printed.
    pub(super) fn note(&mut self, digits: &str) {
        if let Ok(double) = digits.parse::<f64>() {
            let known = Arc::make_mut(&mut self.0);
            known.entry(double.to_bits()).or_insert_with(|| digits.to_owned());
        }
    }

    /// Prints this message's numbers from now on.
    pub(super) fn show(&self) {
        SHOWN_NUMBERS.with(|shown| shown.replace(self.clone()));
    }
}

/// A number for calculations. Integers are exact up to 38 digits.
pub(super) fn value(digits: &str) -> Value {
    if let Ok(integer) = digits.parse::<i64>()
        && digits != "-0"
    {
        return integer.into();
    }
    match (digits.parse::<i128>(), digits.parse::<f64>()) {
        (Ok(integer), _) if digits != "-0" => integer.into(),
        (_, Ok(double)) => double.into(),
        (_, Err(_)) => digits.into(),
    }
}

/// A number's digits, from the message or a calculation; `None` if the value is not a number.
pub(crate) fn text(value: &Value) -> Option<String> {
    if value.kind() != ValueKind::Number {
        return None;
    }
    let known = (!value.is_integer()).then(|| f64::try_from(value.clone()).ok()).flatten();
    let known = known.and_then(|double| SHOWN_NUMBERS.with(|shown| shown.borrow().0.get(&double.to_bits()).cloned()));
    Some(known.unwrap_or_else(|| value.to_string()))
}
