//! Requests to end: Ctrl-C, a polite end, a lost terminal.
//!
//! A transaction heeds them between two of its steps, never within one. A probe reports what it knows by then, and a
//! second request ends the program.

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the program was asked to end.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on such a request is noted, and does not end the program.
    pub(super) fn listen() -> Result<Interrupt> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register(signal, Arc::clone(&asked)).context("signals can't be handled")?;
        }
        Ok(Interrupt(asked))
    }

    /// From now on the first Ctrl-C is noted; the second one ends the program.
    pub(super) fn once() -> Result<Interrupt> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the second signal finds the flag set, and does what it always does.
            flag::register_conditional_default(signal, Arc::clone(&asked)).context("signals can't be handled")?;
            flag::register(signal, Arc::clone(&asked)).context("signals can't be handled")?;
        }
        Ok(Interrupt(asked))
    }

    /// Was the program asked to end?
    pub(super) fn came(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Set once the program was asked to end.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.0
    }
}
