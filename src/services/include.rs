//! Reading files into the source map, many at once.

use super::trail::Trail;
use crate::source::{FileId, MOST_BYTES, SourceMap};
use crate::system::{LARGEST_FILE, System};
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
    let bytes = read_text(system, sources, &real)?;
    Ok(sources.insert(real, bytes))
}

/// Reads a file, if there is room for it.
pub fn read_text(system: &dyn System, sources: &SourceMap, path: &Path) -> io::Result<Vec<u8>> {
    read_into(system, path, sources.room())
}

/// Reads a file where there is room for so many bytes.
fn read_into(system: &dyn System, path: &Path, room: u64) -> io::Result<Vec<u8>> {
    if room >= LARGEST_FILE {
        return system.read(path);
    }
    system.read_at_most(path, room).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => {
            let most = MOST_BYTES >> 20;
            io::Error::new(io::ErrorKind::FileTooLarge, format!("is not read: all files come to more than {most} MiB"))
        }
        _ => error,
    })
}

/// How much room there is for each of these files, behind those before it.
fn rooms(system: &dyn System, sources: &SourceMap, paths: &[PathBuf]) -> Vec<u64> {
    let mut room = sources.room();
    // As many of the largest files fit anyway.
    if paths.len() as u64 <= room / LARGEST_FILE {
        return vec![room; paths.len()];
    }
    let of = |path: &PathBuf| {
        let before = room;
        let is_known = || system.canonical(path).is_ok_and(|real| sources.find(&real).is_some());
        let size = system.size(path).unwrap_or_default();
        if size <= room && !is_known() {
            room -= size;
        }
        before
    };
    paths.iter().map(of).collect()
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
    let rooms = rooms(system, known, paths);
    let texts: Vec<io::Result<(PathBuf, Option<Vec<u8>>)>> = paths
        .par_iter()
        .zip(rooms)
        .map(|(path, room)| {
            let real = match system.canonical(path) {
                // Whether there is such a name is not for everybody either.
                Err(error) => {
                    speakers.as_ref().map_or(Ok(()), |speakers| speakers.may_read(system, known, path))?;
                    return Err(error);
                }
                Ok(real) => real,
            };
            speakers.as_ref().map_or(Ok(()), |speakers| speakers.may_read(system, known, &real))?;
            let bytes = if known.find(&real).is_some() { None } else { Some(read_into(system, &real, room)?) };
            Ok((real, bytes))
        })
        .collect();
    for (path, text) in paths.iter().zip(&texts) {
        // What the operating system refuses is not refused here: a server would not get it either.
        let is_ours = |kind| matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::FileTooLarge);
        if text.as_ref().is_err_and(|e| is_ours(e.kind()) && e.raw_os_error().is_none()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;
    use crate::trust::Writers;

    /// The files of a host have a limit together, and which of them are read is the same each time.
    #[test]
    fn all_texts_together_have_a_limit() {
        let large = vec![b'#'; (LARGEST_FILE - 1) as usize];
        let mut system = MemorySystem::with_files([("/main", b"".to_vec()), ("/small", b"x".to_vec())]);
        let fit = (MOST_BYTES / LARGEST_FILE) as usize;
        let mut paths: Vec<PathBuf> = (0..fit + 2).map(|number| PathBuf::from(format!("/{number}"))).collect();
        for path in &paths {
            system.add_file(path, &large);
        }
        paths.insert(3, "/small".into());
        paths.push("/small".into());
        let mut sources = SourceMap::default();
        let main = read(&system, &mut sources, Path::new("/main")).expect("the main file");
        let mut trail = Trail::from(main, &Writers::default());
        let read = read_many(&system, &mut sources, &paths, (&mut trail, &[main]));
        let refused: Vec<usize> = (0..paths.len()).filter(|number| read[*number].is_err()).collect();
        assert_eq!(refused, [fit + 1, fit + 2]);
        assert!(read[fit + 1].as_ref().is_err_and(|error| error.to_string().contains("256 MiB")));
        assert_eq!(trail.end().1.len(), 2, "what is not read may say something else");
        assert!(sources.room() < LARGEST_FILE);
    }
}
