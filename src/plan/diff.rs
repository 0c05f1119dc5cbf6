//! A unified diff that `patch -p1` and `git apply` take, byte for byte.

use similar::TextDiff;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Writes the diff of one file; `path` is what follows `a/` and `b/`.
pub fn unified(path: &Path, old: &[u8], new: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let (old, new) = (lines(old), lines(new));
    let diff = of(&old, &new);
    let path = path.as_os_str().as_bytes();
    out.write_all(b"--- ")?;
    out.write_all(&name(b"a/", path))?;
    out.write_all(b"\n+++ ")?;
    out.write_all(&name(b"b/", path))?;
    out.write_all(b"\n")?;
    // The writer of the whole diff goes through text and damages bytes that are not UTF-8; that of a hunk does not.
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        hunk.to_writer(&mut *out)?;
    }
    Ok(())
}

/// Lines end at line feeds only, for the servers and for patch alike; a lone carriage return is a byte like others.
pub(super) fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|b| *b == b'\n').collect()
}

/// The difference of two texts in lines.
pub(super) fn of<'o, 'n, 't>(old: &'o [&'t [u8]], new: &'n [&'t [u8]]) -> TextDiff<'o, 'n, [u8]>
where
    't: 'o + 'n,
{
    TextDiff::configure().newline_terminated(true).diff_slices(old, new)
}

/// A file name in a header, quoted as git does where it holds control characters, quotes or backslashes.
fn name(prefix: &[u8], path: &[u8]) -> Vec<u8> {
    let plain = |b: &u8| !(*b < 0x20 || *b == 0x7f || *b == b'"' || *b == b'\\');
    let mut out = Vec::new();
    if path.iter().all(plain) {
        out.extend_from_slice(prefix);
        out.extend_from_slice(path);
        // A name with a blank ends at a tab, or what follows would be taken for a date.
        if path.contains(&b' ') {
            out.push(b'\t');
        }
        return out;
    }
    out.push(b'"');
    out.extend_from_slice(prefix);
    for byte in path {
        match byte {
            b'\n' => out.extend(b"\\n"),
            b'\t' => out.extend(b"\\t"),
            b'"' => out.extend(b"\\\""),
            b'\\' => out.extend(b"\\\\"),
            byte if plain(byte) => out.push(*byte),
            byte => out.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_line_ends_and_a_missing_last_one_stay() {
        let mut out = Vec::new();
        unified(Path::new("etc/a b"), b"x\xff\r\nssl_protocols TLSv1;", b"x\xff\r\nssl_protocols TLSv1.2;", &mut out)
            .unwrap();
        let expected: &[u8] = b"--- a/etc/a b\t\n+++ b/etc/a b\t\n@@ -1,2 +1,2 @@\n x\xff\r\n-ssl_protocols TLSv1;\n\\ No newline at end of file\n+ssl_protocols TLSv1.2;\n\\ No newline at end of file\n";
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(expected));
        assert_eq!(out, expected);
    }

    #[test]
    fn a_lone_carriage_return_ends_no_line() {
        let mut out = Vec::new();
        unified(Path::new("x"), b"a\rb\r\r\nTLSv1\r\r\nc\rd", b"a\rb\r\r\nTLSv1.2\r\r\nc\rd", &mut out).unwrap();
        let expected: &[u8] = b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\rb\r\r\n-TLSv1\r\r\n+TLSv1.2\r\r\n c\rd\n\\ No newline at end of file\n";
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(expected));
    }

    #[test]
    fn odd_names_are_quoted() {
        assert_eq!(name(b"a/", b"x\ty\"z"), b"\"a/x\\ty\\\"z\"");
    }
}
