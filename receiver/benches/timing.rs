//! Whether the time that the verifier takes tells anything of an accepted credential, by the method of dudect
//! (Reparaz, Balasch and Verbauwhede, 2017): inputs of two classes in random order, Welch's t-test on their times, over
//! many cuts of the slow tail. A plain `==` is measured in the same loop: what does not show there could not show
//! here either.
//!
//! `cargo bench -p receiver --bench timing [-- SAMPLES]`; fails when it shows something, or the control does not.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::{
    env,
    hint::black_box,
    process::ExitCode,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use receiver::Verifier;
use schemas::{Authentication, BasicCredentials, ClientSecret, Document, Profile};

const SAMPLES: usize = 10_000_000;
/// Beyond this the classes differ (dudect's own bound).
const SHOWS: f64 = 4.5;
/// The control must show at least this.
const CONTROL_SHOWS: f64 = 10.0;
/// Longest times that are told apart, in nanoseconds.
const LONGEST: usize = 1 << 16;
/// Fewest samples of a class that a test is made over.
const FEWEST: u64 = 10_000;
const CUTS: i32 = 100;
/// Letters of a client secret, and of a username and a password.
const SECRET: usize = 250;
const BASIC: usize = 100;

fn main() -> ExitCode {
    let samples = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(SAMPLES);
    let mut subjects = subjects();
    for sample in 0..samples {
        for subject in &mut subjects {
            let class = fastrand::bool();
            let time = (subject.measure)(class);
            // The first ones find cold caches.
            if sample >= samples / 100 {
                subject.times[usize::from(class)].add(time);
            }
        }
    }
    println!("{:<46} {:>10} {:>10} {:>12}", "the two classes", "median ns", "median ns", "greatest t");
    let mut passed = true;
    for Subject { name, expected, times: [one, other], .. } in &subjects {
        let t = greatest_t(one, other);
        let holds = if *expected { t > CONTROL_SHOWS } else { t < SHOWS };
        passed &= holds;
        println!(
            "{name:<46} {:>10} {:>10} {t:>12.2}{}",
            one.median(),
            other.median(),
            if holds { "" } else { "  WRONG" }
        );
    }
    println!("{samples} samples each; below {SHOWS} nothing shows, and the control has to be above {CONTROL_SHOWS}");
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Subject {
    name: &'static str,
    /// Whether the classes must differ.
    expected: bool,
    /// Makes an input of the class, and gives the nanoseconds that its comparison took.
    measure: Box<dyn FnMut(bool) -> Duration>,
    times: [Times; 2],
}

fn subjects() -> Vec<Subject> {
    let subject = |name, expected, measure| Subject { name, expected, measure, times: [Times::new(), Times::new()] };
    vec![
        subject("client secret: all but the last letter, none", false, client_secret()),
        subject("client secret: the first accepted, the second", false, which_secret()),
        subject("Basic: all but the last letter, none", false, basic()),
        subject("Basic: the right username, another", false, username()),
        subject("control, ==: all but the last letter, none", true, control()),
    ]
}

fn client_secret() -> Box<dyn FnMut(bool) -> Duration> {
    let accepted = letters::<SECRET>();
    let verifier = Verifier::new(&secret(&accepted));
    Box::new(move |near| check_secret(&verifier, &candidate(&accepted, near)))
}

fn which_secret() -> Box<dyn FnMut(bool) -> Duration> {
    let (first, second) = (letters::<SECRET>(), letters::<SECRET>());
    let verifier = Verifier::new(&secret(&first)).also_accept(&secret(&second), None).expect("of one kind");
    Box::new(move |class| check_secret(&verifier, &chosen(&first, &second, class)))
}

fn check_secret(verifier: &Verifier, candidate: &[u8; SECRET]) -> Duration {
    let body = [br#"{"clientSecret":""#, candidate.as_slice(), br#""}"#].concat();
    let document = Document::read(&body, Profile::v1()).expect("it is JSON");
    timed(|| verifier.check_document(black_box(&document)).is_ok())
}

fn basic() -> Box<dyn FnMut(bool) -> Duration> {
    let (username, password) = (letters::<BASIC>(), letters::<BASIC>());
    let verifier = Verifier::new(&pair(&username, &password));
    Box::new(move |near| {
        // The username of the far class is wrong from its first letter on.
        let presented = chosen(&username, &letters(), near);
        check_basic(&verifier, &presented, &candidate(&password, near))
    })
}

fn username() -> Box<dyn FnMut(bool) -> Duration> {
    let (username, password) = (letters::<BASIC>(), letters::<BASIC>());
    let verifier = Verifier::new(&pair(&username, &password));
    Box::new(move |right| check_basic(&verifier, &chosen(&username, &letters(), right), &letters()))
}

fn check_basic(verifier: &Verifier, username: &[u8; BASIC], password: &[u8; BASIC]) -> Duration {
    let header = format!("Basic {}", STANDARD.encode([username.as_slice(), b":", password].concat()));
    let value = HeaderValue::from_str(&header).expect("base64 is no control character");
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    timed(|| verifier.check_headers(black_box(&headers)).is_ok())
}

fn control() -> Box<dyn FnMut(bool) -> Duration> {
    let accepted = letters::<SECRET>();
    Box::new(move |near| {
        let candidate = candidate(&accepted, near);
        timed(|| black_box(candidate.as_slice()) == black_box(accepted.as_slice()))
    })
}

fn timed(compare: impl FnOnce() -> bool) -> Duration {
    let began = Instant::now();
    black_box(compare());
    began.elapsed()
}

/// Random letters that no JSON text has to escape.
fn letters<const N: usize>() -> [u8; N] {
    let mut letters = [0; N];
    fastrand::fill(&mut letters);
    letters.map(|byte| b'a' + byte % 16)
}

/// One of the two, without a branch, so that the classes are made alike.
fn chosen<const N: usize>(one: &[u8; N], other: &[u8; N], first: bool) -> [u8; N] {
    let mask = black_box(u8::from(first).wrapping_neg());
    std::array::from_fn(|at| one[at] & mask | other[at] & !mask)
}

/// Wrong in the last letter only, or everywhere.
fn candidate<const N: usize>(accepted: &[u8; N], near: bool) -> [u8; N] {
    let mut candidate = chosen(accepted, &letters(), near);
    candidate[N - 1] = b'z';
    candidate
}

fn secret(text: &[u8]) -> Authentication {
    let client_secret = ClientSecret::new(String::from_utf8_lossy(text).into_owned()).expect("within the limits");
    Authentication::ClientSecret { client_secret }
}

fn pair(username: &[u8], password: &[u8]) -> Authentication {
    let [username, password] = [username, password].map(|text| String::from_utf8_lossy(text).into_owned());
    Authentication::Basic(BasicCredentials::new(username, password).expect("within the limits"))
}

/// How often each time was seen, in nanoseconds.
struct Times(Vec<u64>);

impl Times {
    fn new() -> Self {
        Self(vec![0; LONGEST])
    }

    fn add(&mut self, time: Duration) {
        // Longer ones are the scheduler's; every cut leaves them out.
        if let Some(count) = usize::try_from(time.as_nanos()).ok().and_then(|time| self.0.get_mut(time)) {
            *count += 1;
        }
    }

    fn median(&self) -> usize {
        percentile(&self.0, 0.5)
    }

    /// Number, mean and variance of the times up to a cut.
    fn moments(&self, cut: usize) -> (u64, f64, f64) {
        let kept = || self.0[..=cut].iter().enumerate().map(|(time, count)| (time as f64, *count as f64));
        let number: u64 = self.0[..=cut].iter().sum();
        let mean = kept().map(|(time, count)| time * count).sum::<f64>() / number as f64;
        let squares: f64 = kept().map(|(time, count)| (time - mean).powi(2) * count).sum();
        (number, mean, squares / (number as f64 - 1.0))
    }
}

fn percentile(counts: &[u64], part: f64) -> usize {
    let wanted = counts.iter().sum::<u64>() as f64 * part;
    let mut seen = 0.0;
    let reached = counts.iter().position(|count| {
        seen += *count as f64;
        seen >= wanted
    });
    reached.unwrap_or(counts.len() - 1)
}

/// The greatest of Welch's t over the whole and over dudect's cuts of it.
fn greatest_t(one: &Times, other: &Times) -> f64 {
    let both: Vec<u64> = one.0.iter().zip(&other.0).map(|(a, b)| a + b).collect();
    let cuts = (1..=CUTS).map(|cut| percentile(&both, 1.0 - 0.5_f64.powf(10.0 * f64::from(cut) / f64::from(CUTS))));
    let tests = cuts.chain([LONGEST - 1]).filter_map(|cut| {
        let ((n, mean, variance), (m, other_mean, other_variance)) = (one.moments(cut), other.moments(cut));
        let error = (variance / n as f64 + other_variance / m as f64).sqrt();
        (n.min(m) >= FEWEST && error > 0.0).then(|| ((mean - other_mean) / error).abs())
    });
    tests.fold(0.0, f64::max)
}
