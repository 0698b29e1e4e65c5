//! Formats values for people. A date in a form has no time zone and is shown without one; a time of the message is
//! shown with UTC.

use jiff::{Timestamp, civil};

/// `19/07/1990` as `19 Jul 1990`, `02/07/2021 02:05:00 PM` as `2 Jul 2021, 2:05 PM`. Other text stays.
pub(super) fn form_date(text: &str) -> String {
    if let Ok(date) = civil::Date::strptime("%d/%m/%Y", text) {
        return date.strftime("%-d %b %Y").to_string();
    }
    match civil::DateTime::strptime("%d/%m/%Y %I:%M:%S %p", text) {
        Ok(at) if at.second() == 0 => at.strftime("%-d %b %Y, %-I:%M %p").to_string(),
        Ok(at) => at.strftime("%-d %b %Y, %-I:%M:%S %p").to_string(),
        Err(_) => text.to_owned(),
    }
}

/// `19/07/1990` as `1990-07-19`, `02/07/2021 02:05:00 PM` as `2021-07-02T14:05:00`: in this format earlier dates are
/// less. Other text stays.
pub(super) fn iso_date(text: &str) -> String {
    if let Ok(date) = civil::Date::strptime("%d/%m/%Y", text) {
        return date.to_string();
    }
    civil::DateTime::strptime("%d/%m/%Y %I:%M:%S %p", text).map_or_else(|_| text.to_owned(), |at| at.to_string())
}

/// `2026-11-24T10:30:00Z` as `24 Nov 2026, 10:30 UTC`. Other text stays.
pub(super) fn time(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(at) => at.strftime("%-d %b %Y, %H:%M UTC").to_string(),
        Err(_) => text.to_owned(),
    }
}

/// A JSON number with thousands separators and at least two decimals, not rounded: `5000.5` as `5,000.50`. The message
/// does not contain the currency.
pub(super) fn money(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_plain(whole) || !is_plain(decimals) {
        return number.to_owned();
    }
    let mut grouped = String::new();
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{decimals:0<2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_readable_and_get_no_zone() {
        for (text, readable) in [
            ("19/07/1990", "19 Jul 1990"),
            ("02/07/2021 02:05:00 PM", "2 Jul 2021, 2:05 PM"),
            ("02/07/2021 12:05:09 AM", "2 Jul 2021, 12:05:09 AM"),
            ("31/02/2021", "31/02/2021"),
            ("next week", "next week"),
        ] {
            assert_eq!(form_date(text), readable);
        }
        for (text, iso) in [
            ("19/07/1990", "1990-07-19"),
            ("02/07/2021 02:05:00 PM", "2021-07-02T14:05:00"),
            ("2021-07-02", "2021-07-02"),
        ] {
            assert_eq!(iso_date(text), iso);
        }
        assert_eq!(time("2026-11-24T10:30:59.25Z"), "24 Nov 2026, 10:30 UTC");
        assert_eq!(time("yesterday"), "yesterday");
    }

    #[test]
    fn money_keeps_every_digit() {
        for (number, readable) in [
            ("0", "0.00"),
            ("5000.5", "5,000.50"),
            ("-1234567.125", "-1,234,567.125"),
            ("999999999999999", "999,999,999,999,999.00"),
            ("100", "100.00"),
            ("1e30", "1e30"),
        ] {
            assert_eq!(money(number), readable);
        }
    }
}
