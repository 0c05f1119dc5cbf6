//! A file that a main file includes which is not here: a site of a repository, what a hook is given.
//!
//! Its servers are judged as if it stood in a block of its own. What the blocks around it would give is not known, so an
//! answer that depends on them is unknown.

use super::module::ListenModule;
use super::state::TreeReader;
use super::{fragment, parse, resolve};
use crate::instance::Standing;
use crate::services::service::{Resolved, World};
use crate::services::tree::{NodeKind, Tree};
use crate::source::{FileId, SourceMap};

/// Reads a file as included. Without a server of its own it may be included in one, or in the block around it: then each
/// of its lines is judged by itself.
pub(super) fn read(file: FileId, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved> {
    let bytes = sources.file(file).bytes();
    match section(&parse::parse(bytes), bytes) {
        Some(section) => {
            let path = sources.file(file).path().to_owned();
            let reader = TreeReader::read_part(file, section, world, sources);
            resolve::finish(reader, path)
        }
        None => Box::new(fragment::read(file, Standing::Part, world, sources)),
    }
}

/// Has the text a block that only a main file has, as nginx reads it: in no other block, its name in quotes or not,
/// whatever else stands on that line?
pub(super) fn has_main_block(bytes: &[u8]) -> bool {
    has_block(bytes, |name| matches!(name, b"events" | b"http" | b"stream" | b"mail"))
}

/// Has the text a virtual server that lies in no other block?
pub(super) fn has_server(bytes: &[u8]) -> bool {
    has_block(bytes, |name| name == b"server")
}

fn has_block(bytes: &[u8], is_wanted: fn(&[u8]) -> bool) -> bool {
    let tree = parse::parse(bytes);
    outermost(&tree, 0..tree.nodes.len()).any(|at| {
        let words = tree.words(at);
        tree.nodes[at].kind == NodeKind::Open && words.len() == 1 && is_wanted(&name(&tree, at, bytes))
    })
}

/// The section that a file with virtual servers is included in: mail and stream servers have directives that those of
/// http don't have; `None`: it has no servers.
fn section(tree: &Tree, bytes: &[u8]) -> Option<ListenModule> {
    let is_server = |at: &usize| tree.nodes[*at].kind == NodeKind::Open && &*name(tree, *at, bytes) == b"server";
    let mut servers = outermost(tree, 0..tree.nodes.len()).filter(is_server).peekable();
    servers.peek()?;
    let inner = servers.flat_map(|at| outermost(tree, tree.body(at)));
    let of_kind = inner.filter_map(|at| match &*name(tree, at, bytes) {
        b"protocol" | b"starttls" | b"smtp_auth" | b"imap_auth" | b"pop3_auth" | b"auth_http" => {
            Some(ListenModule::Mail)
        }
        b"proxy_pass" | b"proxy_ssl" | b"ssl_preread" | b"proxy_timeout" | b"preread_timeout" => {
            Some(ListenModule::Stream)
        }
        _ => None,
    });
    Some(of_kind.into_iter().next().unwrap_or(ListenModule::Http))
}

/// The nodes in a range that lie in no other block of it.
fn outermost(tree: &Tree, range: std::ops::Range<usize>) -> impl Iterator<Item = usize> {
    let end = range.end;
    let inside = move |at: &usize| *at < end;
    std::iter::successors(Some(range.start).filter(inside), move |at| Some(tree.next(*at)).filter(inside))
}

/// The name of a node, as nginx reads it.
fn name<'a>(tree: &Tree, at: usize, bytes: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
    tree.words(at).first().map(|word| parse::value(&bytes[word.start as usize..word.end as usize])).unwrap_or_default()
}
