//! When connections to an endpoint are made, and how many at the same time.

use super::limits::Limits;
use crate::hands::share;
use crate::lock::lock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between two connections while one is made at a time: at first, and at most. Short, since most servers that hang up do
/// so on purpose; long in the end, since limits are counted by the second or the minute.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The pace of one endpoint's connections.
pub(super) struct Pace {
    limits: Limits,
    state: Mutex<State>,
    freed: Condvar,
    /// Single connections in a row on which the server hung up.
    failures: AtomicU32,
}

struct State {
    /// The connections that are open, and how many may be.
    open: usize,
    most: usize,
    /// Before each connection; only while one is made at a time.
    pause: Option<Duration>,
    /// No connection begins before; `None`: nor ever after, since no clock can count the pace.
    next: Option<Instant>,
}

/// A place among the connections at the same time, until this is dropped.
pub(super) struct Turn<'p>(&'p Pace);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().open -= 1;
        self.0.freed.notify_one();
    }
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Pace {
        let state = State { open: 0, most: limits.parallel.max(1), pause: None, next: Some(Instant::now()) };
        Pace { limits, state: Mutex::new(state), freed: Condvar::new(), failures: AtomicU32::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// From now on there is one connection at a time, after a pause; false: there was before.
    pub(super) fn slow_down(&self) -> bool {
        let mut state = self.state();
        if state.pause.is_some() {
            return false;
        }
        (state.most, state.pause) = (1, Some(FIRST_PAUSE));
        true
    }

    /// Is one connection made at a time?
    pub(super) fn is_slow(&self) -> bool {
        self.state().pause.is_some()
    }

    /// The server hung up on a single connection. Once may be chance; twice in a row, and it may want longer pauses.
    pub(super) fn back_off(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) > 0 {
            self.lengthen_pause();
        }
    }

    /// Doubles the pause between connections.
    pub(super) fn lengthen_pause(&self) {
        if let Some(pause) = self.state().pause.as_mut() {
            *pause = (*pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Shortens the pause a little: an answer came.
    pub(super) fn ease(&self) {
        self.failures.store(0, Ordering::Relaxed);
        if let Some(pause) = self.state().pause.as_mut() {
            *pause = (*pause * 4 / 5).max(FIRST_PAUSE);
        }
    }

    /// Waits until there are fewer connections than may be at the same time.
    pub(super) fn turn(&self) -> Turn<'_> {
        let mut state = self.state();
        while state.open >= state.most {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.open += 1;
        Turn(self)
    }

    /// When the next connection may begin; that moment is taken, unless it `is_late`.
    pub(super) fn next(&self, is_late: impl Fn(Instant) -> bool) -> Option<Instant> {
        let mut state = self.state();
        let next = state.next?.max(Instant::now() + state.pause.unwrap_or_default());
        if is_late(next) {
            return None;
        }
        state.next = next.checked_add(self.limits.pace);
        Some(next)
    }

    /// Asks several questions, as many at the same time as there may be connections, and begins with the first.
    pub(super) fn all_of<'q>(&self, questions: impl IntoIterator<Item = &'q mut (dyn FnMut() + Send)>) {
        share(questions, self.limits.parallel, |question| question());
    }
}
