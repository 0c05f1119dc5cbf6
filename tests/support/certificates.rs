//! Certificates with keys of several kinds, made once.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The folder that holds rsa.crt, rsa.key, ec.crt, ec.key, ed.crt and ed.key; and a second pair of two kinds, rsa2 and ec2.
pub fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(make);
    &FOLDER
}

/// Makes NAME.crt and NAME.key in a folder. The arguments, of `openssl req`, say for whom and of which kind.
pub fn one(folder: &Path, name: &str, arguments: &[&str]) {
    let status = Command::new("openssl")
        .args(["req", "-x509", "-nodes"])
        .args(arguments)
        .arg("-keyout")
        .arg(folder.join(format!("{name}.key")))
        .arg("-out")
        .arg(folder.join(format!("{name}.crt")))
        .env("OPENSSL_CONF", "/etc/ssl/openssl.cnf")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("openssl (tests/run installs it)").success(), "openssl makes a certificate ({name})");
}

fn make() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let done = place.join("pairs");
    if done.is_dir() {
        return done;
    }
    let fresh = tempfile::tempdir_in(place).expect("a temporary directory");
    let (rsa, curve) = (&["rsa:2048"][..], &["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"][..]);
    for (name, kind) in [("rsa", rsa), ("rsa2", rsa), ("ec", curve), ("ec2", curve), ("ed", &["ed25519"])] {
        one(fresh.path(), name, &[&["-days", "3650", "-subj", "/CN=main.test", "-newkey"], kind].concat());
    }
    // Another test process may have been quicker, and its certificates do as well.
    if std::fs::rename(fresh.path(), &done).is_ok() {
        let _gone = fresh.keep();
    }
    assert!(done.is_dir(), "{} is there", done.display());
    done
}
