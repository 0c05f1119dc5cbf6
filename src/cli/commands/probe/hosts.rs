//! The hosts that the user names, in the command or in a list.

use crate::cli::options;
use crate::cli::place::absolute;
use crate::report::Paths;
use crate::source::{SourceMap, Span};
use anyhow::{Context, Result, anyhow};
use std::io::Read;
use std::path::Path;

/// A host as the user named it.
pub(super) struct Named {
    pub(super) text: String,
    /// Where the list of targets says it; none: the command line does.
    pub(super) place: Option<Span>,
}

/// The list of targets.
pub(super) struct List {
    pub(super) sources: SourceMap,
    pub(super) paths: Paths,
}

/// The hosts of a file, each with its place.
pub(super) fn listed(path: &Path, list: &mut List) -> Result<Vec<Named>> {
    let input = path == Path::new("-");
    let text = if input {
        let mut text = String::new();
        std::io::stdin().take(1 << 20).read_to_string(&mut text).context("standard input can't be read")?;
        text
    } else {
        String::from_utf8(options::own_file(path)?).map_err(|_| anyhow!("{}: is not UTF-8", path.display()))?
    };
    if path.is_relative() && !input {
        list.paths = Paths::below(absolute(Path::new(""))?);
    }
    // Standard input has no name, so that nobody can look at its lines.
    let file = match input {
        true => None,
        false => Some(list.sources.insert(absolute(path)?, text.clone().into_bytes())),
    };
    let mut found = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let host = line.split('#').next().unwrap_or_default();
        let start = offset + (host.len() - host.trim_start().len());
        let host = host.trim();
        let span = |file| Span::new(file, start as u32, (start + host.len()) as u32);
        if !host.is_empty() {
            found.push(Named { text: host.to_owned(), place: file.map(span) });
        }
        offset += line.len();
    }
    Ok(found)
}
