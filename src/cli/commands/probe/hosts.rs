//! The hosts that the user names, in the command or in a list.

use crate::cli::typed_path::{absolute, here};
use crate::report::Paths;
use crate::source::{SourceMap, Span};
use crate::system::reason;
use anyhow::{Result, anyhow, bail};
use std::io::{self, Read};
use std::path::Path;

/// The largest list, in bytes.
const MOST: u64 = 1 << 20;
/// What some editors begin a file with.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A host as the user named it.
pub(super) struct Named {
    pub(super) text: String,
    /// Where the list of targets says it; none: the command line does, or a list that nobody can look at.
    pub(super) place: Option<Span>,
    /// The beginning of a complaint about it: `targets:3: `; empty for the command line.
    pub(super) origin: String,
}

impl Named {
    /// A host of the command line.
    pub(super) fn typed(text: &str) -> Named {
        Named { text: text.to_owned(), place: None, origin: String::new() }
    }
}

/// The list of targets.
pub(super) struct List {
    pub(super) sources: SourceMap,
    pub(super) paths: Paths,
}

/// The hosts of a file, each with its place.
pub(super) fn listed(path: &Path, list: &mut List) -> Result<Vec<Named>> {
    let input = path == Path::new("-");
    let name = if input { "standard input".to_owned() } else { path.display().to_string() };
    let read = if input { bytes(io::stdin(), false) } else { opened(path) };
    let Text { mut bytes, stays } = read.map_err(|e| anyhow!("{name}: {}", reason(&e)))?;
    if bytes.len() as u64 > MOST {
        bail!("{name}: is larger than 1 MiB");
    }
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    let text = String::from_utf8(bytes).map_err(|_| anyhow!("{name}: is not UTF-8"))?;
    if path.is_relative() && !input {
        list.paths = Paths::below(here()?);
    }
    let file = match stays {
        true => Some(list.sources.insert(absolute(path)?, text.clone().into_bytes())),
        false => None,
    };
    let mut found = Vec::new();
    let mut offset = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let host = line.split('#').next().unwrap_or_default();
        let start = offset + (host.len() - host.trim_start().len());
        let host = host.trim();
        let span = |file| Span::new(file, start as u32, (start + host.len()) as u32);
        if !host.is_empty() {
            let origin = if input { format!("{name}, line {number}: ") } else { format!("{name}:{number}: ") };
            found.push(Named { text: host.to_owned(), place: file.map(span), origin });
        }
        offset += line.len();
    }
    Ok(found)
}

/// A list as it was read.
struct Text {
    bytes: Vec<u8>,
    /// Is there a file whose lines somebody can look at later? A pipe or standard input has none.
    stays: bool,
}

/// Reads a list, or one byte more than it may have.
fn bytes(from: impl Read, stays: bool) -> io::Result<Text> {
    let mut bytes = Vec::new();
    from.take(MOST + 1).read_to_end(&mut bytes)?;
    Ok(Text { bytes, stays })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the user's own list may be a pipe of the shell, <(...), which only the kernel resolves and no System reads"
)]
fn opened(path: &Path) -> io::Result<Text> {
    let file = std::fs::File::open(path)?;
    let stays = file.metadata()?.is_file();
    bytes(file, stays)
}
