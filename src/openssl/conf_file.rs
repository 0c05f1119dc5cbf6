//! The syntax of openssl.cnf (`config(5)`): sections of names and values, variables, includes.
//!
//! After `def_load_bio` and `str_copy` in OpenSSL 3.0.22 (`crypto/conf/conf_def.c`). One error makes the library give
//! up the whole file; so does this. Unlike the library, a variable of the environment that is not known is empty.

use crate::system::{Kind, System, reason};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// More includes than any real file has; a cycle ends here.
const MOST_INCLUDES: usize = 64;
/// The longest value, as in OpenSSL.
const LONGEST_VALUE: usize = 65536;

/// What all values may come to, in bytes: variables in values multiply them.
const MOST_BYTES: usize = 16 << 20;

/// The content of an openssl.cnf and all that it includes.
#[derive(Debug, Default)]
pub(crate) struct ConfFile {
    /// By section and name: the value, and its place in the order of all.
    sections: BTreeMap<String, BTreeMap<String, (usize, String)>>,
    count: usize,
    /// The bytes of all values.
    bytes: usize,
    /// What was passed over, as lowercase fragments.
    pub(crate) problems: Vec<String>,
    includes: usize,
    include_directory: Option<String>,
}

impl ConfFile {
    /// Reads a file; `Err` says why the library would not load it.
    pub(crate) fn read(system: &dyn System, path: &Path) -> Result<ConfFile, String> {
        let mut file = ConfFile::default();
        let bytes = system.read(path).map_err(|e| format!("{}: {}", path.display(), reason(&e)))?;
        let mut section = "default".to_owned();
        file.load(system, path, &bytes, &mut section, false)?;
        Ok(file)
    }

    /// A value of a section, or of the default section.
    pub(crate) fn value(&self, section: &str, name: &str) -> Option<&str> {
        let of = |section: &str| self.sections.get(section)?.get(name).map(|(_, value)| value.as_str());
        of(section).or_else(|| of("default"))
    }

    /// The names and values of a section in the order in which the library runs them.
    pub(crate) fn section(&self, name: &str) -> Vec<(&str, &str)> {
        let mut entries: Vec<_> = self.sections.get(name).into_iter().flatten().collect();
        entries.sort_by_key(|(_, (place, _))| *place);
        entries.into_iter().map(|(name, (_, value))| (name.as_str(), value.as_str())).collect()
    }

    fn load(
        &mut self,
        system: &dyn System,
        path: &Path,
        bytes: &[u8],
        section: &mut String,
        in_directory: bool,
    ) -> Result<(), String> {
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        for (number, line) in logical_lines(&text) {
            let at = |what: &str| format!("{}:{number}: {what}", path.display());
            let line = without_comment(&line).trim();
            if line.is_empty() {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let (name, _) = rest.split_once(']').ok_or_else(|| at("the section name has no \"]\""))?;
                name.trim().clone_into(section);
                continue;
            }
            let end = line.find(|c| !is_name(c)).unwrap_or(line.len());
            let (mut name, mut rest) = line.split_at(end);
            let mut target = section.clone();
            if let Some(after) = rest.strip_prefix("::") {
                name.clone_into(&mut target);
                let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
                (name, rest) = after.split_at(end);
            }
            let spaced = rest.starts_with([' ', '\t']);
            let rest = rest.trim_start();
            let value = rest.strip_prefix('=');
            let directive = value.is_some() || spaced;
            if name == ".pragma" && directive {
                self.pragma(value.unwrap_or(rest).trim());
            } else if name == ".include" && directive {
                let target = self.expand(&target, value.unwrap_or(rest).trim()).map_err(|e| at(&e))?;
                self.include(system, &target, section, in_directory)?;
            } else {
                let value = value.ok_or_else(|| at("an equal sign is missing"))?;
                let value = self.expand(&target, value.trim()).map_err(|e| at(&e))?;
                self.bytes += value.len();
                if self.bytes > MOST_BYTES {
                    return Err(at(&format!("all values come to more than {} MiB", MOST_BYTES >> 20)));
                }
                // A repeated name replaces the earlier one and moves to the end.
                self.count += 1;
                self.sections.entry(target).or_default().insert(name.to_owned(), (self.count, value));
            }
        }
        Ok(())
    }

