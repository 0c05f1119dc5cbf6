//! What a journal has to be before anything of it is used.
//!
//! A journal may come from an image, or from a disk that went bad: every value of it that reaches a system call, a name or
//! a screen is looked at here, when it is read. What this program writes itself passes too, or it is not written: a
//! journal that could not be read again would be worse than none.

use super::Change;
use super::file::Meta;
use super::journal::{FileEntry, How, Journal};
use crate::system::LARGEST_FILE;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How many folders above that of a file its hidden file may be in.
pub const HIGHEST_STAGING: usize = 3;
/// More files than any fix changes at once.
const MOST_FILES: usize = 100_000;
/// What the old and new contents of one transaction may come to, in bytes: all of them are held in memory.
pub(super) const MOST_BYTES: u64 = 1 << 30;
/// The longest path, name of an attribute and value of one that Linux knows.
const LONGEST_PATH: usize = 4096;
const LONGEST_ATTRIBUTE: usize = 255;
const LONGEST_VALUE: usize = 1 << 16;
/// The attribute that gives a program rights of root.
const CAPABILITY: &str = "security.capability";

/// The number of a transaction, by its name: `20260131T120000Z-1`. None: no transaction has that name.
pub(super) fn number(id: &str) -> Option<u64> {
    let (time, number) = id.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (date, clock) = (time.get(..8)?, time.get(9..15)?);
    if time.len() != 16 || !digits(date) || !digits(clock) || &time[8..9] != "T" || !time.ends_with('Z') {
        return None;
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let (hour, minute, second) = (&clock[..2], &clock[2..4], &clock[4..]);
    if !is_time(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")) {
        return None;
    }
    // So many digits that one more never overflows.
    let fits = (1..=18).contains(&number.len()) && digits(number) && !number.starts_with('0');
    fits.then(|| number.parse().ok()).flatten()
}

/// Is that a time as [`super::store::now`] writes it?
fn is_time(text: &str) -> bool {
    let plain = text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
    plain && text.parse::<Timestamp>().is_ok()
}

impl Journal {
    /// Why it is not one that this program could have written into the folder of this name, as a lowercase fragment.
    pub(super) fn check(&self, folder: &str) -> Result<(), String> {
        if self.id != folder || number(&self.id).is_none() {
            return Err("names another transaction than its folder".to_owned());
        }
        if !matches!(self.command.as_str(), "fix" | "rollback") || !is_time(&self.time) {
            return Err("names no command and time of this program".to_owned());
        }
        if self.undoes.as_deref().is_some_and(|other| number(other).is_none()) {
            return Err("undoes what is no transaction".to_owned());
        }
        if let Some(root) = self.root.as_deref().filter(|root| !is_plain(root)) {
            return Err(format!("names the root {}, which is no whole path", shown(root)));
        }
        for instance in &self.instances {
            let service = &instance.service;
            let word = (1..=32).contains(&service.len())
                && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if !word || !instance.main.path().is_some_and(|main| is_plain(&main)) {
                return Err("names a configuration that can't be one".to_owned());
            }
        }
        if self.files.len() > MOST_FILES {
            return Err(format!("names more than {MOST_FILES} files"));
        }
        let mut seen = BTreeSet::new();
        for file in &self.files {
            file.check().map_err(|why| format!("names the file {}, {why}", shown(&file.path)))?;
            if !seen.insert(&file.path) {
                return Err(format!("names the file {} twice", shown(&file.path)));
            }
        }
        Ok(())
    }

    /// Why it can't be kept: it would be too large to be read again.
    pub(super) fn check_size(&self, changes: &[Change]) -> Result<(), String> {
        // It grows while it is in use: by reasons, by how files are written.
        let journal = self.write().len() as u64;
        let contents: u64 = changes.iter().map(|change| (change.old.len() + change.new.len()) as u64).sum();
        if journal > LARGEST_FILE / 2 || contents > MOST_BYTES {
            return Err("the files are too many or too large to be changed at once".to_owned());
        }
        Ok(())
    }
}

impl FileEntry {
    fn check(&self) -> Result<(), String> {
        if !is_plain(&self.path) || self.path == Path::new("/") {
            return Err("which is no whole path of a file".to_owned());
        }
        let near = self.path.ancestors().skip(1).take(1 + HIGHEST_STAGING);
        if !near.into_iter().any(|folder| folder == self.staging) || !is_plain(&self.staging) {
            return Err(format!("and {}, which is no folder near it", shown(&self.staging)));
        }
        if [&self.old, &self.new].into_iter().any(|hash| !is_hash(hash)) {
            return Err("and a hash that is none".to_owned());
        }
        if let How::InPlace(why) = &self.how
            && (why.len() > LONGEST_PATH || why.chars().any(char::is_control))
        {
            return Err("and a reason that is none".to_owned());
        }
        self.old_meta.check()?;
        self.new_meta.check()
    }
}

impl Meta {
    fn check(&self) -> Result<(), String> {
        // The kernel takes the largest number for "as it is".
        if self.mode > 0o7777 || self.owner == u32::MAX || self.group == u32::MAX {
            return Err("and an owner or a mode that can't be one".to_owned());
        }
        let fits = |name: &OsStr, value: &[u8]| {
            (1..=LONGEST_ATTRIBUTE).contains(&name.len())
                && !name.as_bytes().contains(&0)
                && value.len() <= LONGEST_VALUE
        };
        if self.attributes.iter().any(|(name, value)| !fits(name, value)) {
            return Err("and an attribute that can't be one".to_owned());
        }
        Ok(())
    }

    /// What this would give a file that it does not have now: rights of its owner or group for whoever runs it. A journal
    /// is not enough of a reason for that: no configuration needs it, and with a content of its author's choice it would
    /// be a way to become root.
    pub(super) fn adds(&self, now: Option<&Meta>) -> Option<&'static str> {
        let mode = now.map_or(0, |now| now.mode);
        if self.mode & !mode & 0o6000 != 0 {
            return Some(
                "it would become set-user-ID or set-group-ID, which it is not now; restore it by hand, \
             and move the folder of the transaction away",
            );
        }
        let capability = |meta: &Meta| meta.attributes.get(OsStr::new(CAPABILITY)).cloned();
        let wanted = capability(self);
        (wanted.is_some() && wanted != now.and_then(capability)).then_some(
            "it would get capabilities, which it does not have now; restore it by hand, and move the folder of \
                        the transaction away",
        )
    }
}

