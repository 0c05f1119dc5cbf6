//! Files that are not opened, by their names.

use std::path::Path;

/// Files of secrets, which there is no reason to open.
const SECRETS: &[&str] = &["shadow", "shadow-", "gshadow", "gshadow-"];

/// Names that hold keys and certificates, never directives.
const KEY_MATERIAL: &[&str] = &["key", "pem", "crt", "cer", "der", "p12", "pfx", "jks", "csr", "srl", "gpg", "asc"];

/// Is it a file that a fix puts beside another one for a moment, `.tlsmend-20260131T120000Z-1-0`? A run that was
/// interrupted leaves some. Where a server reads it all the same, its include finds it.
pub(super) fn is_staged(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some((time, numbers)) = name.strip_prefix(".tlsmend-").and_then(|rest| rest.split_once("Z-")) else {
        return false;
    };
    let is_digit = |b: u8| b.is_ascii_digit();
    let is_time =
        time.len() == 15 && time.bytes().enumerate().all(|(at, b)| if at == 8 { b == b'T' } else { is_digit(b) });
    let mut parts = numbers.split('-');
    let mut number = || parts.next().is_some_and(|part| !part.is_empty() && part.bytes().all(is_digit));
    is_time && number() && number() && matches!((parts.next(), parts.next()), (None | Some("old"), None))
}

/// Does it hold keys, certificates or passwords?
pub(super) fn is_key_material(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let secret = path.parent() == Some(Path::new("/etc")) && SECRETS.iter().any(|name| path.ends_with(name));
    secret || KEY_MATERIAL.contains(&extension.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fix_leaves_behind() {
        let is = |name: &str| is_staged(&Path::new("/etc/nginx").join(name));
        assert!(is(".tlsmend-20260131T120000Z-1-0") && is(".tlsmend-20260131T120000Z-12-34-old"));
        for other in [
            ".tlsmend-20260131T120000Z-1",
            ".tlsmend-20260131T120000Z-1-x",
            ".tlsmend-2026-1-0",
            "tlsmend-20260131T120000Z-1-0",
            ".tlsmend-20260131T120000Z-1-0-old-1",
        ] {
            assert!(!is(other), "{other}");
        }
    }
}
