//! What the host has besides the two servers: distribution, packages, certificate.

use super::Tree;
use std::fmt::Write;
use std::io;

const CERTIFICATE: &str = include_str!("../../fixtures/certs/rsa.crt");

const OS_RELEASE: &str = r#"PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION_CODENAME=bookworm
ID=debian
"#;

const PACKAGES: [(&str, &str); 4] = [
    ("apache2-bin", "2.4.71-1~deb12u1"),
    ("libssl3", "3.0.19-1~deb12u2"),
    ("nginx", "1.22.1-9+deb12u11"),
    ("openssl", "3.0.19-1~deb12u2"),
];

pub(super) fn write(tree: &mut Tree) -> io::Result<()> {
    tree.file("etc/os-release", OS_RELEASE)?;
    tree.file("etc/hosts", "127.0.0.1\tlocalhost\n::1\t\tlocalhost\n")?;
    tree.file("etc/mime.types", "text/html\t\thtml htm\ntext/css\t\tcss\n")?;
    tree.file("etc/ssl/certs/sites.crt", CERTIFICATE)?;
    let mut status = String::new();
    for (name, version) in PACKAGES {
        let _ = write!(
            status,
            "Package: {name}\nStatus: install ok installed\nPriority: optional\nArchitecture: amd64\n\
             Version: {version}\n\n"
        );
    }
    tree.file("var/lib/dpkg/status", &status)
}

/// The address of the site with this number: `10.NET.0.1` for the first ones.
pub(super) fn address(net: u8, number: usize, per_address: usize) -> String {
    let group = number / per_address.max(1);
    format!("10.{net}.{}.{}", group / 250 % 256, group % 250 + 1)
}
