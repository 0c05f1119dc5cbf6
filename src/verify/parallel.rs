//! Some work for each of many things, as long as there is time.

use crate::hands::share;
use std::sync::atomic::{AtomicBool, Ordering};
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
    let mut done: Vec<Option<U>> = things.iter().map(|_| None).collect();
    share(things.iter().zip(&mut done), hands, |(thing, found)| {
        if begin.elapsed() < within && !stop.load(Ordering::Relaxed) {
            *found = Some(work(thing));
        }
    });
    done
}
