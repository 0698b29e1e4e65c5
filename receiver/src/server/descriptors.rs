//! File descriptors: each connection takes one, and the log, the index and the relay need some as well.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Limits;

/// So many are kept for everything but connections.
const OTHERS: usize = 64;

/// Raises the soft limit, which is often only 1024, to the hard one, and lets no more connections in than there are
/// descriptors for: without one nobody new is heard, whoever could be let go for them.
pub(super) fn within(limits: Limits) -> Limits {
    let descriptors = raised();
    let most = descriptors.saturating_sub(OTHERS).max(1);
    if limits.connections <= most {
        return limits;
    }
    tracing::warn!(
        "this process may have {descriptors} files open, so it takes {most} connections at a time and not {}; raise the \
         limit (`ulimit -n`, systemd's LimitNOFILE) or lower `connections`",
        limits.connections
    );
    Limits { connections: most, ..limits }
}

fn raised() -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "could not raise the limit of open files");
        }
    }
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
