//! Any system call of any number, failing with any error or killing the program: strace(1) does both.

use super::estate::{Ended, Ends, Estate, What, ended};
use super::{kills, rounds};
use crate::support::random::Random;
use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

const ERRORS: [&str; 17] = [
    "EIO",
    "ENOSPC",
    "EPERM",
    "EACCES",
    "EINTR",
    "EROFS",
    "EDQUOT",
    "ENOMEM",
    "EMFILE",
    "EXDEV",
    "EINVAL",
    "ENOSYS",
    "EBUSY",
    "EOPNOTSUPP",
    "EEXIST",
    "ELOOP",
    "ESTALE",
];

/// Calls that look at files or change them.
const CALLS: [&str; 22] = [
    "mkdirat",
    "pwrite64",
    "fsync",
    "renameat2",
    "renameat",
    "unlinkat",
    "fchown",
    "fchmod",
    "fsetxattr",
    "ftruncate",
    "openat",
    "openat2",
    "flock",
    "newfstatat",
    "fstat",
    "statx",
    "flistxattr",
    "fgetxattr",
    "fremovexattr",
    "pread64",
    "getdents64",
    "ioctl",
];

/// Those of them that may fail from some number on, for good: a disk that is full stays full. If all looks failed, nothing
/// would be known any more.
const FOR_GOOD: [&str; 11] = [
    "mkdirat",
    "pwrite64",
    "fsync",
    "renameat2",
    "renameat",
    "unlinkat",
    "fchown",
    "fchmod",
    "fsetxattr",
    "ftruncate",
    "flock",
];

/// A run under strace, with these things done to its calls.
fn traced(estate: &Estate, what: What, inject: &[String]) -> Ended {
    let calls: Vec<&str> = inject.iter().filter_map(|one| one.split(':').next()).collect();
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-e", &format!("trace={}", calls.join(","))]);
    command.args(inject.iter().flat_map(|one| ["-e".to_owned(), format!("inject={one}")]));
    command.arg(rounds::program()).args(estate.arguments(what)).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let run = ended(&rounds::output(command));
    assert!(!run.err.contains("strace: "), "{}", run.err);
    run
}

/// How often a run makes each call.
fn counts(what: What) -> BTreeMap<String, usize> {
    let estate = Estate::new();
    if what == What::Rollback {
        estate.run(What::Fix);
    }
    let file = estate.path("counts");
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-U", "calls,name", "-o"]).arg(&file).arg(rounds::program());
    let status = command.args(estate.arguments(what)).env_clear().stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.code().is_some()), "strace can't trace here");
    let table = fs::read_to_string(file).expect("the counts");
    let row = |line: &str| {
        let (count, name) = line.trim().split_once(' ')?;
        Some((name.trim().to_owned(), count.parse().ok()?))
    };
    table.lines().filter_map(row).filter(|(name, _)| CALLS.contains(&name.as_str())).collect()
}

/// One or two things that happen to calls.
fn chosen(random: &mut Random, counts: &BTreeMap<String, usize>) -> Vec<String> {
    let calls: Vec<&String> = counts.keys().collect();
    let mut inject: BTreeMap<&String, String> = BTreeMap::new();
    for _ in 0..=usize::from(random.percent(33)) {
        let call = *random.pick(&calls);
        let number = 1 + random.below(counts[call]);
        let (kill, for_good) = (random.percent(15), random.percent(50));
        let happens = if kill { "signal=KILL".to_owned() } else { format!("error={}", random.pick(&ERRORS)) };
        let on = if !kill && for_good && FOR_GOOD.contains(&call.as_str()) { "+" } else { "" };
        inject.insert(call, format!("{call}:{happens}:when={number}{on}"));
    }
    inject.into_values().collect()
}

pub fn failing_at_random() {
    let ends = Ends::of_a_fix();
    let counts = [What::Fix, What::Rollback].map(counts);
    rounds::each("injected failures", 25, |_, random| {
        let estate = Estate::new();
        let what = if random.percent(25) { What::Rollback } else { What::Fix };
        if what == What::Rollback {
            assert!(matches!(estate.run(What::Fix).status, Some(0 | 3)));
        }
        let inject = chosen(random, &counts[usize::from(what == What::Rollback)]);
        let run = traced(&estate, what, &inject);
        let told = format!("{what:?} {inject:?} status {:?}\n{}", run.status, run.err);
        let ends = if what == What::Fix { &ends.shown(&run.out) } else { &ends };
        said_so(ends, &estate, what, &run, &told);
        let mut said = vec![run.err];
        if run.status.is_none() && random.percent(50) {
            let inject = chosen(random, &counts[0]);
            let killing: Vec<String> = inject.iter().map(|one| killing(one)).collect();
            said.push(traced(&estate, What::Recover, &killing).err);
        }
        let recovered = estate.recover();
        said.push(recovered.err);
        let is_new = ends.of(&estate, &format!("{told}\n{}", said.join("\n--\n")));
        kills::true_of(&estate, what, is_new, &said);
        let end = if is_new { "new" } else { "old" };
        format!("{what:?} {}, {end}", run.status.map_or("killed".to_owned(), |status| format!("status {status}")))
    });
}

/// The same call, killing the program instead; early, since a recovery is short.
fn killing(inject: &str) -> String {
    let call = inject.split(':').next().expect("a call");
    let number = inject.trim_end_matches('+').rsplit('=').next().and_then(|text| text.parse::<usize>().ok());
    format!("{call}:signal=KILL:when={}", 1 + number.unwrap_or_default() % 12)
}

/// Right after a run that was not killed: what it says about the files is so.
fn said_so(ends: &Ends, estate: &Estate, what: What, run: &Ended, told: &str) {
    let Some(status) = run.status else { return };
    // The program was not even begun.
    if status == 127 && run.err.contains("error while loading shared libraries") {
        return;
    }
    assert!((0..=6).contains(&status), "no documented status: {told}");
    let (before, after) = match what {
        What::Rollback => (&ends.new, &ends.old),
        _ => (&ends.old, &ends.new),
    };
    let mut now = estate.files();
    now.retain(|path, _| !path.to_string_lossy().contains(".tlsmend"));
    if run.err.contains("every file is as it was") || run.err.contains("nothing was changed") {
        assert!(now == *before, "it is not as it was: {told}");
    }
    if status == 0 {
        assert!(now == *after, "it is not done: {told}");
    }
}
