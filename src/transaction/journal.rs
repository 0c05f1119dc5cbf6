//! The journal of a transaction: what it changes, and how far it is. A wire format with a version of its own.

use super::file::Meta;
use super::reload::ReloadRecord;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The name and version of the format.
pub(super) const SCHEMA: &str = "tlsmend/journal/1";

/// How far a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Everything is backed up; no file is changed.
    Prepared,
    /// Files are being changed.
    Writing,
    /// All files are changed; nothing has checked them.
    Written,
    /// The result was checked, or could not be and was wanted all the same.
    Checked,
    /// Done.
    Committed,
    /// Files are being put back.
    RollingBack,
    /// Every file is as it was.
    RolledBack,
}

impl Step {
    /// Is there nothing left to do?
    pub fn is_over(self) -> bool {
        matches!(self, Step::Committed | Step::RolledBack)
    }
}

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// A new file takes the place of the old one.
    Rename,
    /// The file itself is overwritten, for this reason: `it has 2 names (hard links)`.
    InPlace(String),
}

impl How {
    /// What is worth a word about it, to be put behind the name of the file; else nothing.
    pub fn remark(&self) -> String {
        match self {
            How::Rename => String::new(),
            How::InPlace(why) => format!(" (in place: {why})"),
        }
    }
}

/// A configuration that the files belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The service's short name.
    pub service: String,
    /// Its main file.
    pub main: Name,
}

/// A path, or the name of an attribute. JSON can't hold all bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Name {
    /// As it is.
    Text(String),
    /// Where it is not UTF-8.
    Bytes {
        /// The bytes, two digits each.
        hex: String,
    },
}

/// One file of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path on the host.
    pub path: PathBuf,
    /// How it is written.
    pub how: How,
    /// The folder of the hidden file.
    pub staging: PathBuf,
    /// SHA-256 of the old content.
    pub old: String,
    /// What the old file was.
    pub old_meta: Meta,
    /// SHA-256 of the new content.
    pub new: String,
    /// What the new file is.
    pub new_meta: Meta,
}

/// The journal of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The transaction: its time, and a number that goes up: `20260131T120000Z-1`.
    pub id: String,
    /// What was run: `fix`, `rollback`.
    pub command: String,
    /// When it began: `2026-01-31T12:00:00Z`.
    pub time: String,
    /// The root of the host, where the state directory lies outside of it.
    pub root: Option<PathBuf>,
    /// How far it is.
    pub step: Step,
    /// What is known of the reload that was to follow.
    pub reload: ReloadRecord,
    /// The transaction that this one undoes.
    pub undoes: Option<String>,
    /// Why it was rolled back.
    pub why: Option<String>,
    /// The configurations that it concerns.
    pub instances: Vec<Instance>,
    /// The files, in the order in which they are written.
    pub files: Vec<FileEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalOut {
    schema: String,
    id: String,
    command: String,
    time: String,
    root: Option<Name>,
    step: Step,
    #[serde(default)]
    reload: ReloadRecord,
    undoes: Option<String>,
    why: Option<String>,
    instances: Vec<Instance>,
    files: Vec<FileOut>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOut {
    path: Name,
    in_place: Option<String>,
    staging: Name,
    old: VersionOut,
    new: VersionOut,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionOut {
    sha256: String,
    owner: u32,
    group: u32,
    /// Octal, as everybody writes it.
    mode: String,
    attributes: BTreeMap<String, String>,
}

impl Name {
    /// The name of a path.
    pub fn of(path: &Path) -> Name {
        match path.to_str() {
            Some(text) => Name::Text(text.to_owned()),
            None => Name::Bytes { hex: hex(path.as_os_str().as_bytes()) },
        }
    }

    /// The path; `None`: what should be hexadecimal is not.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Name::Text(text) => Some(PathBuf::from(text)),
            Name::Bytes { hex } => Some(PathBuf::from(OsString::from_vec(unhex(hex)?))),
        }
    }
}

/// Bytes, two digits each.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// SHA-256 as text.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

impl VersionOut {
    fn of(sha256: &str, meta: &Meta) -> VersionOut {
        // Names of attributes are ASCII but for those that a user made up.
        let name = |name: &OsStr| match name.to_str() {
            Some(text) if !text.starts_with("hex:") => text.to_owned(),
            _ => format!("hex:{}", hex(name.as_bytes())),
        };
        VersionOut {
            sha256: sha256.to_owned(),
            owner: meta.owner,
            group: meta.group,
            mode: format!("{:04o}", meta.mode),
            attributes: meta.attributes.iter().map(|(key, value)| (name(key), hex(value))).collect(),
        }
    }

