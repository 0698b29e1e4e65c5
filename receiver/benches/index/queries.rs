//! How long a page of each kind of search takes.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use jiff::Timestamp;
use receiver::{
    index::{Page, Reader, Search, Sources},
    log::{Position, SegmentedLog},
    query::Query,
};

use crate::{
    index_in,
    messages::{HALVES, RARE_WORD, TOWNS, endpoint, flow},
};

/// Searches of each kind. Those that do not end within the budget are fewer.
const SEARCHES: usize = 1000;
const LONG_SEARCHES: usize = 40;
const PAGE_MESSAGES: usize = 50;
const BUDGET: Duration = Duration::from_millis(250);

/// A kind of search: its name, how many to measure, and one of them, with where to begin.
type Kind<'k> = (&'k str, usize, &'k dyn Fn() -> (String, Option<Position>));

pub(crate) fn reader(folder: &Path) -> Reader {
    Reader::open(&index_in(folder)).unwrap().unwrap()
}

pub(crate) fn run(folder: &Path) {
    let (reader, log) = (reader(folder), folder.join("log"));
    let mut sources =
        Sources { log: SegmentedLog::read_folder(&log, Position(0)), profile_of: &|_| None, deliveries: None };
    let (messages, _) = reader.counts().unwrap();
    let messages = usize::try_from(messages).unwrap();
    let (start, end) = (reader.start().unwrap().0, reader.position().unwrap().0);
    let somewhere = || Some(Position(fastrand::u64(start + (end - start) / 2..end)));
    let town = || format!("town{}", fastrand::usize(..TOWNS));
    println!("{messages} messages, pages of {PAGE_MESSAGES}, budget {BUDGET:?}");
    println!("{:<34} {:>9} {:>9} {:>9}   found", "search", "p50", "p99", "max");
    let newest = || fastrand::usize(messages / 10..messages);
    let kinds: [Kind<'_>; 11] = [
        ("first page", SEARCHES, &|| (String::new(), None)),
        ("any page", SEARCHES, &|| (String::new(), somewhere())),
        ("an endpoint and a trigger", SEARCHES, &|| {
            (format!("endpoint:{} trigger:stepCompleted", endpoint(fastrand::usize(..9))), somewhere())
        }),
        ("no message is broken", SEARCHES, &|| ("is:broken".to_owned(), None)),
        ("a word that half have", SEARCHES, &|| (HALVES[fastrand::usize(..2)].to_owned(), somewhere())),
        ("a word that 1 % have", SEARCHES, &|| (town(), somewhere())),
        ("a word that one in a million has", SEARCHES, &|| (RARE_WORD.to_owned(), None)),
        ("two words that no message has both", LONG_SEARCHES, &|| (HALVES.join(" "), None)),
        ("a phrase", SEARCHES, &|| (format!("\"{} {}\"", town(), HALVES[fastrand::usize(..2)]), None)),
        ("a flow", SEARCHES, &|| (format!("flow:{}", flow(newest())), None)),
        ("flows by their beginning", SEARCHES, &|| {
            let flow = flow(newest());
            (format!("flow:{}*", &flow[..flow.len().min(9)]), None)
        }),
    ];
    for (kind, searches, question) in kinds {
        let mut times = Histogram::<u64>::new(3).unwrap();
        let (mut found, mut unfinished) = (0, 0);
        for _ in 0..searches {
            let (text, before) = question();
            let query = Query::parse(&text, Timestamp::now()).unwrap();
            let search = Search { query: &query, before, after: None, limit: PAGE_MESSAGES, budget: BUDGET };
            let began = Instant::now();
            let page: Page = reader.search(&search, &mut sources).unwrap();
            times.record(u64::try_from(began.elapsed().as_micros()).unwrap()).unwrap();
            found += page.messages.len();
            unfinished += usize::from(page.searched_back_to.is_some());
        }
        let ms = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1000.0;
        let average = found as f64 / searches as f64;
        println!(
            "{kind:<34} {:>6.2} ms {:>6.2} ms {:>6.2} ms   {average:.1}, {unfinished} of {searches} unfinished",
            ms(0.5),
            ms(0.99),
            times.max() as f64 / 1000.0
        );
    }
}
