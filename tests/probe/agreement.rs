//! One answer of handshakes: the formats of `probe` held against each other, by policies made up by chance, and the exit
//! statuses of README's table.

use crate::support::agreeing::{Told, findings, run};
use crate::support::fake::{Fake, Model, Step, alert};
use crate::support::random::Random;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tlsmend::tls::Version;

const SEVERITIES: [&str; 4] = ["off", "low", "medium", "high"];
const FAIL_ON: [&str; 3] = ["low", "medium", "high"];

/// A server with some versions.
fn server(versions: &[Version]) -> Fake {
    let model =
        Model { versions: versions.to_vec(), suites: vec![0xc02f, 0xc013], suites_1_3: vec![0x1301], own_order: true };
    Fake::start(move |seen| model.answer(seen))
}

/// A policy for servers of the loopback interface.
fn policy(random: &mut Random) -> String {
    let mut text = String::new();
    if random.percent(50) {
        text.push_str("exposure: {loopback: same}\n");
    }
    if random.percent(40) {
        let (rule, severity) = (random.pick(&["forbidden-version", "missing-version"]), random.pick(&SEVERITIES));
        let _ = writeln!(text, "severity: {{{rule}: {severity:?}}}");
    }
    if random.percent(40) {
        let change = random.pick(&["forbid: [SSLv2, SSLv3]", "require: [TLSv1.2]", "forbid: [SSLv2]"]);
        let address = random.pick(&["127.0.0.1", "127.0.0.0/8", "192.0.2.1"]);
        let _ = writeln!(text, "overrides:\n  - match: {{address: {address:?}}}\n    {change}");
    }
    if random.percent(50) {
        let versions = random.pick(&["", ", versions: [TLSv1]", ", versions: [TLSv1, TLSv1.1]"]);
        let rule = random.pick(&["forbidden-version", "missing-version"]);
        let _ = writeln!(text, "waivers:\n  - {{rule: {rule}, match: {{address: 127.0.0.1}}, reason: x{versions}}}");
    }
    text
}

#[test]
fn all_formats_of_a_probe_say_the_same() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"));
    let (first, hosts) = (number("TLSMEND_SEED", 1), number("TLSMEND_HOSTS", 40));
    let (mut wrong, mut found) = (String::new(), 0);
    for seed in first..first + hosts {
        let mut random = Random::new(seed);
        let folder = tempfile::tempdir().expect("a temporary directory");
        fs::write(folder.path().join("p.yaml"), policy(&mut random)).expect("writes");
        let targets: Vec<Fake> = (0..=random.below(2)).map(|_| server(&random.some(&Version::ALL[1..]))).collect();
        let addresses: Vec<String> = targets.iter().map(|target| target.address().to_string()).collect();
        let mut arguments = vec!["probe", "--policy", "p.yaml"];
        arguments.extend(addresses.iter().map(String::as_str));
        arguments.extend(random.percent(25).then_some("--exit-zero"));
        let told = run(folder.path(), &arguments, FAIL_ON[random.below(FAIL_ON.len())]);
        found += findings(&told.json).len();
        if !told.differences.is_empty() {
            let _ = writeln!(wrong, "host {seed}:\n  {}", told.differences.join("\n  "));
        }
    }
    println!("{hosts} probes, {found} findings");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(found as u64 > hosts / 2, "servers with little to say: {found}");
}

#[test]
fn probes_end_as_the_table_says() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    fs::write(folder.path().join("same.yaml"), "exposure: {loopback: same}\n").expect("writes");
    let waiver = "waivers: [{rule: [forbidden-version, missing-version], match: {address: 127.0.0.1}, reason: x}]\n";
    fs::write(folder.path().join("waived.yaml"), waiver).expect("writes");
    let modern = server(&[Version::Tls1_2, Version::Tls1_3]);
    let lacking = server(&[Version::Tls1_2]);
    let old = server(&[Version::Tls1, Version::Tls1_2, Version::Tls1_3]);
    // It answers by nothing that says yes or no.
    let vague = Fake::start(|seen| match seen.version {
        Version::Tls1_2 => {
            Model { versions: vec![Version::Tls1_2], suites: vec![0xc02f], suites_1_3: vec![], own_order: true }
                .answer(seen)
        }
        Version::Tls1_3 => vec![Step::Hang],
        _ => vec![Step::Send(alert(70)), Step::Close],
    });
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port");
    let probe = |address: &dyn ToString, fail_on: &str, policy: &str, more: &[&str]| -> Told {
        let address = address.to_string();
        let told =
            run(folder.path(), &[&["probe", &address, "--policy", policy, "--timeout", "2"], more].concat(), fail_on);
        assert!(told.differences.is_empty(), "{address}: {:?}", told.differences);
        told
    };
    for (what, address, statuses) in [
        ("compliant", modern.address(), [0, 0, 0]),
        ("medium", lacking.address(), [1, 1, 0]),
        ("high", old.address(), [1, 1, 1]),
        ("unreachable", closed, [2, 2, 2]),
    ] {
        for (fail_on, expected) in FAIL_ON.into_iter().zip(statuses) {
            assert_eq!(probe(&address, fail_on, "same.yaml", &[]).status, expected, "{what} {fail_on}");
            let zero = probe(&address, fail_on, "same.yaml", &["--exit-zero"]);
            assert_eq!((zero.status, &zero.json["exit"]["status"]), (0, &expected.into()), "{what} {fail_on}");
        }
        let waived = if what == "unreachable" { 2 } else { 0 };
        assert_eq!(probe(&address, "low", "waived.yaml", &[]).status, waived, "{what}, waived");
    }
    let open = probe(&vague.address(), "high", "waived.yaml", &[]);
    assert_eq!((open.status, &open.json["exit"]["name"]), (3, &"incomplete".into()), "{}", open.json);
    assert!(!Path::new("out.json").exists(), "reports go where they are asked for");
}
