//! axum the usual way: Basic credentials compared with `==`, the body read as a `serde_json::Value`, its lines gathered
//! under a mutex, and one task that writes and syncs what is there and then answers all who wait.
//! `usual-axum ADDRESS FILE USERNAME:PASSWORD`

use std::{
    env,
    error::Error,
    fs::File,
    io::Write as _,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::sync::{Notify, oneshot};

struct Shared {
    authorization: String,
    queue: Mutex<Queue>,
    filled: Notify,
}

#[derive(Default)]
struct Queue {
    lines: Vec<u8>,
    waiting: Vec<oneshot::Sender<()>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [address, path, credential] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("ADDRESS FILE USERNAME:PASSWORD".into());
    };
    let shared = Arc::new(Shared {
        authorization: format!("Basic {}", STANDARD.encode(credential)),
        queue: Mutex::default(),
        filled: Notify::new(),
    });
    tokio::spawn(write(shared.clone(), Arc::new(File::create(path)?)));
    let app = Router::new().route("/hook", post(take)).with_state(shared);
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, app).await?)
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if headers.get(AUTHORIZATION).is_none_or(|value| *value != *shared.authorization) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(message) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let (sender, durable) = oneshot::channel();
    {
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.lines.extend_from_slice(message.to_string().as_bytes());
        queue.lines.push(b'\n');
        queue.waiting.push(sender);
    }
    shared.filled.notify_one();
    if durable.await.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

async fn write(shared: Arc<Shared>, file: Arc<File>) {
    loop {
        shared.filled.notified().await;
        let batch = mem::take(&mut *shared.queue.lock().unwrap_or_else(PoisonError::into_inner));
        let file = file.clone();
        let written =
            tokio::task::spawn_blocking(move || (&*file).write_all(&batch.lines).and_then(|()| file.sync_data()));
        // Dropping their senders refuses those who wait.
        if matches!(written.await, Ok(Ok(()))) {
            for waiting in batch.waiting {
                // Whoever hung up does not need the answer.
                let _ = waiting.send(());
            }
        }
    }
}
