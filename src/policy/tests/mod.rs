use super::*;
use crate::finding::{Label, Severity, Verdict};
use crate::tls::Version;
use crate::tls::Version::{Ssl3, Tls1, Tls1_1, Tls1_2, Tls1_3};
use insta::assert_snapshot;

fn complaints(text: &str) -> String {
    match Policy::parse(text, "policy.yaml") {
        Ok(policy) => format!("no complaint: {policy:?}"),
        Err(errors) => errors.iter().map(|e| e.excerpt.as_str()).collect::<Vec<_>>().join("\n\n"),
    }
}

fn parse(text: &str) -> Policy {
    Policy::parse(text, "policy.yaml").unwrap()
}

#[test]
fn the_built_in_profile_says_what_the_manual_says() {
    let policy = Policy::default_profile();
    assert_eq!(policy.base.forbid.to_string(), "SSLv2 SSLv3 TLSv1 TLSv1.1");
    assert_eq!(policy.base.require.to_string(), "TLSv1.2 TLSv1.3");
    assert_eq!(policy.base.forbidden_by.to_string(), "the built-in policy");
    let says = |rule, verdict, versions: &[Version]| policy.base.severity(rule, verdict, VersionSet::of(versions));
    assert_eq!(says("forbidden-version", Verdict::Exposed, &[Tls1]), Some(Severity::High));
    assert_eq!(says("forbidden-version", Verdict::Latent, &[Tls1]), Some(Severity::Medium));
    assert_eq!(says("missing-version", Verdict::Missing, &[Tls1_3]), Some(Severity::Medium));
    assert_eq!(says("missing-version", Verdict::Missing, &[Tls1_2, Tls1_3]), Some(Severity::High));
    assert_eq!(says("unknown", Verdict::Unknown, &[]), Some(Severity::Medium));
    assert_eq!(says("not-loaded", Verdict::Shadowed, &[]), Some(Severity::Low));
}

#[test]
fn missing_keys_keep_the_built_in_value() {
    for text in ["", "# nothing\n", "---\n", "{}\n"] {
        let policy = parse(text);
        assert_eq!(policy.name, "policy.yaml");
        assert_eq!(policy.base.forbid, Policy::default_profile().base.forbid);
        assert_eq!(policy.base.require, Policy::default_profile().base.require);
    }
    let policy =
        parse("require: [TLSv1.2]\nseverity:\n  forbidden-version: {latent: off}\n  missing-version: {TLSv1.3: low}\n");
    assert_eq!(policy.base.require.to_string(), "TLSv1.2");
    assert_eq!(policy.base.forbid, Policy::default_profile().base.forbid);
    assert_eq!(policy.base.severity("forbidden-version", Verdict::Latent, VersionSet::of(&[Tls1])), None);
    assert_eq!(
        policy.base.severity("forbidden-version", Verdict::Exposed, VersionSet::of(&[Tls1])),
        Some(Severity::High)
    );
    assert_eq!(
        policy.base.severity("missing-version", Verdict::Missing, VersionSet::of(&[Tls1_2])),
        Some(Severity::High)
    );
    assert_eq!(
        policy.base.severity("missing-version", Verdict::Missing, VersionSet::of(&[Tls1_3])),
        Some(Severity::Low)
    );
}

#[test]
fn severities_may_differ_by_version() {
    let text =
        "severity:\n  forbidden-version:\n    exposed: {SSLv3: high, TLSv1: medium, TLSv1.1: low}\n    latent: off\n";
    let policy = parse(text);
    let exposed =
        |versions: &[Version]| policy.base.severity("forbidden-version", Verdict::Exposed, VersionSet::of(versions));
    assert_eq!(exposed(&[Tls1_1]), Some(Severity::Low));
    assert_eq!(exposed(&[Tls1, Tls1_1]), Some(Severity::Medium));
    assert_eq!(exposed(&[Ssl3, Tls1, Tls1_1]), Some(Severity::High));
    assert_eq!(policy.base.severity("forbidden-version", Verdict::Latent, VersionSet::of(&[Ssl3])), None);
}

