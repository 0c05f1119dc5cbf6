//! Ctrl-C, a lost terminal and a polite end are heeded between two steps of a transaction, never within one.

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the program was asked to end.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on such a request is noted, and does not end the program.
    pub(super) fn listen() -> Result<Interrupt> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&flag)).context("signals can't be handled")?;
        }
        Ok(Interrupt(flag))
    }

    /// Was the program asked to end?
    pub(super) fn came(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
