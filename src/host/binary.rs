//! Versions that programs and libraries carry in their text.

use crate::release::Release;
use memchr::memmem;

/// The release after the first `prefix` that a digit follows: `nginx/1.22.1`, `Apache/2.4.71 (Debian)`.
///
/// Of several, one with three numbers is preferred: Apache has `Apache/2.4` in it too.
pub fn release_after(file: &[u8], prefix: &str) -> Option<Release> {
    let candidates = memmem::find_iter(file, prefix).filter_map(|at| {
        let text = printable(&file[at + prefix.len()..]);
        let dots =
            text.split(|c: char| !(c.is_ascii_digit() || c == '.')).next().unwrap_or_default().matches('.').count();
        Some((dots, Release::parse(text)?))
    });
    let mut first = None;
    for (dots, release) in candidates.take(64) {
        if dots >= 2 {
            return Some(release);
        }
        first = first.or(Some(release));
    }
    first
}

/// A TLS library's own text about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Maker {
    /// OpenSSL of that version.
    OpenSsl(Release),
    /// Another library: `LibreSSL 3.8.2`.
    Other(String),
}

/// Which TLS library has its text in the file: `OpenSSL 3.0.22 25 Aug 2026`.
pub fn find_maker(file: &[u8]) -> Option<Maker> {
    if let Some(at) = memmem::find(file, b"LibreSSL ").filter(|at| digit_at(file, at + 9)) {
        return Some(Maker::Other(printable(&file[at..]).to_owned()));
    }
    for at in memmem::find_iter(file, b"OpenSSL ").filter(|at| digit_at(file, at + 8)).take(64) {
        let text = printable(&file[at..]);
        if let Some(release) = Release::parse(&text[8..]) {
            let copy = ["BoringSSL", "AWS-LC", "LibreSSL"].into_iter().find(|name| text.contains(name));
            return Some(copy.map_or(Maker::OpenSsl(release), |name| Maker::Other(name.to_owned())));
        }
    }
    None
}

/// The security level that a libcrypto was compiled with, by its own record of how it was built. `None`: it does not
/// say; upstream's default then, if there is a record.
pub fn compiled_level(file: &[u8]) -> Option<u8> {
    let option = b"-DOPENSSL_TLS_SECURITY_LEVEL=";
    let at = memmem::find(file, option)? + option.len();
    file.get(at).filter(|b| b.is_ascii_digit()).map(|b| b - b'0')
}

/// Has a libcrypto its own record of how it was built?
pub fn says_how_built(file: &[u8]) -> bool {
    has(file, "compiler: ")
}

/// Is the text in the file?
pub fn has(file: &[u8], text: &str) -> bool {
    memmem::find(file, text.as_bytes()).is_some()
}

/// The directory of openssl.cnf that is compiled into a libcrypto.
pub fn configuration_directory(file: &[u8]) -> Option<&str> {
    let label = b"OPENSSLDIR: \"";
    let at = memmem::find(file, label)? + label.len();
    printable(&file[at..]).split_once('"').map(|(path, _)| path).filter(|path| path.starts_with('/'))
}

fn digit_at(file: &[u8], at: usize) -> bool {
    file.get(at).is_some_and(u8::is_ascii_digit)
}

/// The printable ASCII text that the bytes begin with, at most 200 bytes of it.
pub fn printable(bytes: &[u8]) -> &str {
    let end = bytes.iter().take(200).take_while(|b| (0x20..0x7f).contains(*b)).count();
    std::str::from_utf8(&bytes[..end]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_versions() {
        let file = b"x\0Apache/2\0Apache/2.4\0Apache/2.4.71 (Debian)\0";
        assert_eq!(release_after(file, "Apache/"), Some(Release::new(2, 4, 71)));
        assert_eq!(release_after(b"/etc/nginx/\0nginx/1.22.1\0", "nginx/"), Some(Release::new(1, 22, 1)));
        assert_eq!(release_after(b"/etc/nginx/x", "nginx/"), None);
        assert_eq!(release_after(b"nginx/", "nginx/"), None);
        assert_eq!(release_after(b"openresty/1.25.3.1\0", "openresty/"), Some(Release::new(1, 25, 3)));
    }

    #[test]
    fn tells_the_libraries_apart() {
        let of = |text: &str| find_maker(text.as_bytes());
        assert_eq!(of("OpenSSL \0OpenSSL 3.0.22 25 Aug 2026\0"), Some(Maker::OpenSsl(Release::new(3, 0, 22))));
        assert_eq!(of("OpenSSL 1.1.1 (compatible; BoringSSL)\0"), Some(Maker::Other("BoringSSL".to_owned())));
        assert_eq!(of("LibreSSL 3.8.2\0OpenSSL 2.0.0\0"), Some(Maker::Other("LibreSSL 3.8.2".to_owned())));
        assert_eq!(of("OpenSSL_version"), None);
        assert_eq!(of("OpenSSL 3"), None);
    }

    #[test]
    fn reads_how_a_library_was_built() {
        let file = b"OPENSSLDIR: \"/usr/lib/ssl\"\0compiler: gcc -O2 -DOPENSSL_TLS_SECURITY_LEVEL=2 -g\0";
        assert_eq!(compiled_level(file), Some(2));
        assert_eq!(configuration_directory(file), Some("/usr/lib/ssl"));
        assert_eq!(compiled_level(b"-DOPENSSL_TLS_SECURITY_LEVEL="), None);
        assert_eq!(configuration_directory(b"OPENSSLDIR: \"x"), None);
    }
}
