//! On whose word each file of an instance is read.
//!
//! An `include` is somebody's word: that of everybody who could have written the file that it stands in. Root reads what
//! the server would read, but whoever wrote the include must not be shown what they can't read, nor have files changed
//! that they can't write. What root's own files include, directly or not, is read on nobody else's word.

use crate::instance::Borrowed;
use crate::source::{FileId, SourceMap};
use crate::system::{System, is_out_of_reach};
use crate::trust::{Access, Writers};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

/// Through whose words the files of an instance were reached.
#[derive(Debug, Default)]
pub struct Trail {
    /// Files that were reached through somebody's word.
    borrowed: BTreeMap<FileId, Borrowed>,
    /// Files that root's own files lead to.
    own: HashSet<FileId>,
    /// On whose word the includes of a file stand.
    speakers: HashMap<FileId, Writers>,
    /// Those who run the server: what its command line gives is their word.
    run_by: Writers,
    /// Files that those on whose word they would be read may not be able to read.
    left_out: BTreeSet<PathBuf>,
}

impl Trail {
    /// The trail of a main file that these named, by the process that they run; nobody: it is the host's own.
    pub fn from(main: FileId, named_by: &Writers) -> Trail {
        let mut trail = Trail { run_by: named_by.clone(), ..Trail::default() };
        let speakers = Speakers { who: named_by.clone(), includer: main };
        trail.note(&[main], (!named_by.is_empty()).then_some(&speakers));
        trail
    }

    /// On whose word an include stands that these files make up: those who could have written them, and those on whose
    /// word they were read. With one of the files that others could have written.
    pub(super) fn speakers(&mut self, system: &dyn System, sources: &SourceMap, files: &[FileId]) -> Option<Speakers> {
        let of_files = files.iter().map(|file| (*file, self.speakers_in(system, sources, *file)));
        let mut of_files = of_files.filter(|(_, who)| !who.is_empty()).collect::<Vec<_>>().into_iter();
        let (includer, who) = of_files.next()?;
        Some(Speakers { who: of_files.fold(who, |all, (_, who)| all.and(who)), includer })
    }

    /// Those on whose word an include stands that these files make up; nobody: it is the host's own.
    pub(super) fn word_of(&mut self, system: &dyn System, sources: &SourceMap, files: &[FileId]) -> Writers {
        self.speakers(system, sources, files).map(|speakers| speakers.who).unwrap_or_default()
    }

    fn speakers_in(&mut self, system: &dyn System, sources: &SourceMap, file: FileId) -> Writers {
        let run_by = &self.run_by;
        let of_file = self.speakers.entry(file).or_insert_with(|| {
            // What is given on a command line is no file, and the word of those who run it.
            let path = sources.file(file).path();
            if path.is_absolute() {
                system.writers(path).unwrap_or_else(|_| Writers::everybody())
            } else {
                run_by.clone()
            }
        });
        match self.borrowed.get(&file).filter(|_| !self.own.contains(&file)) {
            Some(borrowed) => of_file.clone().and(borrowed.by.clone()),
            None => of_file.clone(),
        }
    }

    /// Remembers that these files were read on that word.
    pub(super) fn note(&mut self, files: &[FileId], speakers: Option<&Speakers>) {
        let Some(Speakers { who, includer }) = speakers else {
            self.own.extend(files);
            return;
        };
        for file in files {
            let known = self.borrowed.entry(*file);
            let known = known.or_insert_with(|| Borrowed { by: Writers::default(), includer: *includer });
            known.by = std::mem::take(&mut known.by).and(who.clone());
        }
    }

    /// Remembers that a file is not read, for the sake of somebody who may not be able to.
    pub(super) fn leave_out(&mut self, path: PathBuf) {
        self.left_out.insert(path);
    }

    /// The files that nothing but somebody else's word leads to, and those that are not read for their sake.
    pub fn end(mut self) -> (BTreeMap<FileId, Borrowed>, BTreeSet<PathBuf>) {
        self.borrowed.retain(|file, _| !self.own.contains(file));
        (self.borrowed, self.left_out)
    }
}

