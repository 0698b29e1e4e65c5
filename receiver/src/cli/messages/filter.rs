//! The options that choose among messages, as the index and the log take them.

use console::FilterArgs;

use crate::{cli::failure::Failure, index::Filter};

pub(super) fn filter(args: &FilterArgs) -> Result<Filter, Failure> {
    args.check_range().map_err(Failure::usage)?;
    Ok(Filter {
        endpoint: args.endpoint.clone(),
        flow: args.flow.clone(),
        step: args.step.clone(),
        trigger: args.trigger.map(Into::into),
        since: args.since,
        until: args.until,
    })
}

/// Text from a message, safe in a table; a dash without any.
pub(super) fn cell(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), crate::redact::one_line)
}
