//! `relay preview`: the card of one message.

use std::{
    fs,
    path::{Path, PathBuf},
};

use schemas::{Profile, Sample, suggest, text::escape_json};

use super::{Failure, exit, say, warn};
use crate::{
    cli::data::Data,
    relay::{About, Budget, FlowUrl, Script, Template, View, page, trial},
};

/// Where npm puts the renderer, and what reads Markdown for it, below the folder in which it is told to.
const RENDERER: [&str; 2] =
    ["node_modules/adaptivecards/dist/adaptivecards.min.js", "node_modules/markdown-it/dist/markdown-it.min.js"];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A file with a message's body, the name of a sample, or the id of a stored message (its beginning is enough).
    #[arg(value_name = "FILE|SAMPLE|ID")]
    message: String,
    /// The template; without one it is the default card.
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// The profile through which the message is read; without one it is the endpoint's for a stored message, else v1.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Where a flow is found in the product, such as https://acme.example/flows/{flowIdentifier}.
    #[arg(long, value_name = "PATTERN")]
    flow_url: Option<FlowUrl>,
    /// The most bytes that the post may have.
    #[arg(long, value_name = "BYTES", default_value_t)]
    budget: Budget,
    /// Print a page that shows the card in a browser, or write it to FILE.
    ///
    /// The page holds Microsoft's JavaScript renderer. Get it with `npm install adaptivecards markdown-it` in this
    /// folder, or name its file or address with `--renderer`.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    html: Option<Option<PathBuf>>,
    /// The renderer's script: a file, which the page will hold, or an address; may be repeated, for markdown-it.
    #[arg(long, value_name = "FILE|URL", requires = "html")]
    renderer: Vec<Script>,
}

pub(super) fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::new(exit::USAGE, error);
    let template = match &args.template {
        Some(file) => Template::read(file).map_err(|error| usage(&error))?,
        None => Template::default_card(),
    };
    let mut source = Source::find(config, &args.message)?;
    if let Some(file) = &args.profile {
        source.profile = profile(file)?;
    }
    source.about.flow_url = args.flow_url.clone();
    let unread = |error| Failure::failed(format_args!("{}: {error}", args.message));
    let view = View::of(&source.body, &source.profile, &source.about).map_err(unread)?;
    let card = template.card(&view, args.budget).map_err(Failure::failed)?;
    for shortened in &card.shortened {
        warn(&format!("shortened to fit into {} bytes: {shortened}", args.budget.bytes()));
    }
    let Some(html) = &args.html else {
        return say(&format!("{}\n", escape_json(&String::from_utf8_lossy(&card.body))));
    };
    let page = page(&card, &renderer(&args.renderer)?).map_err(Failure::failed)?;
    match html {
        None => say(&page),
        Some(file) => fs::write(file, page)
            .map_err(|error| Failure::failed(format_args!("cannot write {}: {error}", file.display()))),
    }
}

/// A message to show.
struct Source {
    body: Vec<u8>,
    profile: Profile,
    about: About,
}

impl Source {
    fn find(config: Option<&Path>, named: &str) -> Result<Self, Failure> {
        let alone = |body| Self { body, profile: Profile::v1().clone(), about: trial::about("", None) };
        let path = Path::new(named);
        if path.is_file() {
            let body = fs::read(path);
            return body.map(alone).map_err(|error| Failure::failed(format_args!("cannot read {named}: {error}")));
        }
        if let Some(sample) = Sample::find(named) {
            return Ok(alone(sample.body.to_vec()));
        }
        if !named.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return Err(unknown(named));
        }
        let data = Data::of(config)?;
        let Some((message, record)) = data.find(&data.index()?, named)? else {
            return Err(Failure::failed(format_args!("there is no message with the id {named}; see `messages list`")));
        };
        let profile = data.config.profiles().get(&message.endpoint).cloned();
        Ok(Self {
            body: record.body.to_vec(),
            profile: profile.unwrap_or_else(|| Profile::v1().clone()),
            about: About {
                endpoint: message.endpoint.clone(),
                message_id: Some(message.id.to_string()),
                received_at: Some(message.received_at),
                flow_url: None,
            },
        })
    }
}

fn unknown(named: &str) -> Failure {
    let near = suggest::closest(named, Sample::valid().map(|sample| sample.name));
    let hint = near.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    Failure::failed(format_args!(
        "{named} is neither a file nor a sample nor the id of a message (`messages list` has the ids){hint}"
    ))
}

fn profile(file: &Path) -> Result<Profile, Failure> {
    let told = |error: &dyn std::fmt::Display| Failure::new(exit::USAGE, format_args!("{}: {error}", file.display()));
    Profile::parse(&fs::read_to_string(file).map_err(|error| told(&error))?).map_err(|error| told(&error))
}

fn renderer(named: &[Script]) -> Result<Vec<Script>, Failure> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let found: Vec<Script> =
        RENDERER.iter().map(PathBuf::from).filter(|file| file.is_file()).map(Script::File).collect();
    if found.is_empty() {
        return Err(Failure::failed(
            "the page needs Microsoft's renderer: run `npm install adaptivecards markdown-it` in this folder, or name the \
             file or address of adaptivecards.min.js with --renderer",
        ));
    }
    Ok(found)
}
