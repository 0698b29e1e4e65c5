//! `relay retry`: dead letters are due again.

use std::path::Path;

use super::{Failure, exit, say, store};
use crate::{
    cli::data::Data,
    relay::store::{Retried, Which},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The name of a destination, or the id of a message (its beginning is enough).
    #[arg(value_name = "DESTINATION|ID", required_unless_present = "all", conflicts_with = "all")]
    which: Option<String>,
    /// Everything that was given up.
    #[arg(long)]
    all: bool,
}

pub(super) fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let which = match args.which.as_deref() {
        None => Which::All,
        Some("") => return Err(Failure::new(exit::USAGE, "name a destination or a message, or say --all")),
        Some(word) => Which::Of(word),
    };
    let Some(mut store) = store(&Data::of(config)?)? else {
        return Err(Failure::failed("nothing was relayed here yet, so nothing was given up"));
    };
    let Retried { deliveries, unconfigured, is_destination } = store.retry(which).map_err(Failure::failed)?;
    match (which, deliveries) {
        (Which::Of(word), 0) if !is_destination && unconfigured == 0 => Err(Failure::failed(format_args!(
            "{word} is neither a destination nor the id of a message that was given up; `relay status` has both"
        ))),
        (_, 0) if unconfigured == 0 => say("Nothing was given up there.\n"),
        (_, count) => say(&report(count, unconfigured)),
    }
}

fn report(due: usize, unconfigured: usize) -> String {
    let mut text = match due {
        0 => String::new(),
        1 => "1 message is due again.\n".to_owned(),
        many => format!("{many} messages are due again.\n"),
    };
    let stay = match unconfigured {
        0 => return text,
        1 => "1 message stays given up, because its destination is".to_owned(),
        many => format!("{many} messages stay given up, because their destination is"),
    };
    text.push_str(&format!(
        "{stay} not in the configuration any more. `relay replay NAME --endpoint NAME --since TIME` sends the messages of \
         an endpoint to another destination.\n"
    ));
    text
}
