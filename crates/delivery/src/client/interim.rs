//! A limit for interim responses (1xx). hyper reads and drops them for as long as they come, so an endpoint that sends
//! nothing else takes a core until the time limit.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

/// Maximum number of interim responses to a request. RFC 9110 section 15.2 allows any number; one or two are usual.
pub(super) const MAX_INTERIM_RESPONSES: usize = 32;

/// Counts the interim responses to a request. The future completes when there are more than [`MAX_INTERIM_RESPONSES`];
/// dropping the request then closes its connection.
pub(super) fn too_many_interim<B>(request: &mut http::Request<B>) -> impl Future<Output = ()> + use<B> {
    let (count, exceeded) = (AtomicUsize::new(0), Arc::new(Notify::new()));
    let notify = Arc::clone(&exceeded);
    hyper::ext::on_informational(request, move |_| {
        if count.fetch_add(1, Ordering::Relaxed) == MAX_INTERIM_RESPONSES {
            notify.notify_one();
        }
    });
    async move { exceeded.notified().await }
}