/// A path of a journal that may hold anything, on one line.
fn shown(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

/// Is that an absolute path without `.`, `..`, doubled slashes or NUL?
fn is_plain(path: &Path) -> bool {
    let rebuilt: PathBuf = crate::system::normalize(path);
    let bytes = path.as_os_str().as_bytes();
    path.is_absolute() && bytes.len() < LONGEST_PATH && !bytes.contains(&0) && rebuilt.as_os_str() == path.as_os_str()
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Does a text that is no journal say that its transaction was over? What this program writes says it near its beginning,
/// and no text in it can look like that: quotes in it would be escaped.
pub(super) fn says_over(bytes: &[u8]) -> bool {
    let has = |step: &str| memchr::memmem::find(bytes, format!("\"step\": \"{step}\"").as_bytes()).is_some();
    has("committed") || has("rolled-back")
}

#[cfg(test)]
mod tests {
    use super::super::journal::{Instance, Name, Step, hash};
    use super::super::reload::ReloadRecord;
    use super::*;
    use std::collections::BTreeMap;

    const ID: &str = "20260131T120000Z-1";

    fn journal() -> Journal {
        let meta = Meta { owner: 0, group: 0, mode: 0o644, attributes: BTreeMap::new() };
        let file = FileEntry {
            path: "/etc/nginx/nginx.conf".into(),
            how: How::Rename,
            staging: "/etc/nginx".into(),
            old: hash(b"old"),
            old_meta: meta.clone(),
            new: hash(b"new"),
            new_meta: meta,
        };
        Journal {
            id: ID.to_owned(),
            command: "fix".to_owned(),
            time: "2026-01-31T12:00:00Z".to_owned(),
            root: None,
            step: Step::Writing,
            reload: ReloadRecord::default(),
            undoes: None,
            why: None,
            instances: vec![Instance { service: "nginx".to_owned(), main: Name::of(Path::new("/etc/n.conf")) }],
            files: vec![file],
        }
    }

    #[test]
    fn names_of_transactions() {
        assert_eq!(number(ID), Some(1));
        assert_eq!(number("20260131T120000Z-999999999999999999"), Some(999_999_999_999_999_999));
        for wrong in [
            "",
            "A/evil",
            "20260131T120000Z",
            "20260131T120000Z-",
            "20260131T120000Z-+1",
            "20260131T120000Z-01",
            "20260131T120000Z-1/..",
            "20260131T120000Z-1\n",
            "20260131T120000Z-18446744073709551615",
            "20261331T120000Z-1",
            "20260131T250000Z-1",
            "2026013\u{e9}T12000Z-1",
            "../../../../../Z-1",
        ] {
            assert_eq!(number(wrong), None, "{wrong:?}");
        }
    }

    type Spoil = fn(&mut Journal);

    #[test]
    fn what_this_program_does_not_write() {
        assert_eq!(journal().check(ID), Ok(()));
        let cases: [(&str, Spoil); 25] = [
            ("id of another", |j| j.id = "20260131T120000Z-2".to_owned()),
            ("id with a slash", |j| j.id = "A/evil".to_owned()),
            ("command", |j| j.command = "fix\x1b[2J".to_owned()),
            ("time", |j| j.time = "yesterday".to_owned()),
            ("time with more", |j| j.time = "2026-01-31T12:00:00Z\n".to_owned()),
            ("undoes", |j| j.undoes = Some("../x".to_owned())),
            ("root", |j| j.root = Some("mnt".into())),
            ("root that climbs", |j| j.root = Some("/mnt/../etc".into())),
            ("service", |j| j.instances[0].service = "nginx\n".to_owned()),
            ("main", |j| j.instances[0].main = Name::of(Path::new("nginx.conf"))),
            ("main in hexadecimal", |j| j.instances[0].main = Name::Bytes { hex: "zz".to_owned() }),
            ("relative", |j| j.files[0].path = "etc/nginx/nginx.conf".into()),
            ("climbs", |j| j.files[0].path = "/etc/nginx/../nginx.conf".into()),
            ("doubled", |j| j.files[0].path = "/etc//nginx/nginx.conf".into()),
            ("the root", |j| j.files[0].path = "/".into()),
            ("NUL", |j| j.files[0].path = "/etc/nginx/a\0b".into()),
            ("twice", |j| j.files.push(j.files[0].clone())),
            ("staging elsewhere", |j| j.files[0].staging = "/tmp".into()),
            ("staging that climbs", |j| j.files[0].staging = "/etc/nginx/../../tmp".into()),
            ("staging far above", |j| {
                j.files[0].path = "/a/b/c/d/e/f".into();
                j.files[0].staging = "/a".into();
            }),
            ("hash", |j| j.files[0].old = "ab".to_owned()),
            ("hash in capitals", |j| j.files[0].new = j.files[0].new.to_uppercase()),
            ("mode", |j| j.files[0].old_meta.mode = 0o10_644),
            ("owner", |j| j.files[0].new_meta.owner = u32::MAX),
            ("reason", |j| j.files[0].how = How::InPlace("it\x1b[2J".to_owned())),
        ];
        for (name, spoil) in cases {
            let mut spoiled = journal();
            spoil(&mut spoiled);
            assert!(spoiled.check(ID).is_err(), "{name}");
        }
        for path in ["/etc", "/"] {
            let mut above = journal();
            above.files[0].staging = path.into();
            assert_eq!(above.check(ID), Ok(()), "{path}: near enough");
        }
    }

    #[test]
    fn no_journal_makes_a_program_of_a_file() {
        let plain = journal().files[0].old_meta.clone();
        let evil = Meta { mode: 0o4755, ..plain.clone() };
        assert!(evil.adds(Some(&plain)).is_some() && evil.adds(None).is_some());
        assert!(evil.adds(Some(&evil)).is_none() && plain.adds(Some(&evil)).is_none() && plain.adds(None).is_none());
        let attributes = BTreeMap::from([(CAPABILITY.into(), b"x".to_vec())]);
        let able = Meta { attributes, ..plain.clone() };
        assert!(able.adds(Some(&plain)).is_some() && able.adds(Some(&able)).is_none());
    }

    #[test]
    fn a_text_that_is_cut_off_can_say_that_it_is_over() {
        let over = Journal { step: Step::Committed, ..journal() }.write();
        assert!(says_over(&over[..over.len() / 2]) && !says_over(&journal().write()));
        let quoted = Journal { why: Some("\"step\": \"committed\"".to_owned()), ..journal() };
        assert!(!says_over(&quoted.write()));
    }
}
