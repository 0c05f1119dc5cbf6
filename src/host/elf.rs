//! The dynamic section of an ELF file: which libraries a program loads, and from where.
//!
//! Only what that needs is read (elf(5)); a file that is cut off or not what it says gives nothing, or less.

/// What the dynamic section says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dynamic {
    /// The names of the libraries (`libssl.so.3`).
    pub(crate) needed: Vec<String>,
    /// Directories that are searched first, in their order.
    pub(crate) paths: Vec<String>,
    /// The loader that does all that (`/lib64/ld-linux-x86-64.so.2`); libraries name none.
    pub(crate) interpreter: Option<String>,
}

/// The class, byte order and machine of a file; a program loads only libraries of its own.
pub(crate) fn machine(file: &[u8]) -> Option<[u8; 4]> {
    file.starts_with(b"\x7fELF").then_some(())?;
    Some([*file.get(4)?, *file.get(5)?, *file.get(18)?, *file.get(19)?])
}

/// Reads the dynamic section; `None`: not an ELF file.
pub(crate) fn dynamic(file: &[u8]) -> Option<Dynamic> {
    let elf = Elf::new(file)?;
    Some(elf.dynamic().unwrap_or_default())
}

const LOAD: u64 = 1;
const DYNAMIC: u64 = 2;
const INTERPRETER: u64 = 3;
const NEEDED: u64 = 1;
const STRING_TABLE: u64 = 5;
const RPATH: u64 = 15;
const RUNPATH: u64 = 29;
/// More program headers or dynamic entries than any real file has.
const MOST_ENTRIES: usize = 4096;
/// The longest text, in bytes: a run path is a list of directories.
const MOST_TEXT: usize = 4096;

struct Elf<'a> {
    file: &'a [u8],
    wide: bool,
    little: bool,
}

/// A program header.
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    size: u64,
}

impl<'a> Elf<'a> {
    fn new(file: &'a [u8]) -> Option<Elf<'a>> {
        let [class, order, ..] = machine(file)?;
        (matches!(class, 1 | 2) && matches!(order, 1 | 2)).then_some(Elf { file, wide: class == 2, little: order == 1 })
    }

    /// An unsigned number of `width` bytes.
    fn number(&self, at: u64, width: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.file.get(at..at.checked_add(width)?)?;
        let push = |all: u64, b: &u8| all << 8 | u64::from(*b);
        Some(if self.little { bytes.iter().rev().fold(0, push) } else { bytes.iter().fold(0, push) })
    }

    /// A number of the size of an address.
    fn read_word(&self, at: u64) -> Option<u64> {
        self.number(at, if self.wide { 8 } else { 4 })
    }

    fn segments(&self) -> Vec<Segment> {
        let pick = |wide: u64, narrow: u64| if self.wide { wide } else { narrow };
        let header = |at: u64| self.number(at, 2).unwrap_or(0);
        let start = self.read_word(pick(32, 28)).unwrap_or(0);
        let (size, count) = (header(pick(54, 42)), header(pick(56, 44)));
        let read = |i: u64| {
            let at = start.checked_add(i.checked_mul(size)?)?;
            Some(Segment {
                kind: self.number(at, 4)?,
                offset: self.read_word(at.checked_add(pick(8, 4))?)?,
                address: self.read_word(at.checked_add(pick(16, 8))?)?,
                size: self.read_word(at.checked_add(pick(32, 16))?)?,
            })
        };
        (0..count).take(MOST_ENTRIES).map_while(read).collect()
    }

    fn dynamic(&self) -> Option<Dynamic> {
        let segments = self.segments();
        let table = segments.iter().find(|s| s.kind == DYNAMIC)?;
        let step = if self.wide { 8 } else { 4 };
        let mut entries = Vec::new();
        for i in 0..(table.size / (2 * step)).min(MOST_ENTRIES as u64) {
            let at = table.offset.checked_add(i * 2 * step)?;
            let (tag, value) = (self.read_word(at)?, self.read_word(at.checked_add(step)?)?);
            if tag == 0 {
                break;
            }
            entries.push((tag, value));
        }
        let address = entries.iter().find(|(tag, _)| *tag == STRING_TABLE)?.1;
        let inside = |s: &&Segment| s.kind == LOAD && address.checked_sub(s.address).is_some_and(|d| d < s.size);
        let segment = segments.iter().find(inside)?;
        let strings = segment.offset.checked_add(address - segment.address)?;
        let text = |value: u64| self.read_text(strings.checked_add(value)?);
        let all = |wanted: &'static [u64]| {
            entries.iter().filter(|(tag, _)| wanted.contains(tag)).filter_map(|(_, v)| text(*v)).collect::<Vec<_>>()
        };
        let paths = all(&[RPATH, RUNPATH]);
        let interpreter = segments.iter().find(|s| s.kind == INTERPRETER);
        Some(Dynamic {
            needed: all(&[NEEDED]),
            paths: paths.iter().flat_map(|p| p.split(':')).map(str::to_owned).collect(),
            interpreter: interpreter.and_then(|segment| self.read_text(segment.offset)),
        })
    }

