//! Programs that a test needs and that cargo does not bring.

use std::io::Write as _;
use std::path::Path;

/// Names the tests that nothing may be left out of: `all`, as `tests/run` says it.
const TESTS: &str = "TLSMEND_TESTS";

/// Are all of these programs there? Where one is missing, the test that asks is left out, and says so. Where everything has
/// to be tested, that is a failure.
pub fn has(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !is_there(program)).collect();
    if missing.is_empty() {
        return true;
    }
    let missing = missing.join(", ");
    let is_all = std::env::var(TESTS).is_ok_and(|tests| tests == "all");
    assert!(!is_all, "{missing}: not there (tests/run installs it)");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Past what is kept of a test that passes.
    let _ = writeln!(std::io::stderr(), "left out: {test}: {missing} is not there (tests/run installs it)");
    false
}

fn is_there(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/bin", "/sbin"].map(Path::new);
    let mut folders = std::env::split_paths(&folders).chain(usual.map(Path::to_owned));
    folders.any(|folder| folder.join(program).is_file())
}
