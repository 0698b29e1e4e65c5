//! Files that survive a power cut, accessible only to their owner: folders with their lock, atomically replaced files, and
//! SQLite databases. The receiver's log, index and relay store and the sender's outbox are stored with it. It knows nothing
//! about what is in them.

pub mod atomic_file;
pub mod database;
mod dir_lock;
pub mod durable_dir;
mod linked_file;

pub use self::{
    dir_lock::{DirLock, try_lock},
    linked_file::{Displaced, LinkedFile},
};