#[test]
fn a_plain_severity_is_for_all_of_a_rule() {
    let policy = parse("severity: {forbidden-version: low, missing-version: off, not-loaded: high}\n");
    for verdict in [Verdict::Exposed, Verdict::Latent] {
        assert_eq!(policy.base.severity("forbidden-version", verdict, VersionSet::of(&[Tls1])), Some(Severity::Low));
    }
    assert_eq!(policy.base.severity("missing-version", Verdict::Missing, VersionSet::of(&[Tls1_2])), None);
    assert_eq!(policy.base.severity("not-loaded", Verdict::Shadowed, VersionSet::EMPTY), Some(Severity::High));
}

#[test]
fn demands_know_their_place() {
    let text = "# ours\nforbid:\n  - TLSv1\n  - TLSv1.1\n";
    let policy = parse(text);
    assert_eq!(policy.base.forbidden_by.to_string(), "policy.yaml:2");
    assert_eq!(policy.base.required_by.to_string(), "the built-in policy");
    let word = policy.base.forbidden_by.word(Tls1_1).unwrap();
    assert_eq!((word.line, word.column, &text[word.range.clone()]), (4, 5, "TLSv1.1"));
    assert_eq!(&text[policy.base.forbidden_by.list.range.clone()], "forbid:\n  - TLSv1\n  - TLSv1.1");
    let built_in = Policy::default_profile();
    let word = built_in.base.required_by.word(Tls1_3).unwrap();
    assert_eq!(&Policy::default_text()[word.range.clone()], "TLSv1.3");
}

#[test]
fn findings_can_point_into_a_policy() {
    let mut sources = crate::source::SourceMap::default();
    let text = "require: [ TLSv1.2, TLSv1.3 ]\n";
    let policy = parse(text);
    let versions = VersionSet::of(&[Tls1_2, Tls1_3]);
    assert_eq!(policy.base.require_label(None, versions), None);
    let file = Some(sources.attach("/policy.yaml".into(), text.into()));
    let said = |label: Option<Label>| label.map(|label| String::from_utf8_lossy(sources.text(label.span)).into_owned());
    assert_eq!(said(policy.base.require_label(file, versions)).as_deref(), Some("require: [ TLSv1.2, TLSv1.3 ]"));
    assert_eq!(said(policy.base.require_label(file, VersionSet::of(&[Tls1_3]))).as_deref(), Some("TLSv1.3"));
    assert_eq!(said(policy.base.forbid_label(file, VersionSet::of(&[Tls1]))), None);
}

