//! `serve`: receives messages until it is stopped.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::{self, Path},
    process,
    sync::Arc,
    thread,
    time::Duration,
};

use console::{error::tip_for_bind, exit_code, format::plural, shell};
use schemas::{Authentication, redaction::CLIENT_SECRET_PLACEHOLDER};
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use super::{
    configuration::{origin, unusable},
    failure::Failure,
    init::webhook_form,
    logging,
};
#[cfg(feature = "inspect")]
use crate::inspector::{Inspector, USERNAME};
use crate::{
    config::{Config, ConfigReading, DEFAULT_PATH, EndpointConfig, FIRST_RUN_FOLDER, SECRET_FILE, Sources},
    ingest::CAPTURE_FILE,
    log::Recovery,
    server::{Server, StartError, systemd},
};

/// True for every shutdown.
const ALL_STORED: &str = "all acknowledged messages are on disk";

/// Maximum time that requests that were cut off delay the end, such as on a disk that hangs.
const CUT_OFF_TIMEOUT: Duration = Duration::from_secs(1);

/// A sample that shows much of what a message can hold.
const SAMPLE_NAME: &str = "step-completed-customer-set-up";

#[derive(Debug, Default, clap::Args)]
pub(super) struct ServeArgs {
    /// Capture everything for `learn`: check nothing, answer 200 to every request.
    #[arg(long)]
    capture: bool,
}

pub(super) fn run(file: Option<&Path>, args: &ServeArgs) -> Result<(), Failure> {
    let (origin, capture) = (origin(file), args.capture);
    // The command line also applies after every reload.
    let read = move || {
        let mut reading = origin.read();
        if let (true, Ok(config)) = (capture, &mut reading.config) {
            config.capture_everything();
        }
        reading
    };
    let ConfigReading { config, sources } = read();
    let config = config.map_err(unusable)?;
    let _logging = logging::start()?;
    let runtime = runtime().map_err(Failure::failed)?;
    let result = runtime.block_on(serve(config, file, sources, read));
    if result.is_err() {
        runtime.shutdown_timeout(CUT_OFF_TIMEOUT);
    }
    result
}

