//! A private copy of the machine for what only root can be made to do: namespaces of its own, and a file system whose
//! changes stay in memory and end with it.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use super::workshop::Workshop;
use std::process::{Command, Stdio};

/// Makes the copy and runs a script in it, which lies in `$1`; the program is `tlsmend` there.
const SET_UP: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1/room"
mkdir "$1/room/upper" "$1/room/work" "$1/room/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/room/upper,workdir=$1/room/work" "$1/room/root"
cd "$1/room/root"
mkdir -p dev proc tmp usr/local/sbin
mount --bind /dev dev
mount -t proc proc proc
mount -t tmpfs -o mode=1777 tmpfs tmp
cp "$2" usr/local/sbin/tlsmend
cp "$1/script" script
exec chroot . /bin/bash -e /script
"#;

/// Runs a script as root on a private copy of this machine; what it prints. `None`: only root can.
pub fn run(script: &str) -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let shop = Workshop::new();
    shop.write("script", script);
    std::fs::create_dir(shop.path("room")).expect("mkdir");
    let here = shop.path("").display().to_string();
    let output = Command::new("unshare")
        .args(["--mount", "--pid", "--net", "--fork", "--kill-child", "bash", "-c", SET_UP, "cage"])
        .args([here.trim_end_matches('/'), Workshop::program()])
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .expect("unshare (tests/run installs it)");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}\n--- standard error ---\n{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "the script ended with {}:\n{said}", output.status);
    Some(said)
}
