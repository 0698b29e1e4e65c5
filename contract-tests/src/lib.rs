//! Proves from outside that an endpoint, or a sender, keeps the contract of Flowingly's webhooks.
//!
//! Cases are data (`schemas/cases/`), results are data ([`report::Report`]), and the program `webhook-contract` only
//! puts them together. Sender and receiver of this kit are tested like anybody else's: they are dev-dependencies.

pub mod cli;
pub mod report;
