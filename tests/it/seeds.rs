//! The seeds of the fuzz targets (`fuzz/seeds`), each run through what its target does with it: small samples, and every
//! input that once broke something.

use crate::fuzzed;

use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn every_seed_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut failures = Vec::new();
    for (target, _) in fuzzed::TARGETS {
        let seeds = files(&folder.join(target));
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for seed in seeds {
            let bytes = std::fs::read(&seed).expect("a seed");
            if std::panic::catch_unwind(|| fuzzed::run(target, &bytes)).is_err() {
                failures.push(seed);
            }
        }
    }
    assert!(failures.is_empty(), "these seeds do not hold (each says why above): {failures:#?}");
}

#[test]
fn every_target_can_be_run() {
    let manifest = include_str!("../../fuzz/Cargo.toml");
    for (target, _) in fuzzed::TARGETS {
        let path = format!("fuzz_targets/{target}.rs");
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{target} is missing in fuzz/Cargo.toml");
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(&path));
        assert!(text.is_ok_and(|text| text.contains(&format!("\"{target}\""))), "{path}");
    }
}
