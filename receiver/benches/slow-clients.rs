//! What honest clients notice of slow ones, and of too many of their own: the p99 of honest requests beside thousands
//! of clients that send their head, send their body or take their answers a byte a second, against the p99 just before;
//! and how much of its capacity the receiver still answers at twice that.
//!
//! `cargo bench -p receiver --bench slow-clients [-- CLIENTS]`; the receiver runs on the first core and this on the
//! second, where `taskset` is there.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made says why by panicking")]

#[path = "slow-clients/attack.rs"]
mod attack;
#[path = "slow-clients/honest.rs"]
mod honest;
#[path = "slow-clients/overload.rs"]
mod overload;
#[path = "slow-clients/receiver.rs"]
mod receiver;

use std::{env, process::ExitCode, thread, time::Duration};

use self::{attack::Attack, receiver::Receiver};

const CLIENTS: usize = 5000;
const ROUNDS: usize = 3;
/// For connections to be made, and to be noticed as gone.
const SETTLE: Duration = Duration::from_secs(4);

fn main() -> ExitCode {
    let clients = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(CLIENTS);
    receiver::pin_to_second_core();
    let receiver = Receiver::start();
    honest::p99(receiver.address);
    let mut passed = true;
    println!("{clients} slow clients; honest p99, median of {ROUNDS} rounds (least to greatest), ms");
    for attack in Attack::ALL {
        let mut quiet = Vec::new();
        let mut attacked = Vec::new();
        for _ in 0..ROUNDS {
            quiet.push(honest::p99(receiver.address));
            let slow = attack.begin(receiver.address, clients);
            thread::sleep(SETTLE);
            attacked.push(honest::p99(receiver.address));
            slow.end();
            thread::sleep(SETTLE);
        }
        let ratios: Vec<f64> = attacked.iter().zip(&quiet).map(|(attacked, quiet)| attacked / quiet).collect();
        let ratio = median(&ratios);
        passed &= ratio <= 2.0;
        println!(
            "{:<12} quiet {}   beside them {}   ratio {}",
            attack.name(),
            shown(&quiet),
            shown(&attacked),
            shown(&ratios)
        );
    }
    let goodput: Vec<f64> = (0..ROUNDS).map(|_| overload::goodput(receiver.address)).collect();
    passed &= median(&goodput) >= 0.9;
    println!("goodput at twice the capacity, as a part of the capacity: {}", shown(&goodput));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn shown(figures: &[f64]) -> String {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = figures.iter().copied().fold(0.0, f64::max);
    format!("{:.2} ({least:.2} to {greatest:.2})", median(figures))
}
