//! Several hands for many jobs: each works in a network of its own.

use super::network;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does all jobs, several at once; the results come in the order of the jobs.
pub fn all<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    // Half of the time is spent waiting for servers.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let hands = if network::can_be_made() { (cores + cores.div_ceil(2)).min(12) } else { 1 };
    thread::scope(|scope| {
        let hand = || {
            network::inside(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { return };
                    let result = work(job);
                    *results[at].lock().expect("nobody else has it") = Some(result);
                }
            });
        };
        for _ in 0..hands {
            scope.spawn(hand);
        }
    });
    results.into_iter().map(|r| r.into_inner().expect("all hands are done").expect("all jobs are done")).collect()
}
