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

/// A virtual host, or TLS towards other servers.
static HOST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?im-u)^[ \t]*(?:<VirtualHost[ \t]|SSLProxyEngine[ \t]+on)").ok());

/// What only a main file says.
static ROOT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?im-u)^[ \t]*ServerRoot[ \t]+\S").ok());

/// The first line of files that a main file includes.
static FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = r"SSL\w+[ \t]|Listen[ \t]+[\[*0-9]|(?:ServerName|Include|IncludeOptional|LoadModule|NameVirtualHost|ServerRoot)[ \t]";
    let sections = "VirtualHost|IfModule|IfDefine|IfVersion|IfFile|Macro|Directory|Location|Proxy";
    Regex::new(&format!(r"(?i-u)\A(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:{names}|<(?:{sections})[ \t])")).ok()
});

/// Has the text what only a main file says?
pub(super) fn is_main(bytes: &[u8]) -> bool {
    ROOT.as_ref().is_some_and(|root| root.is_match(bytes))
}

/// Does the text begin like a configuration of httpd?
pub(super) fn begins(bytes: &[u8]) -> bool {
    FIRST.as_ref().is_some_and(|first| first.is_match(bytes))
}

/// What a file is to httpd.
pub(super) fn tell_role(path: &Path, bytes: &[u8]) -> FileRole {
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

/// Has the text a virtual host, or TLS towards other servers?
pub(super) fn has_servers(bytes: &[u8]) -> bool {
    HOST.as_ref().is_some_and(|host| host.is_match(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_first_lines() {
        let role = |text: &str| match tell_role(Path::new("/x"), text.as_bytes()) {
            FileRole::Foreign if has_servers(text.as_bytes()) => FileRole::Part,
            role => role,
        };
        assert_eq!(role("\n  <virtualhost *:443>\n"), FileRole::Part);
        assert_eq!(role("SSLProxyEngine on"), FileRole::Part);
        assert!(is_main(b"# x\n ServerRoot \"/etc/httpd\"\n") && !is_main(b"# ServerRoot /x\nListen 443\n"));
        for text in ["# a\n\n<VirtualHost *:443>\n", "SSLProtocol all\n", "\r\n<ifmodule mod_ssl.c>\n", "listen 443"] {
            assert!(begins(text.as_bytes()), "{text}");
        }
        for text in [
            "Use of TLS\n",
            "# Title\n\nTLS is\n<VirtualHost x>",
            "use strict;\n<VirtualHost x>",
            "```\nSSLProtocol all",
        ] {
            assert!(!begins(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn main_files_go_by_name_and_content() {
        let main = b"# comment\r\n  servername a.test\r\n";
        assert_eq!(tell_role(Path::new("/srv/x/httpd.conf"), main), FileRole::Main);
        assert_eq!(tell_role(Path::new("/srv/x/apache2.conf"), b"# nothing"), FileRole::Foreign);
        assert_eq!(tell_role(Path::new("/srv/x/httpd.conf.bak"), main), FileRole::Foreign);
        assert_eq!(tell_role(Path::new("/srv/x/apache2.conf~"), b"SSLProtocol all"), FileRole::Fragment);
    }

    #[test]
    fn fragments_go_by_their_directives() {
        let role = |text: &str| tell_role(Path::new("/x"), text.as_bytes());
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
        for text in [
            "# SSLProtocol all",
            "<VirtualHosts x>",
            "SSLEngine off",
            "SSLOpenSSLConfCmd Curves X25519",
            "ssl_protocols TLSv1;",
            "",
        ] {
            assert_eq!(role(text), FileRole::Foreign, "{text}");
        }
    }
}
