//! A root with an nginx and an Apache whose files have everything that a change could lose: owners, modes, lists,
//! attributes, second names, and a folder of which hidden files are read.

use super::rounds::{self, program};
use crate::support::workshop::Workshop;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// What is known of the software, and that nothing is asked.
const FIX: [&str; 11] = [
    "fix",
    "--yes",
    "--exit-zero",
    "--assume",
    "nginx=1.22.1",
    "--assume",
    "apache=2.4.57",
    "--assume",
    "openssl=3.0.17",
    "--assume",
    "distribution=debian",
];

/// The file with a second name, and that name.
const LINKED: (&str, &str) = ("etc/nginx/sites/s1", "var/second");
/// Somebody who is not root.
const SOMEBODY: u32 = 1234;

/// Everything about a file that must not get lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub bytes: Vec<u8>,
    mode: u32,
    owner: (u32, u32),
    names: u64,
    attributes: BTreeMap<String, Vec<u8>>,
}

/// All files below /etc, by their paths there.
pub type Files = BTreeMap<PathBuf, Kept>;

/// A root.
pub struct Estate {
    folder: TempDir,
}

/// How a run ended; no status: it was killed.
pub struct Ended {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Estate {
    /// A new one, in memory where there is /dev/shm.
    pub fn new() -> Estate {
        let shm = Path::new("/dev/shm");
        let folder = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
        Estate::within(folder.expect("a temporary folder"))
    }

    /// One in a folder.
    pub fn within(folder: TempDir) -> Estate {
        let estate = Estate { folder };
        estate.write_nginx();
        estate.write_apache();
        fs::create_dir_all(estate.path("var/lib")).expect("a folder");
        fs::hard_link(estate.path(LINKED.0), estate.path(LINKED.1)).expect("a second name");
        let mode = |path: &str, mode| {
            fs::set_permissions(estate.path(path), fs::Permissions::from_mode(mode)).expect("a mode");
        };
        mode("etc/nginx/sites/s2", 0o4711);
        mode("etc/nginx/conf.d/a.conf", 0o640);
        mode("etc/apache2/sites/v0.conf", 0o600);
        if nix::unistd::geteuid().is_root() {
            chown(estate.path("etc/nginx/conf.d/a.conf"), Some(SOMEBODY), Some(SOMEBODY + 1)).expect("an owner");
        }
        // Where the file system has neither, there is nothing to lose.
        let _list = Workshop::give_acl(&estate.path("etc/nginx/sites/s3"));
        let _attribute = fs::File::open(estate.path("etc/nginx/sites/s2"))
            .map(|file| rustix::fs::fsetxattr(&file, "user.label", b"x\0y", rustix::fs::XattrFlags::empty()));
        estate
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    fn write_nginx(&self) {
        self.write(
            "etc/nginx/nginx.conf",
            "events {}\nhttp {\n    ssl_protocols TLSv1 TLSv1.1 TLSv1.2;\n    include /etc/nginx/sites/*;\n    \
             include /etc/nginx/conf.d/*.conf;\n}\n",
        );
        let site = |port: u16, versions: &str, name: &str| {
            format!(
                "server {{\n    listen 127.0.0.1:{port} ssl;\n    ssl_protocols {versions};\n    server_name {name}.test;\n}}\n"
            )
        };
        for (number, name) in ["s0", "s1", "s2", "s3"].iter().enumerate() {
            self.write(&format!("etc/nginx/sites/{name}"), &site(8000 + number as u16, "TLSv1.1", name));
        }
        self.write("etc/nginx/conf.d/a.conf", &site(8100, "TLSv1", "a"));
    }

    fn write_apache(&self) {
        self.write(
            "etc/apache2/apache2.conf",
            "ServerRoot /etc/apache2\nListen 443\nSSLProtocol all -SSLv3\nInclude /etc/apache2/all\n\
             IncludeOptional /etc/apache2/sites/*.conf\n",
        );
        for (path, versions) in [
            ("all/h0", "TLSv1 TLSv1.1"),
            ("all/h1", "TLSv1 TLSv1.1"),
            ("sites/v0.conf", "TLSv1.1"),
            ("sites/v1.conf", "TLSv1.1"),
        ] {
            let name = path.rsplit('/').next().expect("a name").trim_end_matches(".conf");
            let host = format!("ServerName {name}.test\nSSLEngine on\nSSLProtocol {versions}\n");
            self.write(&format!("etc/apache2/{path}"), &format!("<VirtualHost *:443>\n{host}</VirtualHost>\n"));
        }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// All files below /etc.
    pub fn files(&self) -> Files {
        let root = self.folder.path();
        let entries = walkdir::WalkDir::new(root.join("etc")).into_iter().map(|entry| entry.expect("an entry"));
        let files = entries.filter(|entry| !entry.file_type().is_dir()).map(walkdir::DirEntry::into_path);
        files.map(|path| (path.strip_prefix(root).expect("below").to_owned(), kept(&path))).collect()
    }

    /// Hidden files of tlsmend anywhere below the root, but for the state directory.
    pub fn strays(&self) -> Vec<PathBuf> {
        let entries = walkdir::WalkDir::new(self.folder.path()).into_iter().filter_map(Result::ok);
        let hidden = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".tlsmend"));
        hidden.map(walkdir::DirEntry::into_path).collect()
    }

    /// The two names are one file still.
    pub fn is_one_file(&self) -> bool {
        let number = |path| fs::metadata(self.path(path)).map(|meta| meta.ino()).ok();
        number(LINKED.0).is_some() && number(LINKED.0) == number(LINKED.1)
    }

