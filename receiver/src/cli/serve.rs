//! `serve`: receive messages until told to stop.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    process,
    sync::Arc,
    thread,
    time::Duration,
};

use schemas::{Authentication, redaction::CLIENT_SECRET_PLACEHOLDER};
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use super::{Failure, exit, logging, origin, shell, unusable};
use crate::{
    config::{Config, DEFAULT_PATH, EndpointConfig, FIRST_RUN_FOLDER, Reading, SECRET_FILE, Sources},
    ingest::CAPTURE_FILE,
    log::Recovery,
    server::{Server, systemd},
};

/// True whatever the end was like.
const SAFE: &str = "everything that was acknowledged is on disk";

/// Longest time that what was cut may hold up the end: a disk that hangs must not.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// A sample that shows much of what a message can hold.
const SAMPLE: &str = "step-completed-customer-set-up";

#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// First contact with the real product: check nothing, answer 200 to anybody, keep everything, for `learn`.
    #[arg(long)]
    capture: bool,
}

pub(super) fn run(file: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let (origin, capture) = (origin(file), args.capture);
    // What the command line asks for holds after every reload as well.
    let read = move || {
        let mut reading = origin.read();
        if let (true, Ok(config)) = (capture, &mut reading.config) {
            config.capture_everything();
        }
        reading
    };
    let Reading { config, sources } = read();
    let config = config.map_err(unusable)?;
    let _logging = logging::start()?;
    let runtime = runtime().map_err(Failure::failed)?;
    let result = runtime.block_on(serve(config, file, sources, read));
    if result.is_err() {
        runtime.shutdown_timeout(LAST_WAIT);
    }
    result
}

/// A thread for each processor; on one alone this thread does the work, with nothing to share it out to.
fn runtime() -> io::Result<Runtime> {
    let alone = thread::available_parallelism().is_ok_and(|processors| processors.get() == 1);
    let mut builder = if alone { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()
}

async fn serve(
    config: Config,
    file: Option<&Path>,
    sources: Sources,
    read: impl Fn() -> Reading + Clone + Send + 'static,
) -> Result<(), Failure> {
    let (shutdown, at_once) = shutdown_signals().map_err(Failure::failed)?;
    let hangup = signal(SignalKind::hangup()).map_err(Failure::failed)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let (endpoints, data_dir) = (config.endpoints.clone(), config.data_dir.clone());
    let drain_timeout = config.limits.drain_timeout;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let server = Server::bind(config).await.map_err(Failure::failed)?;
    report(server.recovery());
    let address = server.local_addr().map_err(Failure::failed)?;
    let mut text = String::new();
    for endpoint in &endpoints {
        let how = match &endpoint.authentication {
            _ if endpoint.capture => "capturing: nothing is checked, everything is kept",
            Authentication::None => "no authentication",
            Authentication::ClientSecret { .. } => "client secret",
            Authentication::Basic(_) => "basic",
        };
        text.push_str(&format!("Listening on {scheme}://{address}{} ({how})\n", endpoint.path));
    }
    if let Some(admin) = server.admin_addr() {
        text.push_str(&format!("Health and metrics at http://{admin} (/healthz, /readyz, /metrics)\n"));
    }
    if file.is_none() {
        let folder = env::current_dir().unwrap_or_default().join(FIRST_RUN_FOLDER);
        text.push_str(&first_steps(&format!("http://{address}{DEFAULT_PATH}"), &folder, &shell::program("sender")));
    }
    // What comes before may end with an empty line of its own.
    text.truncate(text.trim_end().len());
    text.push('\n');
    text.push_str(&capturing(&endpoints, &data_dir, file));
    let mut stdout = anstream::stdout().lock();
    // Nobody may be reading; that is no reason not to serve.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    drop(stdout);
    let admin = server.admin_addr().map(tracing::field::display);
    tracing::info!(%address, admin, pid = process::id(), "listening");
    tokio::spawn(async {
        systemd::ready().await;
        systemd::keep_alive().await;
    });
    tokio::spawn(Arc::new(server.reloader()).follow(read, sources, hangup));
    let ended = tokio::select! {
        ended = server.run(shutdown) => ended.map_err(Failure::failed)?,
        () = at_once => {
            let message = format!("told a second time to stop, it stopped without waiting; {SAFE}");
            tracing::error!("{message}");
            return Err(Failure::new(exit::CUT, message));
        }
    };
    if ended.cut > 0 {
        let were = if ended.cut == 1 { "connection was" } else { "connections were" };
        let message =
            format!("{} {were} cut that had not finished within drain_timeout, {drain_timeout:?}; {SAFE}", ended.cut);
        tracing::error!(connections = ended.cut, "stopped; {message}");
        return Err(Failure::new(exit::CUT, message));
    }
    tracing::info!("stopped; {SAFE}");
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

/// What is said of endpoints that capture: where it goes, and what to do with it.
fn capturing(endpoints: &[EndpointConfig], data_dir: &Path, file: Option<&Path>) -> String {
    let capturing = || endpoints.iter().filter(|endpoint| endpoint.capture);
    let mut text = String::new();
    if capturing().any(EndpointConfig::has_client_secret) {
        text.push_str(&format!(
            "
Captured messages are kept beside the others; where a configured secret stands they have {CLIENT_SECRET_PLACEHOLDER}.
One in which none stands may hold another secret. It is kept apart, in {}.
",
            data_dir.join(CAPTURE_FILE).display()
        ));
    }
    for endpoint in capturing().filter(|endpoint| !endpoint.has_client_secret()) {
        text.push_str(&format!(
            "
No client secret is configured for {}, so its messages may hold one that nobody here knows.
They are kept apart, in {}; delete that file when you have learnt from it.
",
            endpoint.path,
            data_dir.join(CAPTURE_FILE).display(),
        ));
    }
    if capturing().next().is_some() {
        let config = file.map(|file| format!(" --config {}", shell::word(file))).unwrap_or_default();
        text.push_str(&format!(
            "
When messages have come, work out where they keep what (an ID is enough, or a file of captures):

{} learn ID... --step \"Name of the step\"{config}

Then serve without capturing: while it lasts, anybody who reaches this address is answered 200.
",
            shell::program("receiver"),
        ));
    }
    text
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

/// Ends on SIGTERM and SIGINT, and when the terminal that it was started on is gone; otherwise SIGHUP only asks to read
/// the configuration again.
///
/// Gives a future for the first time, and one for the second, when nobody wants to wait any more.
fn shutdown_signals() -> io::Result<(impl Future<Output = ()>, impl Future<Output = ()>)> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let on_terminal = io::stderr().is_terminal();
    let (tell_first, first) = oneshot::channel::<()>();
    let (tell_second, second) = oneshot::channel::<()>();
    tokio::spawn(async move {
        for tell in [tell_first, tell_second] {
            let terminal_gone = async {
                while hangup.recv().await.is_some() {
                    if on_terminal && !io::stderr().is_terminal() {
                        return;
                    }
                }
            };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = terminal_gone => {}
            }
            systemd::stopping().await;
            // A server that has ended needs no telling.
            let _ = tell.send(());
        }
    });
    Ok((async { drop(first.await) }, async { drop(second.await) }))
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
