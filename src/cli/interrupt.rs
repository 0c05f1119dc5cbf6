//! Ctrl-C: the first ends the work and lets it report what is known, the second ends the program.

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Says whether the user wants an end.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on signals are noted.
    pub(super) fn new() -> Result<Interrupt> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the second signal finds the flag set, and does what it always does.
            flag::register_conditional_default(signal, Arc::clone(&stop)).context("signals can't be handled")?;
            flag::register(signal, Arc::clone(&stop)).context("signals can't be handled")?;
        }
        Ok(Interrupt(stop))
    }

    /// Set once the user wants an end.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.0
    }
}
