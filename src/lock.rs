//! Locks that go on after a panic: what they guard here is whole at any moment, and the panic itself is told anyway.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits for a lock, also for one whose holder panicked.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
