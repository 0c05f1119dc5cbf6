//! Every file is printed back byte for byte from its tree, and what lies between the nodes is white space.

use crate::support;

use std::path::{Path, PathBuf};
use support::case::{self, Content};
use tlsmend::services::tree::Tree;

/// Holds one file against both syntaxes; whether it is valid in them does not matter for the bytes.
fn check(name: &str, bytes: &[u8]) {
    for (syntax, tree) in
        [("nginx", tlsmend::services::nginx::parse(bytes)), ("apache", tlsmend::services::apache::parse(bytes))]
    {
        assert!(tree.print(bytes) == bytes, "{name} as {syntax}: not printed back");
        ordered(name, &tree);
        if tree.errors.is_empty() {
            for gap in tree.find_gaps(bytes.len() as u32) {
                let text = &bytes[gap.start as usize..gap.end as usize];
                let blank = |b: &u8| b.is_ascii_whitespace() || *b == 0x0b;
                assert!(text.iter().all(blank), "{name} as {syntax}: {text:?} belongs to no node");
            }
        }
    }
}

fn ordered(name: &str, tree: &Tree) {
    for pair in tree.nodes.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{name}: nodes overlap");
    }
    for (at, node) in tree.nodes.iter().enumerate() {
        for word in tree.words(at) {
            assert!(node.start <= word.start && word.end <= node.end, "{name}: a word outside of its node");
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|e| e.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

#[test]
fn sample_hosts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts");
    let files = files(&folder);
    assert!(files.len() > 100, "the sample hosts are there");
    for path in files {
        check(&path.display().to_string(), &std::fs::read(&path).expect("a file"));
    }
}

#[test]
fn truth_cases() {
    for folder in ["nginx", "apache", "apache-2.4.41"] {
        for case in case::all(folder) {
            for (path, content) in &case.files {
                if let Content::Text(text) = content {
                    check(&format!("{}: {path}", case.name), case.fill(text).as_bytes());
                }
            }
        }
    }
}

/// Configurations from elsewhere, which are not part of this repository: the folder that `TLSMEND_CORPORA` names.
#[test]
fn corpora() {
    let Some(folder) = std::env::var_os("TLSMEND_CORPORA") else { return };
    let files = files(Path::new(&folder));
    assert!(!files.is_empty(), "TLSMEND_CORPORA names an empty folder");
    for path in files {
        check(&path.display().to_string(), &std::fs::read(&path).expect("a file"));
    }
}
