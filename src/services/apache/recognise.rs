//! Telling httpd's files from others, by name and content.

use crate::services::service::FileRole;
use regex::bytes::Regex;
use std::path::Path;
use std::sync::LazyLock;

/// Something that only main configurations, or most of them, have.
static MAIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = "ServerRoot|LoadModule|Listen|Include|IncludeOptional|ServerName|DocumentRoot|PidFile|ErrorLog";
    Regex::new(&format!(r"(?im-u)^[ \t]*(?:{names})[ \t]+\S")).ok()
});

/// A directive that concerns versions.
static TLS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let list = r"SSL(?:Proxy)?Protocol(?:[ \t\\\r]|$)";
    let command = r#"SSLOpenSSLConfCmd[ \t]+["']?(?:Min|Max)?Protocol"#;
    Regex::new(&format!(r"(?im-u)^[ \t]*(?:{list}|SSLEngine[ \t]+on|{command})")).ok()
});

/// What a file is to httpd.
pub(super) fn role(path: &Path, bytes: &[u8]) -> FileRole {
    let name = path.file_name().unwrap_or_default();
    let is = |regex: &LazyLock<Option<Regex>>| regex.as_ref().is_some_and(|regex| regex.is_match(bytes));
    if (name == "httpd.conf" || name == "apache2.conf") && is(&MAIN) {
        return FileRole::Main;
    }
    // Looked for first, since it is in next to no file.
    let mentions = memchr::memmem::find_iter(bytes, "SSL").next().is_some()
        || bytes.windows(3).any(|text| text.eq_ignore_ascii_case(b"ssl"));
    if mentions && is(&TLS) { FileRole::Fragment } else { FileRole::Foreign }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_files_go_by_name_and_content() {
        let main = b"# comment\r\n  servername a.test\r\n";
        assert_eq!(role(Path::new("/srv/x/httpd.conf"), main), FileRole::Main);
        assert_eq!(role(Path::new("/srv/x/apache2.conf"), b"# nothing"), FileRole::Foreign);
        assert_eq!(role(Path::new("/srv/x/httpd.conf.bak"), main), FileRole::Foreign);
        assert_eq!(role(Path::new("/srv/x/apache2.conf~"), b"SSLProtocol all"), FileRole::Fragment);
    }

    #[test]
    fn fragments_go_by_their_directives() {
        let role = |text: &str| role(Path::new("/x"), text.as_bytes());
        for text in [
            "a\n\tsslprotocol all",
            "SSLProxyProtocol all\r\n",
            "SSLEngine On",
            "SSLOpenSSLConfCmd MinProtocol TLSv1",
            "SSLOpenSSLConfCmd \"Protocol\" -TLSv1",
            "SSLProtocol\\\n all",
        ] {
            assert_eq!(role(text), FileRole::Fragment, "{text}");
        }
        for text in
            ["# SSLProtocol all", "SSLEngine off", "SSLOpenSSLConfCmd Curves X25519", "ssl_protocols TLSv1;", ""]
        {
            assert_eq!(role(text), FileRole::Foreign, "{text}");
        }
    }
}
