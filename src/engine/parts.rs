//! What the user named holds no main file: the host's own may load it, else it is judged as if one did.

use crate::finding::Finding;
use crate::instance::is_backup;
use crate::services::service::{FileRole, Resolved, Service, World};
use crate::source::{FileId, SourceMap};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A file that is not a main file: its service, and what it is.
pub(super) type Part<'s> = (&'s dyn Service, FileId, FileRole);

/// The instances that were found for parts.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) resolved: Vec<Box<dyn Resolved>>,
    /// The main files among them that lie outside of what the user named.
    pub(super) foreign: BTreeSet<PathBuf>,
    /// What is to be said to the user.
    pub(super) remarks: Vec<String>,
}

/// Judges the parts of services of which no main file was found. `given`: the files that the user named one by one; others
/// that look like somebody's backup are nothing that a main file would include.
pub(super) fn judge(
    parts: &[Part<'_>],
    found: &[Box<dyn Resolved>],
    given: &BTreeSet<PathBuf>,
    world: World<'_>,
    sources: &mut SourceMap,
) -> Judged {
    let mut judged = Judged::default();
    let read: BTreeSet<&FileId> = found.iter().flat_map(|one| &one.instance().files).collect();
    for service in crate::services::all() {
        let of_service = |one: &&Part<'_>| one.0.id() == service.id();
        let is_meant = |(_, file, _): &&Part<'_>| {
            let path = sources.file(*file).path();
            !is_backup(path) || given.contains(path)
        };
        let files: Vec<FileId> = parts
            .iter()
            .filter(of_service)
            .filter(is_meant)
            .map(|part| part.1)
            .filter(|file| !read.contains(file))
            .collect();
        // Where not all of its includes could be looked at, they may lead to these files.
        let instances = found.iter().map(|one| one.instance());
        let has_main = instances.filter(|one| !one.reach.is_cut).any(|one| one.service == service.id());
        if !has_main && !files.is_empty() {
            of_one(service, files, world, sources, &mut judged);
        }
    }
    judged
}

/// The same for one service.
fn of_one(service: &dyn Service, files: Vec<FileId>, world: World<'_>, sources: &mut SourceMap, judged: &mut Judged) {
    let mut left: BTreeSet<FileId> = files.into_iter().collect();
    for main in mains(service, world) {
        if left.is_empty() {
            return;
        }
        let one = service.load(&main, world, sources);
        let instance = one.instance();
        let mut loaded = left.intersection(&instance.files).map(|file| sources.file(*file).path().display()).peekable();
        if let Some(first) = loaded.next() {
            let more = match loaded.count() {
                0 => "it is".to_owned(),
                more => format!("it and {more} more are"),
            };
            let main = main.display();
            judged.remarks.push(format!("{first}: {main} loads it, so {more} audited there, with all of {main}"));
            left.retain(|file| !instance.files.contains(file));
            judged.foreign.insert(instance.main.clone());
            judged.resolved.push(one);
        }
    }
    let parts: Vec<Box<dyn Resolved>> = left.into_iter().map(|file| service.part(file, world, sources)).collect();
    // What one of them includes is judged there.
    let mut readers: BTreeMap<FileId, usize> = BTreeMap::new();
    for file in parts.iter().flat_map(|part| &part.instance().files) {
        *readers.entry(*file).or_default() += 1;
    }
    let is_included = |part: &dyn Resolved| {
        let own = sources.find(&part.instance().main);
        own.is_some_and(|file| {
            let reads_itself = usize::from(part.instance().files.contains(&file));
            readers.get(&file).is_some_and(|readers| *readers > reads_itself)
        })
    };
    let own: Vec<bool> =
        parts.iter().map(|part| !part.instance().endpoints.is_empty() || !is_included(&**part)).collect();
    judged.resolved.extend(parts.into_iter().zip(own).filter_map(|(part, own)| own.then_some(part)));
}

/// The main files of the host: those in use, then the usual ones.
fn mains(service: &dyn Service, world: World<'_>) -> Vec<PathBuf> {
    let named = world.facts.main_files.iter().filter(|main| main.service == service.id()).map(|main| main.path.clone());
    let usual = service.main_files().iter().map(PathBuf::from);
    let mut seen = BTreeSet::new();
    let is_new = |path: &PathBuf| world.system.canonical(path).is_ok_and(|real| seen.insert(real));
    named.chain(usual).filter(is_new).collect()
}

/// Takes away a fix that changes what the user did not name: of a main file that only loads what they named.
pub(super) fn confine(finding: &mut Finding, sources: &SourceMap, is_named: impl Fn(&Path) -> bool) {
    let Some(fix) = &finding.fix else { return };
    let outside = fix.edits.iter().map(|edit| sources.file(edit.span.file).path()).find(|path| !is_named(path));
    if let Some(path) = outside {
        finding.help = Some(format!("the fix changes {}, which is not in what you named: name it too", path.display()));
        finding.fix = None;
    }
}
