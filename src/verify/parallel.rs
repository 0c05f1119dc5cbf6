//! Some work for each of many things, several at the same time.

use crate::lock::lock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Does it in order; `None`: there was no time, or it was stopped before.
pub(super) fn each<T: Sync, U: Send>(
    things: &[T],
    hands: usize,
    within: Duration,
    stop: &AtomicBool,
    work: &(dyn Fn(&T) -> U + Sync),
) -> Vec<Option<U>> {
    let begin = Instant::now();
    let waiting = Mutex::new(things.iter().enumerate());
    let done: Mutex<Vec<Option<U>>> = Mutex::new(things.iter().map(|_| None).collect());
    let hand = || {
        while begin.elapsed() < within && !stop.load(Ordering::Relaxed) {
            let next = lock(&waiting).next();
            let Some((at, thing)) = next else { return };
            let found = work(thing);
            lock(&done)[at] = Some(found);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..hands.min(things.len()) {
            scope.spawn(hand);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}
