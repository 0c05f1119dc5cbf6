//! A folder with a configuration, a state directory and scripts that play checkers; and the program run in it.

pub use super::program::Run;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

pub struct Workshop {
    root: TempDir,
}

/// A text without what is different each time: names of transactions, processes, times and these folders.
pub fn redacted(text: &str, folders: &[(PathBuf, &str)]) -> String {
    let mut text = text.to_owned();
    for (folder, name) in folders {
        text = text.replace(&folder.display().to_string(), name);
        text = text.replace(folder.display().to_string().trim_start_matches('/'), name);
    }
    let patterns = [
        (r"\d{8}T\d{6}Z", "[TIME]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[TIME]"),
        (r"process \d+", "process [PID]"),
    ];
    for (pattern, name) in patterns {
        text = regex::Regex::new(pattern).expect("a pattern").replace_all(&text, name).into_owned();
    }
    text
}

impl Workshop {
    pub fn new() -> Workshop {
        let root = tempfile::Builder::new().prefix("shop.").tempdir().expect("a temporary directory");
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        Workshop { root }
    }

    /// One on a file system in memory, if there is one.
    pub fn quick() -> Workshop {
        let shm = Path::new("/dev/shm");
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("shop.");
        let root = if shm.is_dir() { builder.tempdir_in(shm) } else { builder.tempdir() };
        Workshop { root: root.expect("a temporary directory") }
    }

    pub fn redact(&self, text: &str) -> String {
        redacted(text, &[(self.root.path().to_owned(), "[DIR]")])
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("mkdir");
        fs::write(path, text).expect("write");
    }

    /// The main file of an nginx with workers, as it runs on hosts; its sites are files in `conf/sites`.
    pub fn write_nginx(&self) {
        let root = self.path(".").display().to_string();
        let user = if nix::unistd::geteuid().is_root() { "user www-data;\n" } else { "" };
        self.write(
            "conf/nginx.conf",
            &format!(
                "{user}daemon off;\nworker_processes 2;\npid {root}/nginx.pid;\nerror_log {root}/error.log;\nevents {{}}\n\
                 http {{\n    access_log off;\n    include sites/*.conf;\n}}\n"
            ),
        );
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("a text")
    }

    /// A shell script; the path to run it by.
    pub fn script(&self, name: &str, text: &str) -> String {
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("chmod");
        self.path(name).display().to_string()
    }

    /// All files below a folder, hidden ones too: content and mode.
    pub fn contents(&self, folder: &str) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
        let entries = walkdir::WalkDir::new(self.path(folder)).into_iter().filter_map(Result::ok);
        let files = entries.filter(|e| e.file_type().is_file()).map(walkdir::DirEntry::into_path);
        files
            .map(|path| {
                let mode = fs::metadata(&path).expect("is there").permissions().mode();
                let bytes = fs::read(&path).expect("a file");
                (path, (bytes, mode))
            })
            .collect()
    }

    /// No hidden file is left anywhere.
    pub fn nothing_hidden(&self) {
        let left: Vec<PathBuf> =
            self.contents("conf").into_keys().filter(|p| p.to_string_lossy().contains(".tlsmend")).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    pub fn program() -> &'static str {
        env!("CARGO_BIN_EXE_tlsmend")
    }

    pub fn command(&self, state: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(Self::program());
        command
            .args(arguments)
            .arg("--state-dir")
            .arg(state)
            .current_dir(self.root.path())
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn finished(&self, mut command: Command) -> Run {
        let output = command.output().expect("runs");
        super::validate::own_json(&String::from_utf8_lossy(&output.stdout));
        let folders = [(self.root.path().to_owned(), "[DIR]")];
        Run {
            status: output.status.code().expect("an exit status"),
            out: redacted(&String::from_utf8_lossy(&output.stdout), &folders),
            err: redacted(&String::from_utf8_lossy(&output.stderr), &folders),
        }
    }

    /// Runs the program in the folder, with its state directory there.
    pub fn tlsmend(&self, arguments: &[&str]) -> Run {
        self.tlsmend_with(&self.path("state"), arguments)
    }

    pub fn tlsmend_with(&self, state: &Path, arguments: &[&str]) -> Run {
        self.finished(self.command(state, arguments))
    }

    /// Runs a command that has no state directory.
    pub fn plain(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(Self::program());
        command.args(arguments).current_dir(self.root.path()).env_clear();
        self.finished(command)
    }

    /// Runs a command line on a terminal, with this typed; what is shown there, and the exit status.
    pub fn on_a_terminal(&self, command: &str, typed: &str) -> (String, i32) {
        let mut child = Command::new("script")
            .args(["-q", "-e", "-c", command, "/dev/null"])
            .current_dir(self.root.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script (tests/run installs it)");
        child.stdin.take().expect("a pipe").write_all(typed.as_bytes()).expect("is typed");
        let output = child.wait_with_output().expect("ends");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().expect("a status"))
    }

    /// Runs the program with a standard output that nobody reads; the exit status.
    pub fn closed_pipe(&self, arguments: &[&str]) -> i32 {
        let mut command = self.command(&self.path("state"), arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("runs");
        drop(child.stdout.take());
        child.wait().expect("ends").code().expect("an exit status")
    }

    /// Gives a file an access control list, where the file system has such; it is that for user 65534.
    pub fn give_acl(path: &Path) -> Option<Vec<u8>> {
        let entry = |tag: u16, rights: u16, id: u32| {
            [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        let list = [
            2_u32.to_le_bytes().to_vec(),
            entry(1, 6, u32::MAX),
            entry(2, 4, 65534),
            entry(4, 4, u32::MAX),
            entry(0x10, 4, u32::MAX),
            entry(0x20, 0, u32::MAX),
        ]
        .concat();
        let file = fs::File::open(path).expect("a file");
        let _unless_there_are_none =
            rustix::fs::fsetxattr(&file, "system.posix_acl_access", &list, rustix::fs::XattrFlags::empty());
        Self::acl(path)
    }

    pub fn acl(path: &Path) -> Option<Vec<u8>> {
        let file = fs::File::open(path).expect("a file");
        let mut buffer = vec![0; 256];
        let length = rustix::fs::fgetxattr(&file, "system.posix_acl_access", buffer.as_mut_slice()).ok()?;
        buffer.truncate(length);
        Some(buffer)
    }
}
