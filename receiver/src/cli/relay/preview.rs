//! `relay preview`: shows the card of one message.

use std::{
    fs,
    path::{Path, PathBuf},
};

use console::{
    Error,
    error::read_profile,
    output::{warn, write_json, write_stdout},
};
use schemas::{Profile, Sample, suggest};

use crate::{
    cli::{data::DataDir, failure::Failure},
    relay::{Budget, FlowUrl, MessageMetadata, PageScript, Template, View, page, validate},
};

/// Where npm installs the renderer and its Markdown parser, in the current folder.
const RENDERER_FILES: [&str; 2] =
    ["node_modules/adaptivecards/dist/adaptivecards.min.js", "node_modules/markdown-it/dist/markdown-it.min.js"];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PreviewArgs {
    /// File with the body of a message, name of a sample, or id of a stored message (a prefix is enough).
    #[arg(value_name = "FILE|SAMPLE|ID")]
    message: String,
    /// Template [default: the default card].
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Profile (TOML) with the property names of your messages [default: that of the endpoint for a stored message, else v1].
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// URL of a flow in the product, such as https://acme.example/flows/{flowIdentifier}.
    #[arg(long, value_name = "PATTERN")]
    flow_url: Option<FlowUrl>,
    /// Maximum size of the request body.
    #[arg(long, value_name = "BYTES", default_value_t)]
    budget: Budget,
    /// Print a web page that shows the card, or write it to FILE.
    ///
    /// The page contains Microsoft's JavaScript renderer. Get it with `npm install adaptivecards markdown-it` in this
    /// folder, or name its file or URL with `--renderer`.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    html: Option<Option<PathBuf>>,
    /// Renderer script: a file, which the page will contain, or a URL; may be repeated, for markdown-it.
    #[arg(long, value_name = "FILE|URL", requires = "html")]
    renderer: Vec<PageScript>,
}

pub(super) fn run(config: Option<&Path>, args: &PreviewArgs) -> Result<(), Failure> {
    let template = match &args.template {
        Some(file) => Template::read(file).map_err(Failure::usage)?,
        None => Template::default_card(),
    };
    let mut source = PreviewedMessage::find(config, &args.message)?;
    if let Some(file) = &args.profile {
        source.profile = read_profile(file)?;
    }
    source.about.flow_url = args.flow_url.clone();
    let unread = |error| Failure::failed(format_args!("{}: {error}", args.message));
    let view = View::of(&source.body, &source.profile, &source.about).map_err(unread)?;
    let card = template.card(&view, args.budget).map_err(Failure::failed)?;
    for shortened in &card.shortened {
        warn(format_args!("shortened to fit into {} bytes: {shortened}", args.budget.bytes()));
    }
    let Some(html) = &args.html else {
        return Ok(write_json(&String::from_utf8_lossy(&card.body))?);
    };
    let page = page(&card, &renderer(&args.renderer)?).map_err(Failure::failed)?;
    match html {
        None => Ok(write_stdout(&page)?),
        Some(file) => Ok(fs::write(file, page).map_err(Error::write(file))?),
    }
}

struct PreviewedMessage {
    body: Vec<u8>,
    profile: Profile,
    about: MessageMetadata,
}

impl PreviewedMessage {
    fn find(config: Option<&Path>, name: &str) -> Result<Self, Failure> {
        let unstored = |body| Self { body, profile: Profile::v1().clone(), about: validate::about("", None) };
        let path = Path::new(name);
        if path.is_file() {
            return Ok(unstored(fs::read(path).map_err(Error::read(path))?));
        }
        if let Some(sample) = Sample::find(name) {
            return Ok(unstored(sample.body.to_vec()));
        }
        if !name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return Err(unknown(name));
        }
        let data = DataDir::open(config)?;
        let Some((message, record)) = data.find(&data.index()?, name)? else {
            return Err(Failure::failed(format_args!("there is no message with the id {name}"))
                .tip("`webhook-receiver messages list` shows the ids"));
        };
        let profile = data.config.profiles().get(&message.endpoint).cloned();
        Ok(Self {
            body: record.body.to_vec(),
            profile: profile.unwrap_or_else(|| Profile::v1().clone()),
            about: MessageMetadata {
                endpoint: message.endpoint.clone(),
                message_id: Some(message.id.to_string()),
                received_at: Some(message.received_at),
                flow_url: None,
            },
        })
    }
}

fn unknown(named: &str) -> Failure {
    let failure = Failure::failed(format_args!("{named} is neither a file nor a sample nor the id of a message"));
    match suggest::closest(named, Sample::valid().map(|sample| sample.name)) {
        Some(name) => failure.tip(format_args!("did you mean {name}?")),
        None => failure.tip("`webhook-receiver messages list` shows the ids"),
    }
}

fn renderer(named: &[PageScript]) -> Result<Vec<PageScript>, Failure> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let found: Vec<PageScript> =
        RENDERER_FILES.iter().map(PathBuf::from).filter(|file| file.is_file()).map(PageScript::File).collect();
    if found.is_empty() {
        return Err(Failure::failed("the page needs Microsoft's renderer").tip(
            "run `npm install adaptivecards markdown-it` in this folder, or name the file or URL of \
             adaptivecards.min.js with --renderer",
        ));
    }
    Ok(found)
}