/// One thread per processor; with a single processor this thread does all the work.
fn runtime() -> io::Result<Runtime> {
    let is_single = thread::available_parallelism().is_ok_and(|processors| processors.get() == 1);
    let mut builder = if is_single { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()
}

async fn serve(
    config: Config,
    file: Option<&Path>,
    sources: Sources,
    read: impl Fn() -> ConfigReading + Clone + Send + 'static,
) -> Result<(), Failure> {
    let (shutdown, at_once) = shutdown_signals().map_err(Failure::failed)?;
    let hangup = signal(SignalKind::hangup()).map_err(Failure::failed)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let (endpoints, data_dir) = (config.endpoints.clone(), config.data_dir.clone());
    let drain_timeout = config.limits.drain_timeout;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let (admin, inspect) = (config.admin, config.inspect.as_ref().map(|inspect| inspect.address));
    let keys = [("admin", admin), ("inspect", inspect)];
    let server = Server::bind(config).await.map_err(|error| start_failure(error, file, keys))?;
    report(server.recovery());
    let address = server.local_addr().map_err(Failure::failed)?;
    let mut text = String::new();
    for endpoint in &endpoints {
        let how = match &endpoint.authentication {
            _ if endpoint.capture => "capturing: nothing is checked, everything is stored",
            Authentication::None => "no authentication",
            Authentication::ClientSecret { .. } => "client secret",
            Authentication::Basic(_) => "basic",
        };
        text.push_str(&format!("Listening on {scheme}://{address}{} ({how})\n", endpoint.path));
    }
    if let Some(admin) = server.admin_addr() {
        text.push_str(&format!("Health and metrics at http://{admin} (/healthz, /readyz, /metrics)\n"));
    }
    #[cfg(feature = "inspect")]
    if let Some(inspector) = server.inspector() {
        text.push_str(&inspector_link(inspector, io::stdout().is_terminal()));
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
    // Serve even if nobody reads this.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    drop(stdout);
    let admin = server.admin_addr().map(tracing::field::display);
    #[cfg(feature = "inspect")]
    let inspect = server.inspector().and_then(Inspector::address).map(tracing::field::display);
    #[cfg(not(feature = "inspect"))]
    let inspect = None::<&str>;
    tracing::info!(%address, admin, inspect, pid = process::id(), "listening");
    tokio::spawn(async {
        systemd::ready().await;
        systemd::keep_alive().await;
    });
    tokio::spawn(Arc::new(server.reloader()).follow(read, sources, hangup));
    let ended = tokio::select! {
        ended = server.run(shutdown) => ended.map_err(Failure::failed)?,
        () = at_once => {
            let message = format!("stopped without waiting after a second stop signal; {ALL_STORED}");
            tracing::error!("{message}");
            return Err(Failure::new(exit_code::INCOMPLETE, message));
        }
    };
    if ended.cut > 0 {
        let connections = plural(ended.cut as u64, "connection");
        let message = format!("{connections} did not finish within drain_timeout, {drain_timeout:?}; {ALL_STORED}");
        tracing::error!(connections = ended.cut, "stopped; {message}");
        return Err(Failure::new(exit_code::INCOMPLETE, message));
    }
    tracing::info!("stopped; {ALL_STORED}");
    Ok(())
}

/// An address that is in use names the key to change.
fn start_failure(error: StartError, file: Option<&Path>, keys: [(&str, Option<SocketAddr>); 2]) -> Failure {
    let StartError::Listen { address, source } = &error else { return Failure::failed(error) };
    let key = keys.iter().find(|(_, other)| *other == Some(*address)).map_or("listen", |(key, _)| key);
    let change = match file {
        Some(file) => format!("change `{key}` in {}", file.display()),
        None => format!("write a configuration with `webhook-receiver init` and change `{key}` in it"),
    };
    Failure::failed(&error).tip(tip_for_bind(source, *address, &change))
}

/// The link, alone on its line. Only a terminal gets the password, because other output is kept somewhere.
#[cfg(feature = "inspect")]
fn inspector_link(inspector: &Inspector, is_terminal: bool) -> String {
    let file = inspector.password_file();
    let file = path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let file = file.display();
    if is_terminal {
        let link = inspector.link_with_password();
        format!("\nSee what arrives in a browser; the link has the password, which is in {file}:\n\n{link}\n")
    } else {
        format!("Inspector at {} (user {USERNAME}, password in {file})\n", inspector.link())
    }
}

/// What to do next, with the command to try alone on its line.
fn first_steps(url: &str, folder: &Path, sender: &str) -> String {
    let secret = folder.join(SECRET_FILE);
    let secret_word = shell::word(&secret);
    format!(
        "
The client secret is in {}
Messages are stored in   {}

Try it in a second shell:

{sender} send --to {url} --client-secret file:{secret_word} --sample {SAMPLE_NAME}

{}
",
        secret.display(),
        folder.join("data").display(),
        webhook_form("the file above"),
    )
}

/// Where endpoints store captures, and what to do with them.
fn capturing(endpoints: &[EndpointConfig], data_dir: &Path, file: Option<&Path>) -> String {
    let capturing = || endpoints.iter().filter(|endpoint| endpoint.capture);
    let mut text = String::new();
    if capturing().any(EndpointConfig::has_client_secret) {
        text.push_str(&format!(
            "
Captured messages are stored with the others; {CLIENT_SECRET_PLACEHOLDER} replaces a configured secret.
A message without one may contain another secret. It is stored in {}.
",
            data_dir.join(CAPTURE_FILE).display()
        ));
    }
    for endpoint in capturing().filter(|endpoint| !endpoint.has_client_secret()) {
        text.push_str(&format!(
            "
No client secret is configured for {}, so its messages may contain an unknown one.
They are stored in {}; delete that file after you have used it.
",
            endpoint.path,
            data_dir.join(CAPTURE_FILE).display(),
        ));
    }
    if capturing().next().is_some() {
        let config = file.map(|file| format!(" --config {}", shell::word(file))).unwrap_or_default();
        text.push_str(&format!(
            "
After some messages have arrived, work out their profile (name ids or a file of captures):

{} learn ID... --step \"Name of the step\"{config}

Then serve without --capture: until then, every request to this address is answered with 200.
",
            shell::program("receiver"),
        ));
    }
    text
}

fn report(recovery: &Recovery) {
    for path in &recovery.removed {
        tracing::warn!(path = %path.display(), "removed an empty log file");
    }
    for path in &recovery.heads {
        tracing::warn!(path = %path.display(), "rewrote the damaged header of a log file");
    }
    for (at, next) in &recovery.damaged {
        tracing::warn!(%at, %next, "the log is damaged here; skipped");
    }
    if recovery.cut > 0 {
        tracing::warn!(
            bytes = recovery.cut,
            "cut an incomplete message off the end of the log; most likely it was never acknowledged"
        );
    }
    for path in &recovery.aside {
        tracing::warn!(path = %path.display(), "moved what was taken out of the log to this file");
    }
}

/// Stop signals are SIGTERM and SIGINT, and SIGHUP if the terminal is gone; otherwise SIGHUP only reloads the
/// configuration.
///
/// Returns a future for the first signal, and one for the second, which ends the drain.
fn shutdown_signals() -> io::Result<(impl Future<Output = ()>, impl Future<Output = ()>)> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let on_terminal = io::stderr().is_terminal();
    let (send_first, first) = oneshot::channel::<()>();
    let (send_second, second) = oneshot::channel::<()>();
    tokio::spawn(async move {
        for send in [send_first, send_second] {
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
            // Fails when the server has already ended.
            let _ = send.send(());
        }
    });
    Ok((async { drop(first.await) }, async { drop(second.await) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_try_is_alone_on_its_line() {
        let url = "http://127.0.0.1:8080/hooks/flowingly";
        for program in ["cargo run -q -p sender --", "webhook-sender"] {
            let text = first_steps(url, Path::new("/my hooks/flowingly"), program);
            let command = format!(
                "{program} send --to {url} --client-secret 'file:/my hooks/flowingly/client-secret' --sample {SAMPLE_NAME}"
            );
            assert!(text.lines().any(|line| line == command.replace("'file:", "file:'")), "{text}");
        }
    }

    #[test]
    fn the_sample_to_try_is_there() {
        assert!(schemas::Sample::find(SAMPLE_NAME).is_some());
    }
}
