//! Reads openssl.cnf and what it includes into sections, as the library does (`def_load_bio`): one error, wherever it is,
//! and there are none.

use super::circumstances::{Circumstances, Variable};
use super::expand::expand;
use super::lines::{Line, Lines};
use super::modules::Trouble;
use super::parse::{Item, Statement, parse};
use super::sections::{DEFAULT, Entry, Member, Place, Sections};
use crate::system::{Kind, System, reason};
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is read at most, in bytes, all files and all turns of a cycle together. Real ones have some ten thousand.
const MOST_READ: u64 = 2 << 20;
/// How deep files include files before it is taken for a cycle. The library goes on until it can open no more.
const DEEPEST: usize = 100;

/// More notes of one kind help nobody.
const MOST_NOTES: usize = 50;

/// Why nothing is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The library gives up the file.
    Void(Trouble),
    /// What it would do is not known.
    Unknown(String),
}

/// What is wrong with a line.
enum Wrong {
    Void(String),
    Unknown(String),
}

impl From<String> for Wrong {
    fn from(what: String) -> Wrong {
        Wrong::Void(what)
    }
}

/// What a file and its includes hold.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) sections: Sections,
    /// Files that are passed over, as lowercase fragments.
    pub(crate) passed_over: Vec<String>,
    /// What decides and is not known.
    pub(crate) doubts: Vec<String>,
}

/// Reads a file; a device that is empty, and a folder, are empty files.
pub(crate) fn load(system: &dyn System, path: &Path, circumstances: &Circumstances<'_>) -> Result<Loaded, Failure> {
    let mut reader = Reader {
        system,
        circumstances,
        loaded: Loaded::default(),
        section: DEFAULT.to_owned(),
        files: Vec::new(),
        folder: None,
        folders: 0,
        read: 0,
        dollars: false,
        only_absolute: false,
        include_folder: None,
        unsure_section: None,
    };
    reader.loaded.sections.open(DEFAULT);
    match reader.open(path) {
        Ok(bytes) => reader.files.push(File::new(path, bytes, true, None)),
        Err(Unopened::Unknown(why)) => return Err(Failure::Unknown(why)),
        Err(Unopened::PassedOver(_)) => {}
    }
    reader.run()?;
    Ok(reader.loaded)
}

/// A file that is being read.
struct File {
    path: Arc<Path>,
    bytes: Vec<u8>,
    lines: Lines,
    member: Option<Member>,
}

impl File {
    fn new(path: &Path, bytes: Vec<u8>, is_main: bool, member: Option<Member>) -> File {
        File { path: Arc::from(path), bytes, lines: Lines::new(is_main), member }
    }
}

/// A folder that is being included. There is one at a time.
struct Folder {
    number: usize,
    path: PathBuf,
    rest: VecDeque<PathBuf>,
    has_several: bool,
    /// The section in which the next file would begin, if it was alone.
    section: Vec<u8>,
}

enum Unopened {
    PassedOver(String),
    Unknown(String),
}

