//! `serve`: receive messages until told to stop.

use std::{env, io::Write as _, path::Path, process};

use schemas::Authentication;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, configuration, logging, shell};
use crate::{
    config::{Config, DEFAULT_PATH, FIRST_RUN_FOLDER, SECRET_FILE},
    log::Recovery,
    server::Server,
};

/// A sample that shows much of what a message can hold.
const SAMPLE: &str = "step-completed-customer-set-up";

#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(file: Option<&Path>, _args: &Args) -> Result<(), Failure> {
    let config = configuration(file)?;
    let _logging = logging::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::failed)?;
    runtime.block_on(serve(config, file.is_none()))
}

async fn serve(config: Config, first_run: bool) -> Result<(), Failure> {
    raise_file_limit();
    let shutdown = shutdown_signal().map_err(Failure::failed)?;
    let endpoints = config.endpoints.clone();
    let server = Server::bind(config).await.map_err(Failure::failed)?;
    report(server.recovery());
    let address = server.local_addr().map_err(Failure::failed)?;
    let mut text = String::new();
    for endpoint in &endpoints {
        let how = match &endpoint.authentication {
            Authentication::None => "no authentication",
            Authentication::ClientSecret { .. } => "client secret",
            Authentication::Basic(_) => "basic",
        };
        text.push_str(&format!("Listening on http://{address}{} ({how})\n", endpoint.path));
    }
    if first_run {
        let folder = env::current_dir().unwrap_or_default().join(FIRST_RUN_FOLDER);
        text.push_str(&first_steps(&format!("http://{address}{DEFAULT_PATH}"), &folder, &shell::program("sender")));
    }
    let mut stdout = anstream::stdout().lock();
    // Nobody may be reading; that is no reason not to serve.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    drop(stdout);
    tracing::info!(%address, pid = process::id(), "listening");
    server.run(shutdown).await.map_err(Failure::failed)?;
    tracing::info!("stopped; everything that was acknowledged is on disk");
    Ok(())
}

/// What to do next, with the very command to try, alone on its line.
fn first_steps(url: &str, folder: &Path, sender: &str) -> String {
    let secret = folder.join(SECRET_FILE);
    let secret_word = shell::word(&secret);
    format!(
        "
The client secret is in {}
Messages are kept in     {}

Try it in a second shell:

{sender} send --to {url} --client-secret file:{secret_word} --sample {SAMPLE}

{}
",
        secret.display(),
        folder.join("data").display(),
        super::webhook_form("the file above"),
    )
}

fn report(recovery: &Recovery) {
    for path in &recovery.removed {
        tracing::warn!(path = %path.display(), "removed a log file that was never begun");
    }
    for path in &recovery.heads {
        tracing::warn!(path = %path.display(), "the head of a log file was damaged and is written anew");
    }
    for (at, next) in &recovery.damaged {
        tracing::warn!(%at, %next, "the log is damaged here; what stood there is skipped");
    }
    if recovery.cut > 0 {
        tracing::warn!(bytes = recovery.cut, "cut the end of the log: it was torn and most likely never acknowledged");
    }
    for path in &recovery.aside {
        tracing::warn!(path = %path.display(), "what was taken out of the log is kept here");
    }
}

/// Ends on SIGTERM and SIGINT.
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Each connection takes a descriptor; the soft limit is often only 1024.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "could not raise the limit of open files");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_try_stands_alone_on_its_line() {
        let url = "http://127.0.0.1:8080/hooks/flowingly";
        for program in ["cargo run -q -p sender --", "webhook-sender"] {
            let text = first_steps(url, Path::new("/my hooks/flowingly"), program);
            let command = format!(
                "{program} send --to {url} --client-secret 'file:/my hooks/flowingly/client-secret' --sample {SAMPLE}"
            );
            assert!(text.lines().any(|line| line == command.replace("'file:", "file:'")), "{text}");
        }
    }

    #[test]
    fn the_sample_to_try_is_there() {
        assert!(schemas::Sample::find(SAMPLE).is_some());
    }
}
