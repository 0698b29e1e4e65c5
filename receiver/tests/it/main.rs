//! What the receiver does as the world sees it: the real program, over real sockets. CONTRIBUTING.md has the table
//! "behaviour, file".

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod support;

mod access_log;
mod admin;
mod admission;
mod capture;
#[cfg(feature = "relay")]
mod cards;
#[cfg(feature = "relay")]
mod chromium;
mod client_secret;
mod commands;
mod connections;
mod corruption;
mod crash;
mod credential_hints;
mod credential_vectors;
mod data_folder;
mod deadlines;
mod error_answers;
#[cfg(feature = "relay")]
mod examples;
mod expect;
mod framing;
mod http;
mod http2;
mod http2_connections;
mod http2_header_blocks;
mod index;
#[cfg(feature = "inspect")]
mod inspector;
#[cfg(feature = "inspect")]
mod inspector_browser;
mod learn;
mod log_reading;
mod long_identifiers;
mod malformed_bodies;
mod memory;
mod missing_files;
mod power_cut;
mod proxy;
mod real_clients;
mod refused;
#[cfg(feature = "relay")]
mod relay;
mod reload;
mod retention;
mod search;
mod secret_rotation;
#[path = "../../benches/slow-clients/shapes.rs"]
mod shapes;
mod shells;
mod shutdown;
mod spellings;
mod syscall_faults;
mod systemd;
mod tls;
mod verify_library;