    fn meta(&self) -> Option<Meta> {
        let name = |text: &String| match text.strip_prefix("hex:") {
            Some(hex) => unhex(hex).map(OsString::from_vec),
            None => Some(text.into()),
        };
        let attributes: Option<BTreeMap<OsString, Vec<u8>>> =
            self.attributes.iter().map(|(key, value)| Some((name(key)?, unhex(value)?))).collect();
        let mode = u32::from_str_radix(&self.mode, 8).ok()?;
        Some(Meta { owner: self.owner, group: self.group, mode, attributes: attributes? })
    }
}

impl Journal {
    /// The journal as it is kept.
    pub(super) fn write(&self) -> Vec<u8> {
        let file = |entry: &FileEntry| FileOut {
            path: Name::of(&entry.path),
            in_place: match &entry.how {
                How::Rename => None,
                How::InPlace(why) => Some(why.clone()),
            },
            staging: Name::of(&entry.staging),
            old: VersionOut::of(&entry.old, &entry.old_meta),
            new: VersionOut::of(&entry.new, &entry.new_meta),
        };
        let out = JournalOut {
            schema: SCHEMA.to_owned(),
            id: self.id.clone(),
            command: self.command.clone(),
            time: self.time.clone(),
            root: self.root.as_deref().map(Name::of),
            step: self.step,
            reload: self.reload,
            undoes: self.undoes.clone(),
            why: self.why.clone(),
            instances: self.instances.clone(),
            files: self.files.iter().map(file).collect(),
        };
        // Nothing in it can fail to be written: no map has keys that are not texts.
        let mut bytes = serde_json::to_vec_pretty(&out).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the journal in the folder of this name, and looks at every value in it; the error is a lowercase fragment.
    pub(super) fn read(bytes: &[u8], folder: &str) -> Result<Journal, String> {
        let journal = Journal::parse(bytes)?;
        journal.check(folder).map_err(|why| format!("is no journal: it {why}"))?;
        Ok(journal)
    }

    fn parse(bytes: &[u8]) -> Result<Journal, String> {
        let read: JournalOut = serde_json::from_slice(bytes).map_err(|e| format!("is no journal: {e}"))?;
        if read.schema != SCHEMA {
            return Err(format!("is a journal of another version ({}); this one reads {SCHEMA}", read.schema));
        }
        let entry = |file: FileOut| {
            Some(FileEntry {
                path: file.path.path()?,
                how: file.in_place.map_or(How::Rename, How::InPlace),
                staging: file.staging.path()?,
                old_meta: file.old.meta()?,
                old: file.old.sha256,
                new_meta: file.new.meta()?,
                new: file.new.sha256,
            })
        };
        let files: Option<Vec<FileEntry>> = read.files.into_iter().map(entry).collect();
        let root = read.root.map(|root| root.path().ok_or("is no journal: what should be hexadecimal is not"));
        Ok(Journal {
            id: read.id,
            command: read.command,
            time: read.time,
            root: root.transpose()?,
            step: read.step,
            reload: read.reload,
            undoes: read.undoes,
            why: read.why,
            instances: read.instances,
            files: files.ok_or("is no journal: what should be hexadecimal is not")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let attributes = BTreeMap::from([
            (OsString::from("security.selinux"), b"system_u:object_r:etc_t:s0\0".to_vec()),
            (OsString::from_vec(b"user.\xff".to_vec()), Vec::new()),
        ]);
        let meta = Meta { owner: 0, group: 33, mode: 0o640, attributes };
        let file = FileEntry {
            path: PathBuf::from(OsString::from_vec(b"/etc/nginx/\xe4.conf".to_vec())),
            how: How::InPlace("it has 2 names".to_owned()),
            staging: "/etc/nginx".into(),
            old: hash(b"old"),
            old_meta: meta.clone(),
            new: hash(b"new"),
            new_meta: meta,
        };
        let journal = Journal {
            id: "20260131T120000Z-7".to_owned(),
            command: "fix".to_owned(),
            time: "2026-01-31T12:00:00Z".to_owned(),
            root: Some("/mnt".into()),
            step: Step::RollingBack,
            reload: ReloadRecord::Begun,
            undoes: None,
            why: Some("because".to_owned()),
            instances: vec![Instance { service: "nginx".to_owned(), main: Name::of(Path::new("/etc/nginx.conf")) }],
            files: vec![file],
        };
        let read = |bytes: &[u8]| Journal::read(bytes, &journal.id);
        assert_eq!(read(&journal.write()), Ok(journal.clone()));
        let text = String::from_utf8(journal.write()).expect("UTF-8");
        assert!(read(text.replace("journal/1", "journal/2").as_bytes()).is_err());
        let before = text.replace("  \"reload\": \"begun\",\n", "");
        assert!(before != text && read(before.as_bytes()).is_ok_and(|old| old.reload == ReloadRecord::Unwanted));
        assert!(read(text.replace("rolling-back", "flying").as_bytes()).is_err());
        assert!(read(&text.as_bytes()[..text.len() / 2]).is_err());
    }
}