struct Reader<'a> {
    system: &'a dyn System,
    circumstances: &'a Circumstances<'a>,
    loaded: Loaded,
    section: Vec<u8>,
    files: Vec<File>,
    folder: Option<Folder>,
    folders: usize,
    read: u64,
    /// What pragmas say.
    dollars: bool,
    only_absolute: bool,
    include_folder: Option<Vec<u8>>,
    /// A folder of which several files end in other sections than they begin in: which one is last is not known.
    unsure_section: Option<PathBuf>,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), Failure> {
        while let Some(file) = self.files.last_mut() {
            let Some(line) = file.lines.next(&file.bytes) else {
                self.files.pop();
                self.next_of_folder().map_err(Failure::Unknown)?;
                continue;
            };
            let bytes = file.bytes[line.span.clone()].trim_ascii_end();
            let (start, end) = (line.span.start, line.span.start + bytes.len());
            let place = Place { path: Arc::clone(&file.path), line: line.number, start, end };
            let member = file.member;
            match self.line(&line, &place, member) {
                Ok(()) => {}
                Err(Wrong::Void(what)) => return Err(Failure::Void(Trouble { place: Some(place), what })),
                Err(Wrong::Unknown(what)) => return Err(Failure::Unknown(format!("{place}: {what}"))),
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &Line, place: &Place, member: Option<Member>) -> Result<(), Wrong> {
        let text = line.text.as_slice();
        match parse(text) {
            Statement::Blank => {}
            Statement::Section(title) => {
                if !self.dollars && has_dollar(&text[title.clone()]) {
                    return Err("the name of a section has a \"$\" in it".to_owned().into());
                }
                self.section = self.expand(&text[title], DEFAULT)?;
                self.unsure_section = None;
                self.loaded.sections.open(&self.section);
            }
            Statement::Item(item) => self.item(line, place, member, &item)?,
        }
        Ok(())
    }

    fn item(&mut self, line: &Line, place: &Place, member: Option<Member>, item: &Item) -> Result<(), Wrong> {
        let text = line.text.as_slice();
        let part = |range: &Range<usize>| &text[range.clone()];
        let (name, value) = (part(&item.name), part(&item.value));
        let section = item.section.as_ref().map_or_else(|| self.section.clone(), |range| part(range).to_owned());
        let names = [Some(name), item.section.as_ref().map(part)];
        let is_wrong = !self.dollars && names.into_iter().flatten().any(has_dollar);
        let directive = |word: &[u8]| {
            name.starts_with(word) && (name.len() > word.len() || item.is_spaced || item.has_equals) && !is_wrong
        };
        if directive(b".pragma") && !self.circumstances.is_before(3, 0) {
            return Ok(self.pragma(value)?);
        }
        if directive(b".include") {
            return self.include(&section, value, place);
        }
        if !item.has_equals || is_wrong {
            let what = match (name, value) {
                ([], [b'[', rest @ ..]) if rest.contains(&b']') => "the section name has characters that it can't have",
                ([], [b'[', ..]) => "the section name has no \"]\"",
                _ => "an equal sign is missing",
            };
            return Err(what.to_owned().into());
        }
        if let (None, Some(folder)) = (&item.section, self.unsure_section.take()) {
            self.doubt_order(&folder, "in which section the next lines are");
        }
        let value = self.expand(value, &section)?;
        let entry = Entry::new(value, place.clone(), member);
        let new = entry.value.clone();
        let old = self.loaded.sections.set(&section, name, entry);
        if let Some((old, member)) = old.zip(member)
            && old.member.is_some_and(|other| other.folder == member.folder && other.file != member.file)
            && old.value != new
        {
            let folder = place.path.parent().unwrap_or(&place.path).to_owned();
            self.doubt_order(&folder, &String::from_utf8_lossy(name));
        }
        if self.loaded.sections.are_too_many() {
            return Err(Wrong::Unknown("all values come to more than 16 MiB".to_owned()));
        }
        Ok(())
    }

    fn pass_over(&mut self, why: String) {
        if self.loaded.passed_over.len() < MOST_NOTES {
            self.loaded.passed_over.push(why);
        }
    }

    fn doubt_order(&mut self, folder: &Path, what: &str) {
        let doubt = format!("the order in which the file system lists {} decides {what}", folder.display());
        let doubts = &mut self.loaded.doubts;
        if doubts.len() < MOST_NOTES && !doubts.contains(&doubt) {
            doubts.push(doubt);
        }
    }

    fn expand(&self, text: &[u8], section: &[u8]) -> Result<Vec<u8>, Wrong> {
        expand(text, self.dollars, |named, name| self.variable(named.unwrap_or(section), name))
    }

    fn variable(&self, section: &[u8], name: &[u8]) -> Result<Vec<u8>, Wrong> {
        let sections = &self.loaded.sections;
        if let Some(entry) = sections.get(section, name) {
            return Ok(entry.value.clone());
        }
        let shown = String::from_utf8_lossy(name);
        if section == b"ENV" {
            match self.circumstances.environment.get(&shown) {
                Variable::Set(value) => return Ok(value.as_bytes().to_owned()),
                Variable::Unset => {}
                Variable::Unknown => {
                    return Err(Wrong::Unknown(format!("the environment variable {shown} is not known")));
                }
            }
        }
        match sections.get(DEFAULT, name) {
            Some(entry) => Ok(entry.value.clone()),
            None if section == b"ENV" => Err(format!("the environment variable {shown} is not set").into()),
            None => Err(format!("the variable ${shown} has no value").into()),
        }
    }

    fn pragma(&mut self, text: &[u8]) -> Result<(), String> {
        let wrong = || "a pragma is not \"name:value\"".to_owned();
        let colon = memchr::memchr(b':', text).filter(|at| *at > 0 && at + 1 < text.len()).ok_or_else(wrong)?;
        let value = text[colon + 1..].trim_ascii_start();
        let switch = || match value {
            b"on" | b"true" => Ok(true),
            b"off" | b"false" => Ok(false),
            _ => Err(format!("a pragma has the unknown value \"{}\"", String::from_utf8_lossy(value))),
        };
        match text[..colon].trim_ascii_end() {
            b"dollarid" => self.dollars = switch()?,
            b"abspath" => self.only_absolute = switch()?,
            b"includedir" => self.include_folder = Some(value.to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn include(&mut self, section: &[u8], value: &[u8], place: &Place) -> Result<(), Wrong> {
        let target = self.expand(value, section)?;
        let Some(path) = self.included(&target)? else { return Ok(()) };
        if matches!(self.system.kind(&path), Ok(Kind::Directory)) {
            if self.folder.is_some() {
                let why = "a file of a folder includes a folder, which is passed over";
                self.pass_over(format!("{place}: {why}"));
                return Ok(());
            }
            return self.enter_folder(path).map_err(Wrong::Unknown);
        }
        if self.files.len() >= DEEPEST {
            let what = format!("includes go deeper than {DEEPEST} files");
            // 1.1.1 gives up; later ones go on with what they can still open (observed).
            return match self.circumstances.is_before(3, 0) {
                true => Err(what.into()),
                false => {
                    self.pass_over(format!("{place}: {what}"));
                    Ok(())
                }
            };
        }
        let member = self.files.last().and_then(|includer| includer.member);
        match self.open(&path) {
            Ok(bytes) => self.files.push(File::new(&path, bytes, false, member)),
            Err(Unopened::PassedOver(why)) => self.pass_over(why),
            Err(Unopened::Unknown(why)) => return Err(Wrong::Unknown(why)),
        }
        Ok(())
    }

    /// The path that an include names; `None`: none.
    fn included(&mut self, target: &[u8]) -> Result<Option<PathBuf>, Wrong> {
        let mut path = target.to_owned();
        if !path.starts_with(b"/") && !self.circumstances.is_before(3, 0) {
            let named = match self.circumstances.environment.get("OPENSSL_CONF_INCLUDE") {
                Variable::Set(folder) => Some(folder.as_bytes().to_owned()),
                Variable::Unset => self.include_folder.clone(),
                Variable::Unknown => {
                    let what = "a relative include depends on OPENSSL_CONF_INCLUDE of the program's environment";
                    return Err(Wrong::Unknown(what.to_owned()));
                }
            };
            if let Some(folder) = named {
                path = [&folder, &b"/"[..], target].concat();
            }
        }
        if path.starts_with(b"/") {
            return Ok(Some(PathBuf::from(OsStr::from_bytes(&path))));
        }
        if self.only_absolute {
            return Err("a pragma demands absolute paths, and this one is relative".to_owned().into());
        }
        if path.is_empty() {
            return Ok(None);
        }
        match self.circumstances.folder {
            Some(folder) => Ok(Some(folder.join(OsStr::from_bytes(&path)))),
            None => {
                let what = "a relative include depends on the folder in which the program is started";
                Err(Wrong::Unknown(what.to_owned()))
            }
        }
    }

    fn enter_folder(&mut self, path: PathBuf) -> Result<(), String> {
        let has_ending = |name: &OsStr| {
            let name = name.as_bytes().to_ascii_lowercase();
            [&b".conf"[..], b".cnf"].iter().any(|end| name.len() > end.len() && name.ends_with(end))
        };
        let entries = self.system.list(&path).map_err(|error| format!("{}: {}", path.display(), reason(&error)))?;
        let rest: VecDeque<PathBuf> =
            entries.iter().filter(|entry| has_ending(&entry.name)).map(|entry| path.join(&entry.name)).collect();
        self.folders += 1;
        let (number, section, has_several) = (self.folders, self.section.clone(), rest.len() > 1);
        self.folder = Some(Folder { number, path, rest, has_several, section });
        self.next_of_folder()
    }

    /// Goes on with the next file of the folder, if one is being read. It takes the place of the file that ended, wherever
    /// that was included: what is left of the others comes after the folder.
    fn next_of_folder(&mut self) -> Result<(), String> {
        let Some(mut folder) = self.folder.take() else { return Ok(()) };
        if folder.has_several && folder.section != self.section {
            self.unsure_section = Some(folder.path.clone());
        }
        while let Some(path) = folder.rest.pop_front() {
            match self.open(&path) {
                Ok(bytes) => {
                    let member = Member { folder: folder.number, file: folder.rest.len() };
                    self.files.push(File::new(&path, bytes, false, Some(member)));
                    self.folder = Some(folder);
                    return Ok(());
                }
                Err(Unopened::PassedOver(why)) => self.pass_over(why),
                Err(Unopened::Unknown(why)) => return Err(why),
            }
        }
        Ok(())
    }

    fn open(&mut self, path: &Path) -> Result<Vec<u8>, Unopened> {
        let shown = path.display();
        match self.system.kind(path) {
            Ok(Kind::Directory) => return Ok(Vec::new()),
            Ok(Kind::Other) if path == Path::new("/dev/null") => return Ok(Vec::new()),
            Ok(Kind::Other) => return Err(Unopened::Unknown(format!("{shown} is not a regular file"))),
            _ => {}
        }
        match self.system.read_at_most(path, MOST_READ - self.read) {
            Ok(bytes) => {
                // An empty file that is included without end costs time as well.
                self.read = (self.read + bytes.len() as u64 + 64).min(MOST_READ);
                Ok(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let most = MOST_READ >> 20;
                Err(Unopened::Unknown(format!("{shown}: openssl.cnf and its includes are longer than {most} MiB")))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err(Unopened::PassedOver(format!("{shown}: {}", reason(&error))))
            }
            Err(error) => Err(Unopened::Unknown(format!("{shown}: {}", reason(&error)))),
        }
    }
}

/// Is there a dollar that no backslash precedes?
fn has_dollar(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => _ = bytes.next(),
            b'$' => return true,
            _ => {}
        }
    }
    false
}
