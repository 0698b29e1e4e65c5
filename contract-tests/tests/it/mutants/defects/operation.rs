//! Defects in running an endpoint: repetition, several messages at a time, time itself.

use std::{sync::atomic::Ordering, time::Duration};

use crate::mutants::{answer::Answer, defect::Defect, rules::Shared};

fn is_new(body: &[u8], shared: &Shared) -> bool {
    shared.bodies.lock().unwrap().insert(body.to_vec())
}

pub(super) fn defects() -> Vec<Defect> {
    vec![
        Defect::secret("answers a repeated message with 409", "OPS-3", |r| {
            r.store = |request, shared| {
                if is_new(&request.body, shared) { Ok(()) } else { Err(Answer::new(409, "known already")) }
            };
        }),
        Defect::secret("crashes on a repeated message, as a unique key does", "OPS-3", |r| {
            r.store = |request, shared| if is_new(&request.body, shared) { Ok(()) } else { Err(Answer::crash()) };
        }),
        Defect::secret("redirects a repeated message to the first", "OPS-3", |r| {
            r.store = |request, shared| {
                let first = Answer::new(303, "").with("location", "/messages/1");
                if is_new(&request.body, shared) { Ok(()) } else { Err(first) }
            };
        })
        .also(&["HTTP-3"]),
        Defect::secret("answers 503 while another message is worked on", "OPS-4", |r| {
            r.store = |_, shared| {
                if shared.running.load(Ordering::SeqCst) < 2 { Ok(()) } else { Err(Answer::new(503, "busy")) }
            };
            r.work = Duration::from_millis(25);
        })
        .one_by_one()
        .also(&["OPS-3"]),
        Defect::secret("crashes where its database is locked by another message", "OPS-4", |r| {
            r.store = |_, shared| if shared.running.load(Ordering::SeqCst) < 3 { Ok(()) } else { Err(Answer::crash()) };
            r.work = Duration::from_millis(25);
        })
        .one_by_one()
        .also(&["OPS-3"]),
        Defect::secret("takes too long for every answer", "OPS-5", |r| r.work = Duration::from_secs(6)).refusing_all(),
    ]
}