    fn pragma(&mut self, text: &str) {
        if let Some((name, value)) = text.split_once(':')
            && name.trim() == "includedir"
        {
            self.include_directory = Some(value.trim().to_owned());
        }
    }

    fn include(
        &mut self,
        system: &dyn System,
        target: &str,
        section: &mut String,
        in_directory: bool,
    ) -> Result<(), String> {
        let base = PathBuf::from(self.include_directory.as_deref().unwrap_or("/"));
        let path = Path::new("/").join(base.join(target));
        match system.kind(&path) {
            // A directory that is named by a file of a directory is passed over.
            Ok(Kind::Directory) if in_directory => return Ok(()),
            Ok(Kind::Directory) => {
                for entry in system.list(&path).unwrap_or_default() {
                    let file = path.join(entry.name);
                    if file.extension().is_some_and(|e| e == "cnf" || e == "conf") {
                        self.include_file(system, &file, section, true)?;
                    }
                }
            }
            _ => self.include_file(system, &path, section, in_directory)?,
        }
        Ok(())
    }

    /// Includes a file; one that can't be read is passed over, as the library does.
    fn include_file(
        &mut self,
        system: &dyn System,
        path: &Path,
        section: &mut String,
        in_directory: bool,
    ) -> Result<(), String> {
        self.includes += 1;
        if self.includes > MOST_INCLUDES {
            return Err(format!("{}: too many includes", path.display()));
        }
        match system.read(path) {
            Ok(bytes) => self.load(system, path, &bytes, section, in_directory),
            Err(error) => {
                self.problems.push(format!("{}: {}", path.display(), reason(&error)));
                Ok(())
            }
        }
    }

    /// A value without its quotes and escapes, with its variables replaced.
    fn expand(&mut self, section: &str, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' => {
                    while let Some(c) = chars.next().filter(|c| *c != '\'') {
                        out.extend(if c == '\\' { chars.next() } else { Some(c) });
                    }
                }
                '"' => {
                    while let Some(c) = chars.next() {
                        if c == '"' && chars.next_if_eq(&'"').is_none() {
                            break;
                        }
                        out.push(c);
                    }
                }
                '\\' => out.extend(chars.next().map(|c| match c {
                    'r' => '\r',
                    'n' => '\n',
                    'b' => '\u{8}',
                    't' => '\t',
                    c => c,
                })),
                '$' => {
                    let close = match chars.peek() {
                        Some('{') => Some('}'),
                        Some('(') => Some(')'),
                        _ => None,
                    };
                    if close.is_some() {
                        chars.next();
                    }
                    let mut name = String::new();
                    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':')) {
                        name.push(c);
                    }
                    if close.is_some_and(|close| chars.next_if_eq(&close).is_none()) {
                        return Err("a variable's name has no closing brace".to_owned());
                    }
                    out.push_str(&self.variable(section, &name)?);
                }
                c => out.push(c),
            }
            if out.len() > LONGEST_VALUE {
                return Err("a value is too long".to_owned());
            }
        }
        Ok(out)
    }

    fn variable(&mut self, section: &str, name: &str) -> Result<String, String> {
        let (section, variable) = name.split_once("::").unwrap_or((section, name));
        match self.value(section, variable) {
            Some(value) => Ok(value.to_owned()),
            None if section == "ENV" => {
                self.problems.push(format!("the environment variable {variable} is not known"));
                Ok(String::new())
            }
            None => Err(format!("the variable ${name} has no value")),
        }
    }
}

/// A character of a name (`IS_ALNUM` and `IS_PUNC` in `conf_def.h`).
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_!.%&*+,/;?@^~|-".contains(c)
}

/// Lines with those that end in a backslash joined to the next; the number is that of the last.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut pending = String::new();
    for (i, line) in text.lines().enumerate() {
        pending.push_str(line.trim_end_matches(['\r', '\n']));
        let continued = pending.ends_with('\\') && !pending.ends_with("\\\\");
        if continued {
            pending.pop();
        } else {
            out.push((i + 1, std::mem::take(&mut pending)));
        }
    }
    if !pending.is_empty() {
        out.push((text.lines().count(), pending));
    }
    out
}

/// The line up to a `#` that is neither quoted nor escaped.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut escaped = false;
    for (i, c) in line.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (None | Some('\''), '\\') => escaped = true,
            (None, '#') => return &line[..i],
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
    }
    line
}
