//! Fills a data folder's log with messages of 1.5 KB, to measure how a receiver starts on a long log:
//! `cargo run --release -p receiver --example fill -- DATA_DIR COUNT`.

use std::{env, error::Error, path::PathBuf, sync::Arc};

use bytes::Bytes;
use receiver::log::{MessageLog as _, Record, RecordHeader, SegmentOptions, Segments};
use schemas::{Document, Profile, Sample};
use tokio::task::JoinSet;

/// Messages that wait for one sync.
const AT_ONCE: usize = 2000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which data folder?")?);
    let count: usize = arguments.next().and_then(|count| count.into_string().ok()).ok_or("how many?")?.parse()?;
    let sample = Sample::find("step-completed-customer-set-up").ok_or("the sample is gone")?;
    let text = std::str::from_utf8(sample.body)?;
    let (log, _) = Segments::open(&folder.join("log"), SegmentOptions::default())?;
    let log = Arc::new(log);
    for first in (0..count).step_by(AT_ONCE) {
        let mut appends = JoinSet::new();
        for number in first..count.min(first + AT_ONCE) {
            // Ten messages a flow; no two alike.
            let body = text.replace("FLOW-604", &format!("FLOW-{}", number / 10)).replacen(
                "Acme",
                &format!("Acme {number}"),
                1,
            );
            let header = RecordHeader::describe(&Document::read(body.as_bytes(), Profile::v1())?, "hooks", None);
            let record = Record { header, body: Bytes::from(body) };
            let log = log.clone();
            appends.spawn(async move { log.append(&record).await });
        }
        while let Some(append) = appends.join_next().await {
            append??;
        }
    }
    Ok(())
}
