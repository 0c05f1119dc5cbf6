//! openssl.cnf made up by chance: what a context of the machine's Python has is what tlsmend reads.

use crate::support::needs;
use crate::support::random::Random;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use tlsmend::host::{Assumption, Facts, Given};
use tlsmend::services::{self, clients};
use tlsmend::source::SourceMap;
use tlsmend::system::OsSystem;
use tlsmend::tls::{Version, VersionSet};

/// Prints the library's version, and of a new context: bounds, switches, level.
const ORACLE: &str = "\
import ssl
print(ssl.OPENSSL_VERSION.split()[1])
c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
v = ssl.TLSVersion
low = {v.MINIMUM_SUPPORTED: 0, v.SSLv3: 0, v.TLSv1: 1, v.TLSv1_1: 2, v.TLSv1_2: 3, v.TLSv1_3: 4}
high = {v.SSLv3: 0, v.TLSv1: 1, v.TLSv1_1: 2, v.TLSv1_2: 3, v.TLSv1_3: 4, v.MAXIMUM_SUPPORTED: 4}
off = [ssl.OP_NO_TLSv1, ssl.OP_NO_TLSv1_1, ssl.OP_NO_TLSv1_2, ssl.OP_NO_TLSv1_3]
print(low[c.minimum_version], high[c.maximum_version], *[i + 1 for i, b in enumerate(off) if c.options & b])
";

const HEADS: &[&str] =
    &["[sys]", "[ sys ]", "[ssl]", "[init]", "[default]", "[x]", "[sys", "[ENV]", "[]", "[sys] x", "[$v]"];
const NAMES: &[&str] = &[
    "MinProtocol",
    "MaxProtocol",
    "Protocol",
    "x",
    "openssl_conf",
    "ssl_conf",
    "system_default",
    ".include",
    ".pragma",
    "v",
    "sys",
    "TLS.MinProtocol",
    "minprotocol",
    "providers",
    "engines",
    "oid_section",
    "random",
    "alg_section",
    "Groups",
    "Options",
    "a b",
];
const MARKS: &[&str] = &["=", " = ", " =", "\t=\t", " ", "::"];
const VALUES: &[&str] = &[
    "TLSv1",
    "TLSv1.1",
    "TLSv1.2",
    "TLSv1.3",
    "None",
    "DTLSv1.2",
    "1.2",
    "-TLSv1.3",
    "-ALL, TLSv1.2",
    "-TLSv1",
    "$v",
    "${v}",
    "$(v)",
    "${v",
    "$ENV::HOME",
    "$default::v",
    "\"TLSv1.2\"",
    "'TLSv1.2'",
    "`TLSv1.3`",
    "TLS\"v1\".2",
    "\\TLSv1.2",
    "TLSv1.2 # x",
    "TLSv1.2;",
    "a\\",
    "sys",
    "ssl",
    "init",
    "/nowhere",
    "dollarid:on",
    "foo:bar",
    "",
    "1",
    "X25519",
    "bogus",
    "don't",
    "\\#",
    "$",
    "TLSv1.$w",
    "no",
];

fn made_up(random: &mut Random) -> String {
    let mut lines: Vec<String> = [
        "v = TLSv1.2",
        "w = 3",
        "openssl_conf = init",
        "[init]",
        "ssl_conf = ssl",
        "[ssl]",
        "system_default = sys",
        "[sys]",
        "MinProtocol = TLSv1.2",
    ]
    .map(str::to_owned)
    .to_vec();
    for _ in 0..random.below(6) {
        let line = match random.below(8) {
            0 => (*random.pick(HEADS)).to_owned(),
            1 => format!("# {}", random.pick(VALUES)),
            _ => {
                let end: &&str = random.pick(&["", "", "", " ", "\\", "\r"]);
                format!("{}{}{}{end}", random.pick(NAMES), random.pick(MARKS), random.pick(VALUES))
            }
        };
        let at = random.below(lines.len() + 1);
        lines.insert(at, line);
    }
    let end: &&str = random.pick(&["\n", "\n", ""]);
    lines.join("\n") + end
}

/// What the oracle says of a file: the versions that a hello names at a level that refuses none of them.
fn observed(path: &Path, folder: &Path) -> Option<(String, VersionSet)> {
    let output = Command::new("/usr/bin/python3")
        .args(["-c", ORACLE])
        .current_dir(folder)
        .env_clear()
        .envs([("OPENSSL_CONF", path), ("HOME", Path::new("/root"))])
        .output()
        .expect("python3 runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (release, rest) = text.split_once('\n')?;
    let numbers: Vec<usize> = rest.split_ascii_whitespace().map(|number| number.parse().expect("a number")).collect();
    // No context at all: there are no numbers.
    let Some((&[low, high], off)) = numbers.split_first_chunk::<2>() else {
        return Some((release.to_owned(), VersionSet::EMPTY));
    };
    let version = |number: usize| Version::ALL[number + 1];
    let all = VersionSet::range(version(low.max(1)), version(high))
        .minus(off.iter().map(|number| version(*number)).collect());
    Some((release.to_owned(), if low > high { VersionSet::EMPTY } else { all.lowest_run() }))
}

#[test]
fn files_made_up_by_chance_mean_what_openssl_makes_of_them() {
    if !needs::has(&["python3"]) {
        return;
    }
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (first, count) = (number("TLSMEND_SEED", 1), number("TLSMEND_HOSTS", 60));
    let folder = tempfile::tempdir().expect("a temporary directory");
    let system = OsSystem::new(Path::new("/"), Vec::new()).expect("a root");
    let path = folder.path().join("o.cnf");
    let (program, _) = clients::named("python").expect("a program");
    for seed in first..first + count {
        let text = made_up(&mut Random::new(seed));
        std::fs::write(&path, &text).expect("written");
        let (release, expected) = observed(&path, folder.path()).expect("python3 has a library");
        let variable = |name: &str, value: &Path| (name.to_owned(), value.display().to_string());
        let env: BTreeMap<String, String> =
            [variable("OPENSSL_CONF", &path), variable("HOME", Path::new("/root")), variable("PWD", folder.path())]
                .into();
        // At level 0 a hello names all that is enabled.
        let assume = [format!("openssl={release}"), "openssl-seclevel=0".to_owned()];
        let assume =
            assume.map(|text| Assumption::parse(&text, &services::products()).expect("an assumption")).to_vec();
        let given = Given { env, assume, ..Given::default() };
        let asked = clients::Asked { system: &system, facts: &Facts::unknown(), given: &given };
        let answer = clients::ask(&program, None, asked, &mut SourceMap::default());
        let what = answer.unknown.iter().map(|unknown| &unknown.what).collect::<Vec<_>>();
        if answer.effective.is_some() {
            assert_eq!(answer.configured.value, expected, "seed {seed}: {text:?}, {what:?}");
        } else {
            assert!(!what.is_empty(), "seed {seed}: {text:?}");
        }
    }
}
