//! One host, one answer: made-up hosts and policies in all formats, held against each other, against what `diff` changes, and
//! against the exit status (docs/testing.md).

use crate::made_hosts::{Made, complaints};
use crate::support::needs;
use std::fmt::Write as _;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn all_formats_and_the_patch_say_the_same() {
    if !needs::has(&["patch"]) {
        return;
    }
    let (first, hosts) = (number("TLSMEND_SEED", 1), number("TLSMEND_HOSTS", 60));
    let (mut wrong, mut findings, mut fixes) = (String::new(), 0, 0);
    for seed in first..first + hosts {
        let made = Made::of(seed);
        let told = complaints(&made);
        findings += told.findings;
        fixes += told.fixes;
        if !told.complaints.is_empty() {
            let _ = writeln!(wrong, "host {seed} ({}):\n  {}", made.summary(), told.complaints.join("\n  "));
        }
    }
    println!("{hosts} hosts, {findings} findings, {fixes} fixes");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(findings as u64 > hosts / 2 && fixes as u64 > hosts / 4, "hosts with little to say: {findings}, {fixes}");
}
