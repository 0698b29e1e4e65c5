//! What honest clients notice of slow ones, and of too many of their own: the p99 of honest requests beside thousands
//! of clients that send their head, send their body or take their answers a byte a second, against the p99 just before;
//! and how much of its capacity the receiver still answers at twice that. Before that: what a stranger's body of 4 MiB costs
//! the receiver, whatever is in it, and what honest clients notice of two connections that send the costliest.
//!
//! `cargo bench -p receiver --bench slow-clients [-- CLIENTS]`, with 0 for the strangers alone; the receiver runs on the first core and this on the
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
#[path = "slow-clients/shapes.rs"]
mod shapes;
#[path = "slow-clients/strangers.rs"]
mod strangers;

use std::{env, process::ExitCode, thread, time::Duration};

use self::{attack::Attack, honest::Honest, receiver::Receiver};

const CLIENTS: usize = 5000;
const ROUNDS: usize = 5;
/// For connections to be made, and to be noticed as gone.
const SETTLE: Duration = Duration::from_secs(4);
/// Connections of strangers, and bytes a second of each.
const STRANGERS: (usize, u32) = (2, 8 << 20);
/// Most that a stranger's body may cost, as a multiple of a plain string of the same length.
const MAX_COST: f64 = 3.0;

fn main() -> ExitCode {
    let clients = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(CLIENTS);
    receiver::pin_to_second_core();
    let receiver = Receiver::start();
    Honest::new(receiver.address).work();
    let mut passed = strangers(&receiver);
    if clients == 0 {
        return if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    println!("{clients} slow clients; p99 of the honest in {ROUNDS} rounds, ms (that of single rounds)");
    for attack in Attack::ALL {
        let (mut quiet, mut attacked) = (Honest::new(receiver.address), Honest::new(receiver.address));
        for _ in 0..ROUNDS {
            quiet.work();
            let slow = attack.begin(receiver.address, clients);
            thread::sleep(SETTLE);
            attacked.work();
            slow.end();
            thread::sleep(SETTLE);
        }
        let ratio = attacked.p99() / quiet.p99();
        passed &= ratio <= 2.0;
        println!("{:<12} quiet {quiet}   beside them {attacked}   ratio {ratio:.2}", attack.name());
    }
    let goodput: Vec<f64> = (0..ROUNDS).map(|_| overload::goodput(receiver.address)).collect();
    passed &= median(&goodput) >= 0.9;
    println!("goodput at twice the capacity, as a part of the capacity: {}", shown(&goodput));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What strangers cost, and what others notice of them.
fn strangers(receiver: &Receiver) -> bool {
    let mut passed = true;
    let plain = shapes::plain();
    let base = strangers::cost(receiver, &plain);
    println!("a stranger's body of 4 MiB: processor time, and as a multiple of {}", plain.name);
    println!("{:<32} {:6.2} ms", plain.name, base.as_secs_f64() * 1000.0);
    let costs = shapes::all().into_iter().map(|shape| {
        let cost = strangers::cost(receiver, &shape);
        let ratio = cost.as_secs_f64() / base.as_secs_f64();
        passed &= ratio <= MAX_COST;
        println!("{:<32} {:6.2} ms   {ratio:.2}", shape.name, cost.as_secs_f64() * 1000.0);
        (cost, shape)
    });
    let (_, costliest) = costs.max_by_key(|(cost, _)| *cost).unwrap();
    let (connections, rate) = STRANGERS;
    let (mut quiet, mut attacked) = (Honest::new(receiver.address), Honest::new(receiver.address));
    for _ in 0..ROUNDS {
        quiet.work();
        let strangers = strangers::begin(receiver.address, &costliest, connections, rate);
        attacked.work();
        strangers.end();
    }
    let ratio = attacked.p99() / quiet.p99();
    passed &= ratio <= 2.0;
    println!(
        "{connections} connections with `{}`, {} MiB a second each; p99 of the honest, ms",
        costliest.name,
        rate >> 20
    );
    println!("{:<12} quiet {quiet}   beside them {attacked}   ratio {ratio:.2}", "strangers");
    passed
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