#[test]
fn unknown_keys() {
    assert_snapshot!(complaints("forbids: [TLSv1]\nversions: []\nseverity: {forbiden-version: high, tls: low}\n"), @r#"
    error: unknown key `forbids`; did you mean `forbid`?
     --> policy.yaml:1:1
      |
    1 | forbids: [TLSv1]
      | ^^^^^^^

    error: unknown key `versions`; the keys of a policy are `about`, `extends`, `forbid`, `require`, `recommend`, `severity`, `exposure`, `overrides` and `waivers`
     --> policy.yaml:2:1
      |
    2 | versions: []
      | ^^^^^^^^

    error: unknown key `forbiden-version`; did you mean `forbidden-version`?
     --> policy.yaml:3:12
      |
    3 | severity: {forbiden-version: high, tls: low}
      |            ^^^^^^^^^^^^^^^^

    error: unknown key `tls`; the keys of `severity` are `expired-waiver`, `forbidden-version`, `implicit-default`, `invalid-waiver`, `missing-version`, `not-covered`, `not-loaded`, `recommended-version`, `shadowed-directive`, `union-or-override`, `unknown` and `unused-waiver`
     --> policy.yaml:3:36
      |
    3 | severity: {forbiden-version: high, tls: low}
      |                                    ^^^
    "#);
    assert_snapshot!(complaints("severity:\n  forbidden-version: {exposd: high}\n  missing-version: {TLSv1.4: low, exposed: low}\n"), @r#"
    error: unknown key `exposd`; did you mean `exposed`?
     --> policy.yaml:2:23
      |
    2 |   forbidden-version: {exposd: high}
      |                       ^^^^^^

    error: unknown key `TLSv1.4`; the keys of `missing-version` are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
     --> policy.yaml:3:21
      |
    3 |   missing-version: {TLSv1.4: low, exposed: low}
      |                     ^^^^^^^

    error: unknown key `exposed`; the keys of `missing-version` are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
     --> policy.yaml:3:35
      |
    3 |   missing-version: {TLSv1.4: low, exposed: low}
      |                                   ^^^^^^^
    "#);
}

#[test]
fn duplicate_keys_and_versions() {
    assert_snapshot!(complaints("forbid: [TLSv1, TLSv1]\nrequire: []\nforbid: []\nseverity: {unknown: low, unknown: off}\n"), @r#"
    error: TLSv1 is in this list already
     --> policy.yaml:1:17
      |
    1 | forbid: [TLSv1, TLSv1]
      |                 ^^^^^

    error: the key `forbid` is already in line 1
     --> policy.yaml:3:1
      |
    3 | forbid: []
      | ^^^^^^

    error: the key `unknown` is already in line 4
     --> policy.yaml:4:26
      |
    4 | severity: {unknown: low, unknown: off}
      |                          ^^^^^^^
    "#);
}

#[test]
fn unknown_versions() {
    assert_snapshot!(complaints("forbid: [TLSv1.0, tlsv1.1, 1.2, TLS 1.3, SSL3, DTLSv1, [], ~]\n"), @r#"
    error: unknown version `TLSv1.0`; did you mean `TLSv1`?
     --> policy.yaml:1:10
      |
    1 | forbid: [TLSv1.0, tlsv1.1, 1.2, TLS 1.3, SSL3, DTLSv1, [], ~]
      |          ^^^^^^^

    error: unknown version `tlsv1.1`; did you mean `TLSv1.1`?
     --> policy.yaml:1:19
      |
    1 | forbid: [TLSv1.0, tlsv1.1, 1.2, TLS 1.3, SSL3, DTLSv1, [], ~]
      |                   ^^^^^^^

    error: unknown version `1.2`; did you mean `TLSv1.2`?
     --> policy.yaml:1:28
      |
    1 | forbid: [TLSv1.0, tlsv1.1, 1.2, TLS 1.3, SSL3, DTLSv1, [], ~]
      |                            ^^^

    error: unknown version `TLS 1.3`; did you mean `TLSv1.3`?
     --> policy.yaml:1:33
      |
    1 | forbid: [TLSv1.0, tlsv1.1, 1.2, TLS 1.3, SSL3, DTLSv1, [], ~]
      |                                 ^^^^^^^

    error: unknown version `SSL3`; did you mean `SSLv3`?
     --> policy.yaml:1:42
      |
    1 | forbid: [TLSv1.0, tlsv1.1, 1.2, TLS 1.3, SSL3, DTLSv1, [], ~]
      |                                          ^^^^

    error: unknown version `DTLSv1`; the versions are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
     --> policy.yaml:1:48
      |
    1 | forbid: [TLSv1.0, tlsv1.1, 1.2, TLS 1.3, SSL3, DTLSv1, [], ~]
      |                                                ^^^^^^

    error: expected a version, found a list; the versions are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
     --> policy.yaml:1:56
      |
    1 | forbid: [TLSv1.0, tlsv1.1, 1.2, TLS 1.3, SSL3, DTLSv1, [], ~]
      |                                                        ^

    error: expected a version, found nothing; the versions are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
     --> policy.yaml:1:60
      |
    1 | forbid: [TLSv1.0, tlsv1.1, 1.2, TLS 1.3, SSL3, DTLSv1, [], ~]
      |                                                            ^
    "#);
}

#[test]
fn wrong_types() {
    assert_snapshot!(complaints("forbid: TLSv1\nrequire:\nseverity: high\n"), @r#"
    error: expected a list of versions, found a word; write it like `[TLSv1.2, TLSv1.3]`, or `[]` for none
     --> policy.yaml:1:9
      |
    1 | forbid: TLSv1
      |         ^^^^^

    error: expected a list of versions, found nothing; write it like `[TLSv1.2, TLSv1.3]`, or `[]` for none
     --> policy.yaml:2:1
      |
    2 | require:
      | ^^^^^^^

    error: `severity` is a map, and this is a word; its keys are `expired-waiver`, `forbidden-version`, `implicit-default`, `invalid-waiver`, `missing-version`, `not-covered`, `not-loaded`, `recommended-version`, `shadowed-directive`, `union-or-override`, `unknown` and `unused-waiver`
     --> policy.yaml:3:11
      |
    3 | severity: high
      |           ^^^^
    "#);
    assert_snapshot!(complaints("severity: {unknown: 3, not-loaded: hihg, implicit-default: {low: high}, shadowed-directive: true}\n"), @r#"
    error: expected a severity, found a number; the severities are `note`, `low`, `medium`, `high` and `off`
     --> policy.yaml:1:21
      |
    1 | severity: {unknown: 3, not-loaded: hihg, implicit-default: {low: high}, shadowed-directive: true}
      |                     ^

    error: unknown severity `hihg`; did you mean `high`?
     --> policy.yaml:1:36
      |
    1 | severity: {unknown: 3, not-loaded: hihg, implicit-default: {low: high}, shadowed-directive: true}
      |                                    ^^^^

    error: expected a severity, found a map; the severities are `note`, `low`, `medium`, `high` and `off`
     --> policy.yaml:1:60
      |
    1 | severity: {unknown: 3, not-loaded: hihg, implicit-default: {low: high}, shadowed-directive: true}
      |                                                            ^

    error: expected a severity, found a truth value; the severities are `note`, `low`, `medium`, `high` and `off`
     --> policy.yaml:1:93
      |
    1 | severity: {unknown: 3, not-loaded: hihg, implicit-default: {low: high}, shadowed-directive: true}
      |                                                                                             ^^^^
    "#);
    assert_snapshot!(complaints("- forbid\n"), @r#"
    error: a policy is a map, and this is a list; its keys are `about`, `extends`, `forbid`, `require`, `recommend`, `severity`, `exposure`, `overrides` and `waivers`
     --> policy.yaml:1:1
      |
    1 | - forbid
      | ^
    "#);
    assert_snapshot!(complaints("3: x\n[a]: y\n"), @r#"
    error: a key of a policy is a word, and this is a number; the keys are `about`, `extends`, `forbid`, `require`, `recommend`, `severity`, `exposure`, `overrides` and `waivers`
     --> policy.yaml:1:1
      |
    1 | 3: x
      | ^

    error: a key of a policy is a word, and this is a list; the keys are `about`, `extends`, `forbid`, `require`, `recommend`, `severity`, `exposure`, `overrides` and `waivers`
     --> policy.yaml:2:1
      |
    2 | [a]: y
      | ^
    "#);
}

#[test]
fn contradictions() {
    assert_snapshot!(complaints("forbid: [TLSv1, TLSv1.2]\nrequire: [TLSv1.2]\n"), @r#"
    error: TLSv1.2 is required here, and forbidden in line 1
     --> policy.yaml:2:11
      |
    2 | require: [TLSv1.2]
      |           ^^^^^^^
    "#);
    assert_snapshot!(complaints("forbid: [TLSv1.2]\n"), @r#"
    error: TLSv1.2 is forbidden here, and required by the built-in policy; say what you want with a key `require` as well
     --> policy.yaml:1:10
      |
    1 | forbid: [TLSv1.2]
      |          ^^^^^^^
    "#);
    assert_snapshot!(complaints("require:\n  - TLSv1.1\n"), @r#"
    error: TLSv1.1 is required here, and forbidden by the built-in policy; say what you want with a key `forbid` as well
     --> policy.yaml:2:5
      |
    2 |   - TLSv1.1
      |     ^^^^^^^
    "#);
    assert_snapshot!(complaints("require: []\nforbid: [SSLv2, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]\n"), @r#"
    error: this forbids every version of TLS
     --> policy.yaml:2:1
      |
    2 | forbid: [SSLv2, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn what_yaml_itself_refuses() {
    assert_snapshot!(complaints("forbid: [TLSv1\nrequire: []\n"), @r#"
    error: illegal placement of ':' indicator
     --> policy.yaml:2:8
      |
    2 | require: []
      |        ^
    "#);
    assert_snapshot!(complaints("forbid: &x [TLSv1]\nrequire: []\n"), @r#"
    error: anchors and aliases are not allowed in a policy
     --> policy.yaml:1:12
      |
    1 | forbid: &x [TLSv1]
      |            ^
    "#);
    assert_snapshot!(complaints("forbid: *x\n"), @r#"
    error: alias references unknown anchor
     --> policy.yaml:1:9
      |
    1 | forbid: *x
      |         ^
    "#);
    assert_snapshot!(complaints("<<: {forbid: []}\n"), @r#"
    error: unknown key `<<`; the keys of a policy are `about`, `extends`, `forbid`, `require`, `recommend`, `severity`, `exposure`, `overrides` and `waivers`
     --> policy.yaml:1:1
      |
    1 | <<: {forbid: []}
      | ^^
    "#);
    assert_snapshot!(complaints("forbid: []\n---\nforbid: []\n"), @r#"
    error: a policy is one document
     --> policy.yaml:2:1
      |
    2 | ---
      | ^^^
    "#);
    assert_snapshot!(complaints("forbid: [\"x\n"), @r#"
    error: unclosed quote
     --> policy.yaml:1:10
      |
    1 | forbid: ["x
      |          ^
    "#);
    assert_snapshot!(complaints("forbid: []\n  require: []\n"), @r#"
    error: while parsing a block mapping, did not find expected key
     --> policy.yaml:2:3
      |
    2 |   require: []
      |   ^
    "#);
    assert_snapshot!(complaints(&format!("forbid: {}\n", "[".repeat(100_000))), @r#"
    error: a policy is not nested as deeply as this
    --> policy.yaml:1:264
    "#);
    assert_snapshot!(complaints(&format!("forbid: {}{}\n", "[".repeat(40), "]".repeat(40))), @r#"
    error: a policy is not nested as deeply as this
     --> policy.yaml:1:24
      |
    1 | forbid: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
      |                        ^
    "#);
}

#[test]
fn characters_that_lie_are_refused_and_not_shown() {
    assert_snapshot!(complaints("# \u{202e}evil\nforbid: []\n"), @r#"
    error: the character U+202E has no place in a policy
    --> policy.yaml:1:3
    "#);
    assert_snapshot!(complaints("forbid: [\"\u{1b}[2J\"]\n"), @r#"
    error: the character U+001B has no place in a policy
    --> policy.yaml:1:11
    "#);
    for written in ["\\e[2J", "a\\u202eb", "a\\x07b", "\\ufeff", "a\\u200db"] {
        for text in [
            format!("about: {{title: \"{written}\"}}"),
            format!("waivers: [{{rule: unknown, match: {{server-name: \"~{written}\"}}, reason: x}}]"),
            format!("waivers: [{{rule: unknown, match: {{path: \"{written}\"}}, reason: x}}]"),
            format!("waivers: [{{rule: unknown, match: {{service: nginx}}, reason: \"{written}\"}}]"),
        ] {
            let told = complaints(&text);
            assert!(told.contains("has no place in a policy") && told.is_ascii(), "{told}");
        }
    }
    assert!(complaints("about: {title: \"a\u{feff}b\"}").contains("U+FEFF has no place"));
    assert_snapshot!(complaints("forbid: [\"\\e[2J\"]\n"), @r#"
    error: unknown version `\u{1b}[2J`; the versions are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
     --> policy.yaml:1:10
      |
    1 | forbid: ["\e[2J"]
      |          ^^^^^^^
    "#);
}

#[test]
fn lines_of_windows_and_characters_of_several_bytes() {
    assert_snapshot!(complaints("# gr\u{fc}n\r\nforbid: [\u{e9}, TLSv1.0]\r\n"), @r#"
    error: unknown version `é`; the versions are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
     --> policy.yaml:2:10
      |
    2 | forbid: [é, TLSv1.0]
      |          ^

    error: unknown version `TLSv1.0`; did you mean `TLSv1`?
     --> policy.yaml:2:13
      |
    2 | forbid: [é, TLSv1.0]
      |             ^^^^^^^
    "#);
    assert_snapshot!(complaints("\u{feff}forbid: [TLSv1.0]\n"), @r#"
    error: unknown version `TLSv1.0`; did you mean `TLSv1`?
     --> policy.yaml:1:10
      |
    1 | forbid: [TLSv1.0]
      |          ^^^^^^^
    "#);
    // As an old editor ends lines, and YAML reads them.
    assert_snapshot!(complaints("\u{feff}# gr\u{fc}n\rrequire: []\rforbid: [\u{e9}, TLSv1.0]\r"), @r#"
    error: unknown version `é`; the versions are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
     --> policy.yaml:3:10
      |
    3 | forbid: [é, TLSv1.0]
      |          ^

    error: unknown version `TLSv1.0`; did you mean `TLSv1`?
     --> policy.yaml:3:13
      |
    3 | forbid: [é, TLSv1.0]
      |             ^^^^^^^
    "#);
    // All ends of lines in one file.
    assert_snapshot!(complaints("\u{feff}about: {title: x}\r\nrequire: []\rexposure: {}\nforbids: []\r"), @r#"
    error: unknown key `forbids`; did you mean `forbid`?
     --> policy.yaml:4:1
      |
    4 | forbids: []
      | ^^^^^^^
    "#);
    // What the scanner of YAML complains about has a line and a column only.
    assert_snapshot!(complaints("\u{feff}about: {title: x}\rforbid: [TLSv1\rrequire: ]\r"), @r#"
    error: illegal placement of ':' indicator
     --> policy.yaml:3:8
      |
    3 | require: ]
      |        ^
    "#);
    let policy = Policy::parse(
        "\u{feff}about: {title: x}\rforbid: [TLSv1]\rwaivers:\r  - {rule: unknown, match: {path: x}, reason: y}\r",
        "p",
    )
    .unwrap();
    assert_eq!((policy.base.forbidden_by.list.line, policy.waivers[0].line), (2, 4));
    let text = policy.text.as_deref().unwrap();
    assert!(text[policy.waivers[0].range.clone()].starts_with("rule: unknown"), "{text:?}");
    assert_snapshot!(complaints(&format!("forbid: [{}]\n", "x".repeat(1000))), @r#"
    error: unknown version `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...`; the versions are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
    --> policy.yaml:1:10
    "#);
}

proptest::proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(text in ".{0,80}", yaml in "[a-z:\\[\\]{} \n&*!|>'\"#TLSv.1-]{0,120}") {
        for text in [text, yaml] {
            if let Err(errors) = Policy::parse(&text, "p") {
                proptest::prop_assert!(!errors.is_empty());
            }
        }
    }
}

mod agree;
mod fuzz;
mod parts;
