//! What a load does: endpoint, messages, pace and duration.

use std::{io, num::NonZeroUsize, sync::Arc, time::Duration};

use delivery::{ClientOptions, EndpointUrl, LocalError, Rate};

use super::{
    messages::Messages,
    schedule::{LoadPace, Schedule},
};

#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) target: EndpointUrl,
    pub(crate) options: ClientOptions,
    pub(crate) messages: Arc<Messages>,
    pub(crate) pace: LoadPace,
    /// Without the warm-up.
    pub(crate) duration: Duration,
    /// Time before counting begins.
    pub(crate) warm_up: Duration,
    /// Connections, each with one request at a time. All are opened before the start.
    pub(crate) connections: NonZeroUsize,
    /// The connections are spread over these threads; one is enough for most endpoints.
    pub(crate) threads: NonZeroUsize,
}

/// Why nothing could be sent, for a reason on this side.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LoadError {
    #[error(transparent)]
    NotAllowed(LocalError),
    #[error("the rate {0} is above the maximum of {max}/s", max = Schedule::MAX_PER_SECOND)]
    TooFast(Rate),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}