    /// The arguments of a command that changes this root.
    pub fn arguments(&self, command: What) -> Vec<String> {
        let words: &[&str] = match command {
            What::Fix => &FIX,
            What::Rollback => &["rollback", "--yes"],
            // Nothing has that name: the run ends what is unfinished, and does nothing else.
            What::Recover => &["rollback", "--yes", "no-such-id"],
        };
        let root = self.folder.path().display().to_string();
        words.iter().copied().chain(["--root", &root]).map(str::to_owned).collect()
    }

    pub fn command(&self, command: What) -> Command {
        let mut program = Command::new(program());
        program.args(self.arguments(command)).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        program
    }

    /// Runs a command to its end.
    pub fn run(&self, command: What) -> Ended {
        ended(&rounds::output(self.command(command)))
    }

    /// Ends what is unfinished, and says how.
    pub fn recover(&self) -> Ended {
        let ended = self.run(What::Recover);
        assert_eq!(ended.status, Some(2), "a recovery ends: {}", ended.err);
        ended
    }

    /// How many transactions the state directory holds.
    pub fn transactions(&self) -> usize {
        fs::read_dir(self.path("var/lib/tlsmend/transactions")).map_or(0, Iterator::count)
    }

    /// Is the newest transaction done, by its journal? `None`: there is none, or it was never begun.
    pub fn says_done(&self) -> Option<bool> {
        let folder = self.path("var/lib/tlsmend/transactions");
        let mut ids: Vec<PathBuf> = fs::read_dir(folder).ok()?.map(|entry| entry.expect("an entry").path()).collect();
        ids.sort_by_key(|path| path.to_string_lossy().rsplit('-').next().and_then(|number| number.parse::<u64>().ok()));
        let journal = fs::read(ids.last()?.join("journal.json")).ok()?;
        let journal: serde_json::Value = serde_json::from_slice(&journal).expect("a journal");
        match journal["step"].as_str() {
            Some("committed") => Some(true),
            Some("rolled-back") => Some(false),
            other => panic!("the newest transaction is not ended: {other:?}"),
        }
    }
}

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Fix,
    Rollback,
    Recover,
}

/// How a process ended; it may not have panicked.
pub fn ended(output: &Output) -> Ended {
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!err.contains("panicked"), "{err}");
    Ended { status: output.status.code(), out: String::from_utf8_lossy(&output.stdout).into_owned(), err }
}

fn kept(path: &Path) -> Kept {
    let meta = fs::symlink_metadata(path).expect("is there");
    let file = fs::File::open(path).expect("a file");
    let mut names = vec![0; 4096];
    let length = rustix::fs::flistxattr(&file, names.as_mut_slice()).unwrap_or_default();
    let names = names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let attribute = |name: &[u8]| {
        let name = String::from_utf8_lossy(name).into_owned();
        let mut value = vec![0; 4096];
        let length = rustix::fs::fgetxattr(&file, name.as_str(), value.as_mut_slice()).unwrap_or_default();
        value.truncate(length);
        (name, value)
    };
    Kept {
        attributes: names.map(attribute).collect(),
        bytes: fs::read(path).expect("a file"),
        mode: meta.mode(),
        owner: (meta.uid(), meta.gid()),
        names: meta.nlink(),
    }
}

/// The files before and after a whole fix.
pub struct Ends {
    pub old: Files,
    pub new: Files,
}

impl Ends {
    pub fn of_a_fix() -> Ends {
        let estate = Estate::new();
        let old = estate.files();
        let ended = estate.run(What::Fix);
        assert!(matches!(ended.status, Some(0 | 3)), "{}", ended.err);
        let new = estate.files();
        assert!(old.keys().eq(new.keys()), "no file comes or goes");
        for (path, file) in &old {
            let changed = Kept { bytes: new[path].bytes.clone(), ..file.clone() };
            assert!(changed.bytes != file.bytes && changed == new[path], "{}: its content changes", path.display());
        }
        Ends { old, new }
    }

    /// The ends of a fix that showed this patch. Where something could not be read, that is said, and the patch is for the
    /// rest; it is applied as a whole or not at all.
    pub fn shown(&self, out: &str) -> Ends {
        let estate = Estate::new();
        let mut patch = Command::new("patch");
        patch.args(["-p1", "--silent", "--force", "--no-backup-if-mismatch"]).current_dir(estate.folder.path());
        let mut child =
            patch.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("patch (tests/run installs it)");
        // What follows a patch is none of its business; nor is a patch that was cut, since nothing was written then.
        let _cut = child.stdin.take().expect("a pipe").write_all(out.as_bytes());
        child.wait().expect("ends");
        let patched = |(path, file): (&PathBuf, &Kept)| {
            let bytes = fs::read(estate.path(".").join(path)).expect("a file");
            (path.clone(), Kept { bytes, ..file.clone() })
        };
        Ends { old: self.old.clone(), new: self.old.iter().map(patched).collect() }
    }

    /// Holds the files against the two ends: which of them it is.
    pub fn of(&self, estate: &Estate, said: &str) -> bool {
        let now = estate.files();
        let is_new = now != self.old;
        if is_new && now != self.new {
            let one = |path: &PathBuf| match now.get(path) {
                None => "gone",
                file if file == self.old.get(path) => "old",
                file if file == self.new.get(path) => "new",
                Some(_) => "something else",
            };
            let all: BTreeMap<&PathBuf, &str> = self.old.keys().chain(now.keys()).map(|p| (p, one(p))).collect();
            panic!("neither old nor new: {all:#?}\n{said}");
        }
        assert_eq!(estate.strays(), [] as [PathBuf; 0], "{said}");
        assert!(estate.is_one_file(), "the second name is of another file now\n{said}");
        is_new
    }
}