/// Those on whose word something is included.
pub(super) struct Speakers {
    who: Writers,
    /// A file that they could have written.
    includer: FileId,
}

impl Speakers {
    /// Refuses what they may not be able to read.
    pub(super) fn may_read(&self, system: &dyn System, sources: &SourceMap, real: &Path) -> io::Result<()> {
        if !is_out_of_reach(system, real, &self.who, Access::Read) {
            return Ok(());
        }
        let (who, includer) = (&self.who, sources.file(self.includer).path().display());
        let why = format!("{who} can write {includer}, which includes it, and may not be able to read it: not read");
        Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
    }
}

#[cfg(test)]
mod tests {
    use super::super::include::{read, read_many};
    use super::*;
    use crate::system::MemorySystem;

    /// Reads files one after the other, each on behalf of another; the files that stay borrowed, and what was refused.
    fn follow(system: &MemorySystem, named_by: &Writers, includes: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let mut sources = SourceMap::default();
        let main = read(system, &mut sources, Path::new("/main")).expect("the main file");
        let mut trail = Trail::from(main, named_by);
        let mut refused = Vec::new();
        for (includer, path) in includes {
            let Some(includer) = sources.find(Path::new(includer)) else { continue };
            let path = PathBuf::from(path);
            for read in read_many(system, &mut sources, &[path], (&mut trail, &[includer])) {
                refused.extend(read.err().map(|error| error.to_string()));
            }
        }
        let show = |(file, one): (FileId, Borrowed)| {
            let path = |file| sources.file(file).path().display().to_string();
            format!("{} by {} in {}", path(file), one.by, path(one.includer))
        };
        (trail.end().0.into_iter().map(show).collect(), refused)
    }

    fn host() -> MemorySystem {
        let mut system = MemorySystem::with_files([
            ("/main", ""),
            ("/sites/own", ""),
            ("/snippets/tls", ""),
            ("/snippets/more", ""),
            ("/secret", ""),
            ("/open/secret", ""),
        ]);
        system.give("/sites", 33, 0o755);
        system.give("/secret", 0, 0o600);
        system.give("/open/secret", 0, 0o640);
        system
    }

    #[test]
    fn whoever_can_write_a_file_speaks_in_it() {
        let host = host();
        let nobody = Writers::default();
        let includes = [("/main", "/sites/own"), ("/sites/own", "/snippets/tls"), ("/snippets/tls", "/snippets/more")];
        let (borrowed, refused) = follow(&host, &nobody, &includes);
        assert_eq!(
            borrowed,
            ["/snippets/tls by user 33 in /sites/own", "/snippets/more by user 33 in /snippets/tls"],
            "what they include includes on their word"
        );
        assert!(refused.is_empty());
        // What root's own files include too is not borrowed, in whatever order.
        let own = ("/main", "/snippets/tls");
        for at in 0..=includes.len() {
            let mut includes = includes.to_vec();
            includes.insert(at, own);
            let again = [includes.as_slice(), &[("/snippets/tls", "/snippets/more")]].concat();
            assert!(follow(&host, &nobody, &again).0.is_empty(), "{at}");
        }
    }

    #[test]
    fn nobody_is_shown_what_they_can_not_read() {
        let host = host();
        for secret in ["/secret", "/open/secret"] {
            let includes = [("/main", "/sites/own"), ("/sites/own", secret)];
            let (borrowed, refused) = follow(&host, &Writers::default(), &includes);
            let why = "user 33 can write /sites/own, which includes it, and may not be able to read it: not read";
            assert_eq!((borrowed, refused), (Vec::new(), vec![why.to_owned()]));
            let root = follow(&host, &Writers::default(), &[("/main", secret)]);
            assert_eq!(root, (Vec::new(), Vec::new()), "root's own file may include it");
        }
        // Neither by a file of root's that includes it, nor by naming root's main file.
        let includes = [("/main", "/sites/own"), ("/sites/own", "/snippets/tls"), ("/snippets/tls", "/secret")];
        assert_eq!(follow(&host, &Writers::default(), &includes).1.len(), 1);
        assert_eq!(follow(&host, &Writers::other_user(34), &[("/main", "/secret")]).1.len(), 1);
    }
}
