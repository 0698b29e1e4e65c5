//! `relay retry`: makes dead letters due again.

use std::path::Path;

use console::output::write_stdout;

use crate::{
    cli::{data::DataDir, failure::Failure},
    relay::store::{DeadLetterSelection, Retried},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RelayRetryArgs {
    /// Name of a destination, or id of a message (a prefix is enough).
    #[arg(value_name = "DESTINATION|ID", required_unless_present = "all", conflicts_with = "all")]
    which: Option<String>,
    /// Retry all dead letters.
    #[arg(long)]
    all: bool,
}

pub(super) fn run(config: Option<&Path>, args: &RelayRetryArgs) -> Result<(), Failure> {
    let which = match args.which.as_deref() {
        None => DeadLetterSelection::All,
        Some("") => {
            return Err(Failure::usage("the name is empty").tip("name a destination or a message, or use --all"));
        }
        Some(word) => DeadLetterSelection::Of(word),
    };
    let Some(mut store) = DataDir::open(config)?.relay_store()? else {
        return Err(Failure::failed("nothing was relayed here yet, so there are no dead letters"));
    };
    let Retried { deliveries, unconfigured, is_destination } = store.retry(which).map_err(Failure::failed)?;
    match (which, deliveries) {
        (DeadLetterSelection::Of(word), 0) if !is_destination && unconfigured == 0 => {
            Err(Failure::failed(format_args!("{word} is neither a destination nor the id of a dead letter"))
                .tip("`webhook-receiver relay status` shows both"))
        }
        (_, 0) if unconfigured == 0 => Ok(write_stdout("There are no dead letters.\n")?),
        (_, count) => Ok(write_stdout(&report(count, unconfigured))?),
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
        1 => "1 message stays a dead letter, because its destination is".to_owned(),
        many => format!("{many} messages stay dead letters, because their destination is"),
    };
    text.push_str(&format!(
        "{stay} no longer in the configuration. `relay replay NAME --endpoint NAME --since TIME` sends the messages of \
         an endpoint to another destination.\n"
    ));
    text
}
