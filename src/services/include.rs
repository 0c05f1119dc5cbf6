//! Reading files into the source map, many at once.

use super::trail::Trail;
use crate::source::{FileId, SourceMap};
use crate::system::System;
use rayon::prelude::*;
use std::io;
use std::path::{Path, PathBuf};

/// How deep includes may be nested: more is taken for a cycle. Apache's own limit is 128; nginx has none, and a chain
/// this long is nobody's intention.
pub const DEEPEST: usize = 128;

/// Reads one file, or finds it if it has been read under any name.
pub fn read(system: &dyn System, sources: &mut SourceMap, path: &Path) -> io::Result<FileId> {
    let real = system.canonical(path)?;
    if let Some(id) = sources.find(&real) {
        return Ok(id);
    }
    let bytes = system.read(&real)?;
    Ok(sources.insert(real, bytes))
}

/// Why a directory is not looked into.
pub fn not_listed(folder: &Path) -> String {
    format!(
        "{}: not looked into: the pattern stands on the word of others, who may not be able to list this directory",
        folder.display()
    )
}

/// Reads files that are included, in parallel; the results are in the order of `paths`, and so are the ids of new files.
/// The include is made of words in `includers`: those on whose word it stands ([`Trail`]) have to be able to read them.
pub fn read_many(
    system: &dyn System,
    sources: &mut SourceMap,
    paths: &[PathBuf],
    (trail, includers): (&mut Trail, &[FileId]),
) -> Vec<io::Result<FileId>> {
    let speakers = trail.speakers(system, sources, includers);
    let known = &*sources;
    let texts: Vec<io::Result<(PathBuf, Option<Vec<u8>>)>> = paths
        .par_iter()
        .map(|path| {
            let real = match system.canonical(path) {
                // Whether there is such a name is not for everybody either.
                Err(error) => {
                    speakers.as_ref().map_or(Ok(()), |speakers| speakers.may_read(system, known, path))?;
                    return Err(error);
                }
                Ok(real) => real,
            };
            speakers.as_ref().map_or(Ok(()), |speakers| speakers.may_read(system, known, &real))?;
            let bytes = if known.find(&real).is_some() { None } else { Some(system.read(&real)?) };
            Ok((real, bytes))
        })
        .collect();
    for (path, text) in paths.iter().zip(&texts) {
        // What the operating system refuses is not refused for somebody's sake.
        if text.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied && e.raw_os_error().is_none()) {
            trail.leave_out(system.canonical(path).unwrap_or_else(|_| crate::system::normalize(path)));
        }
    }
    let mut one = |text: io::Result<(PathBuf, Option<Vec<u8>>)>| {
        let (real, bytes) = text?;
        match bytes {
            Some(bytes) => Ok(sources.insert(real, bytes)),
            None => sources.find(&real).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)),
        }
    };
    let files: Vec<io::Result<FileId>> = texts.into_iter().map(&mut one).collect();
    let read: Vec<FileId> = files.iter().filter_map(|file| file.as_ref().ok().copied()).collect();
    trail.note(&read, speakers.as_ref());
    files
}
