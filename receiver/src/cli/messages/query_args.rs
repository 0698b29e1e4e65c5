//! Which messages, as a query and as options that mean the same.

use std::fmt::Write as _;

use clap::Args;
use console::FilterArgs;
use jiff::Timestamp;

use crate::{
    cli::failure::Failure,
    query::{Key, Pattern, Predicate, Query, Term},
};

/// Which messages.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct QueryArgs {
    /// Only messages that match this search, such as 'flow:FLOW-604 is:broken' [default: every message].
    #[arg(value_name = "QUERY")]
    query: Option<String>,
    #[command(flatten)]
    pub(super) filter: FilterArgs,
}

impl QueryArgs {
    /// The query and the options, all of which have to match.
    pub(super) fn query(&self) -> Result<Query, Failure> {
        self.filter.check_range().map_err(Failure::usage)?;
        let text = self.query.as_deref().unwrap_or_default();
        let query = Query::parse(text, Timestamp::now()).map_err(|error| {
            let failure = Failure::usage(error.with_carets(text));
            match error.tip() {
                Some(tip) => failure.tip(tip),
                None => failure,
            }
        })?;
        let query = query.and(self.options());
        match query.contradiction() {
            Some(contradiction) => Err(Failure::usage(contradiction).tip("remove one of the two")),
            None => Ok(query),
        }
    }

    /// What the options ask for.
    fn options(&self) -> Query {
        let FilterArgs { endpoint, flow, step, trigger, since, until } = &self.filter;
        let exact = |name: &Option<String>| name.clone().map(Pattern::Exact);
        let predicates = [
            exact(endpoint).map(Predicate::Endpoint),
            exact(flow).map(Predicate::Flow),
            exact(step).map(Predicate::Step),
            trigger.map(|trigger| Predicate::Trigger(trigger.into())),
            since.as_ref().map(|since| Predicate::Since(since.time.into())),
            until.as_ref().map(|until| Predicate::Until(until.time.into())),
        ];
        predicates.into_iter().flatten().map(Term::from).collect()
    }
}

/// The grammar, for the end of a help.
pub(super) fn help() -> String {
    let mut help = "\
Search:
  The terms of a QUERY are separated by spaces, and all have to match: words and \"phrases\" in the texts of a message, \
and the keys below. A `-` before a key negates it.

"
    .to_owned();
    for key in Key::ALL {
        let term = format!("{key}:{}", key.example());
        let _ = writeln!(help, "  {term:<28}{}", key.description());
    }
    help + "
  Put a value with spaces in double quotes, and a space before a query that begins with `-`:
    webhook-receiver messages list 'flow:FLOW-6* since:yesterday \"credit limit\"'
    webhook-receiver messages list ' -is:holds'"
}
