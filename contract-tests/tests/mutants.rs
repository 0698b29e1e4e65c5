//! The proof that the catalogue has teeth: a receiver that keeps the contract, and one with each of many defects that
//! real endpoints have. The first is never blamed; each of the others is, by a case of the clause that it breaks.
//!
//! The receiver is not the kit's: it knows nothing but the contract, so that the kit cannot judge itself.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

#[path = "mutants/answer.rs"]
mod answer;
#[path = "mutants/connection.rs"]
mod connection;
#[path = "mutants/credentials.rs"]
mod credentials;
#[path = "mutants/defect.rs"]
mod defect;
#[path = "mutants/defects.rs"]
mod defects;
#[path = "mutants/json.rs"]
mod json;
#[path = "mutants/request.rs"]
mod request;
#[path = "mutants/rules.rs"]
mod rules;
#[path = "mutants/tls.rs"]
mod tls;
