//! How a path is shown: absolute, as on the host, or relative to a folder.

use super::sanitise;
use crate::source::{SourceMap, Span};
use std::path::{Path, PathBuf};

/// How to show a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    base: Option<PathBuf>,
}

impl Paths {
    /// Shows every path as it is: absolute, on the host that was audited.
    pub const fn absolute() -> Paths {
        Paths { base: None }
    }

    /// Shows a path below `base` without it.
    pub fn below(base: impl Into<PathBuf>) -> Paths {
        Paths { base: Some(base.into()) }
    }

    /// The folder that paths are shown without.
    pub fn base(&self) -> Option<&Path> {
        self.base.as_deref()
    }

    /// The path as it is shown, as a path.
    pub fn strip<'p>(&self, path: &'p Path) -> &'p Path {
        let stripped = self.base.as_ref().and_then(|base| path.strip_prefix(base).ok());
        stripped.filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(path)
    }

    /// The path for a terminal.
    pub fn show(&self, path: &Path) -> String {
        sanitise::line(self.strip(path).as_os_str().as_encoded_bytes())
    }

    /// A place for a terminal: `/etc/nginx/nginx.conf:12:5`.
    pub fn spot(&self, sources: &SourceMap, span: Span) -> String {
        let at = sources.line_column(span);
        format!("{}:{}:{}", self.show(sources.file(span.file).path()), at.line, at.column)
    }

    /// The path for JSON: each run of bytes that is not UTF-8 is one U+FFFD.
    pub fn lossy(&self, path: &Path) -> String {
        self.strip(path).to_string_lossy().into_owned()
    }
}
