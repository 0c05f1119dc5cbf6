//! Some work for each of many things, several at the same time.

use crate::lock::lock;
use std::sync::Mutex;

/// Does the work for each thing, and begins in their order; returns once all is done. At most so many `hands` work at the
/// same time, of which this thread is one.
pub(crate) fn share<T>(things: impl IntoIterator<Item = T>, hands: usize, work: impl Fn(T) + Sync)
where
    T: Send,
{
    let things: Vec<T> = things.into_iter().collect();
    let others = hands.min(things.len()).saturating_sub(1);
    let waiting = Mutex::new(things.into_iter());
    // The lock is let go before the work begins.
    let next = || lock(&waiting).next();
    let hand = || {
        while let Some(thing) = next() {
            work(thing);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..others {
            scope.spawn(hand);
        }
        hand();
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn each_is_done_once_and_not_too_many_at_the_same_time() {
        for hands in [0, 1, 3, 50] {
            let (busy, most, done) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
            share(0..20, hands, |thing| {
                most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(2));
                busy.fetch_sub(1, Ordering::SeqCst);
                lock(&done).push(thing);
            });
            let mut done = done.into_inner().expect("no panic");
            done.sort_unstable();
            assert_eq!(done, (0..20).collect::<Vec<_>>());
            let most = most.into_inner();
            assert!(most <= hands.max(1), "{most} of {hands}");
            assert!(hands < 2 || most > 1, "{most} of {hands}");
        }
    }
}
