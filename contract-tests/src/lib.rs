//! Holds both sides to the contract, from outside. Today it is the proof of the pair, in `tests/pair.rs`; the runner
//! that proves anybody's endpoint comes next.