    /// A text that ends with NUL.
    fn read_text(&self, at: u64) -> Option<String> {
        let rest = self.file.get(usize::try_from(at).ok()?..)?;
        let end = memchr::memchr(0, rest.get(..MOST_TEXT).unwrap_or(rest))?;
        Some(String::from_utf8_lossy(&rest[..end]).into_owned())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A little ELF file for x86-64 with these libraries and other content behind it.
    pub(crate) fn sample(needed: &[&str], content: &[u8]) -> Vec<u8> {
        sample_with(needed, "", content)
    }

    /// The same with directories that are searched first.
    pub(crate) fn sample_with(needed: &[&str], run_path: &str, content: &[u8]) -> Vec<u8> {
        let mut strings = vec![0];
        let mut entries = Vec::new();
        let run_path = Some((RUNPATH, run_path)).filter(|(_, path)| !path.is_empty());
        for (tag, text) in needed.iter().map(|name| (NEEDED, *name)).chain(run_path) {
            entries.push((tag, strings.len() as u64));
            strings.extend(text.as_bytes());
            strings.push(0);
        }
        let headers = 64 + 2 * 56;
        let dynamic_size = (entries.len() as u64 + 2) * 16;
        entries.push((STRING_TABLE, 0x1000 + headers + dynamic_size));
        entries.push((0, 0));
        let mut file = vec![0; 64];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[18] = 62;
        file[32] = 64;
        file[54] = 56;
        file[56] = 2;
        let size = headers + dynamic_size + strings.len() as u64;
        for (kind, offset, address, size) in
            [(LOAD, 0, 0x1000, size), (DYNAMIC, headers, 0x1000 + headers, dynamic_size)]
        {
            for (value, width) in [(kind, 8), (offset, 8), (address, 8), (0, 8), (size, 8), (size, 8), (0, 8)] {
                file.extend(&u64::to_le_bytes(value)[..width]);
            }
        }
        for (tag, value) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        file.extend(strings);
        file.extend(content);
        file
    }

    #[test]
    fn reads_the_libraries() {
        let file = sample(&["libssl.so.3", "libc.so.6"], b"nginx/1.2.3\0");
        assert_eq!(dynamic(&file).map(|d| d.needed), Some(vec!["libssl.so.3".to_owned(), "libc.so.6".to_owned()]));
        assert_eq!(machine(&file), Some([2, 1, 62, 0]));
        assert_eq!(dynamic(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn survives_every_cut_and_every_changed_byte() {
        let file = sample(&["libssl.so.3"], b"");
        for i in 0..file.len() {
            let _ = dynamic(&file[..i]);
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[i] = value;
                let _ = dynamic(&changed);
            }
        }
        let _ = dynamic(&[b"\x7fELF\x02\x01".as_slice(), &[0xff; 80]].concat());
    }
}
