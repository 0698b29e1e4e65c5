//! `webhook-receiver`: see [`receiver::cli`].

fn main() -> std::process::ExitCode {
    receiver::cli::run()
}
