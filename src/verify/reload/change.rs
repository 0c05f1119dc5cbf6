//! What is about to change.

use crate::engine::Audit;
use crate::instance::ServiceId;
use crate::policy::Policy;
use crate::system::System;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A reload that is going to be watched.
pub struct Reload<'a> {
    /// The host with the old files.
    pub before: &'a Audit,
    /// The same with the new ones.
    pub after: &'a Audit,
    /// The instances whose files change.
    pub touched: &'a [(ServiceId, PathBuf)],
    /// This machine: times of files, sockets and processes.
    pub machine: &'a dyn System,
    /// What is demanded.
    pub policy: &'a Policy,
    /// So long may a reload take.
    pub patience: Duration,
    /// How a path is shown.
    pub show: &'a dyn Fn(&Path) -> String,
}
