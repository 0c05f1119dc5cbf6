//! Profiles, overrides, waivers, and the schema.

use super::*;
use crate::endpoint::{Address, Role};
use crate::tls::VersionSet;
use std::path::Path;

fn target<'a>(address: &'a Address, name: Option<&'a str>) -> Target<'a> {
    Target {
        service: "nginx",
        paths: vec![Path::new("/etc/nginx/sites/a.conf")],
        role: Role::Listener,
        endpoint: Some((address, name)),
    }
}

#[test]
fn every_profile_is_sound_and_says_where_it_comes_from() {
    for profile in PROFILES {
        let policy = Policy::profile(profile.name).unwrap();
        assert_eq!(policy.name, profile.name);
        let about = policy.about;
        for (key, text) in
            [("title", about.title), ("source", about.source), ("version", about.version), ("date", about.date)]
        {
            assert!(text.is_some_and(|text| !text.is_empty()), "{}: {key}", profile.name);
        }
        assert!(!policy.base.forbid.has(Version::Tls1_3) && policy.base.forbid.has(Ssl3), "{}", profile.name);
        assert!(policy.base.recommend.and(policy.base.forbid.union(policy.base.require)).is_empty());
        // A profile is a policy: it can be printed, saved and given back.
        let again = Policy::parse(profile.text, "p.yaml").unwrap();
        assert_eq!((again.base.forbid, again.base.require), (policy.base.forbid, policy.base.require));
    }
    let demands = |name: &str| {
        let base = Policy::profile(name).unwrap().base;
        format!("{} | {} | {}", base.forbid, base.require, base.recommend)
    };
    assert_eq!(demands("mozilla-modern"), "SSLv2 SSLv3 TLSv1 TLSv1.1 TLSv1.2 | TLSv1.3 | none");
    assert_eq!(demands("mozilla-intermediate"), "SSLv2 SSLv3 TLSv1 TLSv1.1 | TLSv1.2 TLSv1.3 | none");
    assert_eq!(demands("pci-dss-4"), "SSLv2 SSLv3 TLSv1 TLSv1.1 | none | TLSv1.2 TLSv1.3");
    assert!(Policy::profile("pci-dss-5").is_none());
}

#[test]
fn what_is_extended_counts_where_a_file_says_nothing() {
    let policy = parse("extends: mozilla-modern\nseverity: {unknown: off}\n");
    assert_eq!(policy.base.forbid.to_string(), "SSLv2 SSLv3 TLSv1 TLSv1.1 TLSv1.2");
    assert_eq!(policy.base.forbidden_by.to_string(), "the profile mozilla-modern");
    assert_eq!(policy.base.severity("unknown", Verdict::Unknown, VersionSet::EMPTY), None);
    assert_eq!(policy.about, About::default(), "the profile's own words are not the file's");
    // A recommendation gives way.
    let policy = parse("extends: pci-dss-4\nrequire: [TLSv1.2]\n");
    assert_eq!(policy.base.recommend.to_string(), "TLSv1.3");
    let policy = parse("extends: pci-dss-4\nforbid: [TLSv1, TLSv1.2]\n");
    assert_eq!(policy.base.recommend.to_string(), "TLSv1.3");
}

#[test]
fn of_the_overrides_that_fit_the_later_ones_win() {
    let text = "\
overrides:
  - match: {service: nginx}
    forbid: [SSLv2]
    require: [TLSv1.2]
  - match: {server-name: [\"*.a.test\", b.test], address: 192.0.2.0/24}
    require: []
    severity: {missing-version: off}
";
    let policy = parse(text);
    let address = Address::Ip("192.0.2.1".parse().unwrap(), 443);
    let demand = |target: &Target<'_>| policy.demand(&policy.fitting(target));
    let both = demand(&target(&address, Some("x.a.test")));
    assert_eq!((both.forbid.to_string(), both.require.to_string()), ("SSLv2".into(), "none".into()));
    assert_eq!(both.required_by.to_string(), "policy.yaml:6");
    assert_eq!(both.severity("missing-version", Verdict::Missing, VersionSet::of(&[Tls1_2])), None);
    let one = demand(&target(&address, Some("c.test")));
    assert_eq!(one.require.to_string(), "TLSv1.2");
    let apache = Target { service: "apache", ..target(&address, Some("c.test")) };
    assert_eq!(demand(&apache).require.to_string(), "TLSv1.2 TLSv1.3");
    // A line that decides for no endpoint has no name.
    let line = Target { endpoint: None, ..target(&address, None) };
    assert_eq!(demand(&line).require.to_string(), "TLSv1.2");
}

#[test]
fn paths_are_patterns() {
    let fits = |pattern: &str, path: &'static str| {
        let policy = parse(&format!("overrides:\n  - match: {{path: '{pattern}'}}\n    require: []\n"));
        let address = Address::Any(443);
        !policy.fitting(&Target { paths: vec![Path::new(path)], ..target(&address, None) }).is_empty()
    };
    assert!(fits("/etc/nginx/sites/*.conf", "/etc/nginx/sites/a.conf"));
    assert!(!fits("/etc/nginx/*.conf", "/etc/nginx/sites/a.conf"));
    assert!(fits("/etc/nginx/**", "/etc/nginx/sites/a.conf"));
    assert!(fits("sites/*.conf", "/etc/nginx/sites/a.conf"));
    assert!(!fits("ites/*.conf", "/etc/nginx/sites/a.conf"));
}

#[test]
fn a_waiver_has_a_rule_a_scope_and_a_reason() {
    let text = "\
waivers:
  - rule: [forbidden-version, missing-version]
    match: {role: upstream}
    reason: the old ERP
    owner: Ops
    until: 2027-01-31
";
    let waiver = &parse(text).waivers[0];
    assert_eq!(waiver.rules, ["forbidden-version", "missing-version"]);
    assert_eq!((waiver.line, &text[waiver.range.clone()]), (2, "rule: [forbidden-version, missing-version]"));
    let Terms { reason, owner, until, versions } = &waiver.terms;
    assert_eq!((reason.as_str(), owner.as_deref()), ("the old ERP", Some("Ops")));
    assert_eq!(until.map(|date| date.to_string()).as_deref(), Some("2027-01-31"));
    assert_eq!(*versions, None);
    let error = complaints("waivers:\n  - rule: unknown\n    match: {path: x}\n");
    assert!(error.contains("needs a key `reason`"), "{error}");
}

#[test]
fn wrong_overrides() {
    assert_snapshot!(complaints("\
extends: pci-dss-5
exposure: {loopback: lowered, unix: same}
overrides:
  - forbid: [TLSv1]
  - match: {}
    require: [TLSv1.2]
  - match: {server_name: a, address: [192.0.2.0/40, '*:99999'], path: 'a[', role: server, service: ngix}
"), @r#"
    error: unknown profile `pci-dss-5`; did you mean `pci-dss-4`?
     --> policy.yaml:1:10
      |
    1 | extends: pci-dss-5
      |          ^^^^^^^^^

    error: unknown word `lowered`; did you mean `lower`?
     --> policy.yaml:2:22
      |
    2 | exposure: {loopback: lowered, unix: same}
      |                      ^^^^^^^

    error: unknown key `unix`; the keys of `exposure` are `loopback` and `unix-socket`
     --> policy.yaml:2:31
      |
    2 | exposure: {loopback: lowered, unix: same}
      |                               ^^^^

    error: an override needs a key `match` that says what it is about
     --> policy.yaml:4:5
      |
    4 |   - forbid: [TLSv1]
      |     ^^^^^^

    error: this fits everything: say what is meant; its keys are `service`, `path`, `server-name`, `address` and `role`
     --> policy.yaml:5:12
      |
    5 |   - match: {}
      |            ^

    error: this override changes nothing; its keys are `forbid`, `require`, `recommend` and `severity`
     --> policy.yaml:7:5
      |
    7 |   - match: {server_name: a, address: [192.0.2.0/40, '*:99999'], path: 'a[', role: server, service: ngix}
      |     ^^^^^

    error: unknown key `server_name`; did you mean `server-name`?
     --> policy.yaml:7:13
      |
    7 |   - match: {server_name: a, address: [192.0.2.0/40, '*:99999'], path: 'a[', role: server, service: ngix}
      |             ^^^^^^^^^^^

    error: a network of this kind has 0 to 32 bits
     --> policy.yaml:7:39
      |
    7 |   - match: {server_name: a, address: [192.0.2.0/40, '*:99999'], path: 'a[', role: server, service: ngix}
      |                                       ^^^^^^^^^^^^

    error: `99999` is not a port
     --> policy.yaml:7:53
      |
    7 |   - match: {server_name: a, address: [192.0.2.0/40, '*:99999'], path: 'a[', role: server, service: ngix}
      |                                                     ^^^^^^^^^

    error: this is not a pattern for paths: unclosed character class; missing ']'
     --> policy.yaml:7:71
      |
    7 |   - match: {server_name: a, address: [192.0.2.0/40, '*:99999'], path: 'a[', role: server, service: ngix}
      |                                                                       ^^^^

    error: unknown role `server`; the roles are `listener` and `upstream`
     --> policy.yaml:7:83
      |
    7 |   - match: {server_name: a, address: [192.0.2.0/40, '*:99999'], path: 'a[', role: server, service: ngix}
      |                                                                                   ^^^^^^

    error: unknown service `ngix`; did you mean `nginx`?
     --> policy.yaml:7:100
      |
    7 |   - match: {server_name: a, address: [192.0.2.0/40, '*:99999'], path: 'a[', role: server, service: ngix}
      |                                                                                                    ^^^^
    "#);
}

#[test]
fn wrong_waivers() {
    assert_snapshot!(complaints("\
waivers:
  - rule: []
    match: {path: x}
    until: 2027-02-30
    reason: 5
  - {rule: expired-waiver, match: {path: x}, reason: '', until: tomorrow}
  - {rule: unknown, match: {path: x}, reason: ours, versions: []}
  - {rule: forbidden, reason: ours}
"), @r#"
    error: this list is empty; it needs a rule at least
     --> policy.yaml:2:11
      |
    2 |   - rule: []
      |           ^

    error: `2027-02-30` is not a date; write it like 2027-01-31
     --> policy.yaml:4:12
      |
    4 |     until: 2027-02-30
      |            ^^^^^^^^^^

    error: `expired-waiver` can't be waived; turn it off with `severity` where it is not wanted
     --> policy.yaml:6:12
      |
    6 |   - {rule: expired-waiver, match: {path: x}, reason: '', until: tomorrow}
      |            ^^^^^^^^^^^^^^

    error: a reason is empty
     --> policy.yaml:6:54
      |
    6 |   - {rule: expired-waiver, match: {path: x}, reason: '', until: tomorrow}
      |                                                      ^^

    error: `tomorrow` is not a date; write it like 2027-01-31
     --> policy.yaml:6:65
      |
    6 |   - {rule: expired-waiver, match: {path: x}, reason: '', until: tomorrow}
      |                                                                 ^^^^^^^^

    error: this waiver is about no version; leave the key out where all are meant
     --> policy.yaml:7:6
      |
    7 |   - {rule: unknown, match: {path: x}, reason: ours, versions: []}
      |      ^^^^

    error: a waiver needs a key `match`; say what it is about; `severity` turns a rule off everywhere
     --> policy.yaml:8:6
      |
    8 |   - {rule: forbidden, reason: ours}
      |      ^^^^

    error: unknown rule `forbidden`; the rules are `forbidden-version`, `implicit-default`, `missing-version`, `not-loaded`, `recommended-version`, `shadowed-directive`, `union-or-override` and `unknown`
     --> policy.yaml:8:12
      |
    8 |   - {rule: forbidden, reason: ours}
      |            ^^^^^^^^^
    "#);
}

#[test]
fn demands_that_nothing_can_meet() {
    assert_snapshot!(complaints("\
extends: mozilla-modern
require: [TLSv1.2]
recommend: [TLSv1.1]
overrides:
  - match: {server-name: '*.a.test'}
    forbid: [SSLv2, TLSv1.3]
  - match: {service: nginx}
    require: [TLSv1.3]
  - match: {address: 192.0.2.1}
    forbid: [SSLv2, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
    require: []
"), @r#"
    error: TLSv1.2 is required here, and forbidden by the profile mozilla-modern; say what you want with a key `forbid` as well
     --> policy.yaml:2:11
      |
    2 | require: [TLSv1.2]
      |           ^^^^^^^

    error: TLSv1.1 is recommended here, and forbidden by the profile mozilla-modern; say what you want with a key `forbid` as well
     --> policy.yaml:3:13
      |
    3 | recommend: [TLSv1.1]
      |             ^^^^^^^

    error: TLSv1.3 is required here, and forbidden in line 6; an endpoint may fit both overrides; give the later one both keys, or tell them apart
     --> policy.yaml:8:15
      |
    8 |     require: [TLSv1.3]
      |               ^^^^^^^

    error: this forbids every version of TLS
      --> policy.yaml:10:5
       |
    10 |     forbid: [SSLv2, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn what_is_wrong_otherwise_hides_no_contradiction() {
    assert_snapshot!(complaints("\
foo: 1
forbid: [TLSv1.2, TLSv1.4]
require: [TLSv1.2]
overrides:
  - match: {service: nginx}
    bar: 2
    forbid: [TLSv1.3]
  - match: {path: /srv/**}
    require: [TLSv1.3]
  - match: {server_name: a.test}
    forbid: [TLSv1.1]
    require: [TLSv1.1]
"), @r#"
    error: unknown key `foo`; the keys of a policy are `about`, `extends`, `forbid`, `require`, `recommend`, `severity`, `exposure`, `overrides` and `waivers`
     --> policy.yaml:1:1
      |
    1 | foo: 1
      | ^^^

    error: unknown version `TLSv1.4`; the versions are `SSLv2`, `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`
     --> policy.yaml:2:19
      |
    2 | forbid: [TLSv1.2, TLSv1.4]
      |                   ^^^^^^^

    error: TLSv1.2 is required here, and forbidden in line 2
     --> policy.yaml:3:11
      |
    3 | require: [TLSv1.2]
      |           ^^^^^^^

    error: unknown key `bar`; the keys of an override are `match`, `forbid`, `require`, `recommend` and `severity`
     --> policy.yaml:6:5
      |
    6 |     bar: 2
      |     ^^^

    error: TLSv1.3 is required here, and forbidden in line 7; an endpoint may fit both overrides; give the later one both keys, or tell them apart
     --> policy.yaml:9:15
      |
    9 |     require: [TLSv1.3]
      |               ^^^^^^^

    error: unknown key `server_name`; did you mean `server-name`?
      --> policy.yaml:10:13
       |
    10 |   - match: {server_name: a.test}
       |             ^^^^^^^^^^^

    error: TLSv1.1 is required here, and forbidden in line 11
      --> policy.yaml:12:15
       |
    12 |     require: [TLSv1.1]
       |               ^^^^^^^
    "#);
    // What can't be read contradicts nothing, nor does what it takes the place of.
    for text in [
        "forbid: TLSv1\nrequire: [TLSv1]\n",
        "extends: pci\nrequire: [TLSv1]\n",
        "overrides: [{match: {server_name: a}, forbid: [TLSv1.1], require: []}, {match: {role: x}, require: [TLSv1.1], \
         forbid: []}]\n",
    ] {
        let found = complaints(text);
        assert!(found.contains("error:") && !found.contains("forbidden"), "{found}");
    }
}

#[test]
fn a_policy_may_be_large_but_not_without_bounds() {
    let waiver = |at: usize| {
        format!(
            "- rule: [forbidden-version]\n  match: {{server-name: [s{at}.test, ''], address: [192.0.2.1, '192.0.2.2:443']}}\n  \
             reason: till {at} is replaced\n  owner: shop team\n  until: 2027-03-31\n"
        )
    };
    let waivers = |count: usize| format!("waivers:\n{}", (0..count).map(waiver).collect::<String>());
    let large = parse(&waivers(10_000));
    assert_eq!(large.waivers.len(), 10_000);
    assert_eq!(large.waivers.last().unwrap().line, 2 + 9_999 * 5);
    let error = complaints(&waivers(50_000));
    assert!(error.contains("at most 250000 words, lists and maps"), "{error}");
    // As many complaints as there is room for are a report that nobody reads.
    let errors = Policy::parse(&format!("about:\n{}", "  x: 1\n".repeat(5_000)), "p").unwrap_err();
    assert_eq!(errors.len(), 1001);
    assert_eq!(errors.last().unwrap().message, "4000 more complaints are not listed");
}

#[test]
fn patterns_that_fit_nothing() {
    assert_snapshot!(complaints("\
overrides:
  - match: {path: [/etc/nginx/, ./nginx.conf, /etc/../x, /etc//x, 'a[']}
    require: []
  - match: {server-name: a.test b.test}
    require: []
  - match: {address: [999.1.1.1, '192.0.2.1, 192.0.2.2', '2001:db8::1::2']}
    require: []
"), @r#"
    error: this pattern fits no file: it ends with a slash; `/etc/nginx/**` is all that is below
     --> policy.yaml:2:20
      |
    2 |   - match: {path: [/etc/nginx/, ./nginx.conf, /etc/../x, /etc//x, 'a[']}
      |                    ^^^^^^^^^^^

    error: this pattern fits no file: no path of a report has `.` in it
     --> policy.yaml:2:33
      |
    2 |   - match: {path: [/etc/nginx/, ./nginx.conf, /etc/../x, /etc//x, 'a[']}
      |                                 ^^^^^^^^^^^^

    error: this pattern fits no file: no path of a report has `..` in it
     --> policy.yaml:2:47
      |
    2 |   - match: {path: [/etc/nginx/, ./nginx.conf, /etc/../x, /etc//x, 'a[']}
      |                                               ^^^^^^^^^

    error: this pattern fits no file: no path of a report has `//` in it
     --> policy.yaml:2:58
      |
    2 |   - match: {path: [/etc/nginx/, ./nginx.conf, /etc/../x, /etc//x, 'a[']}
      |                                                          ^^^^^^^

    error: this is not a pattern for paths: unclosed character class; missing ']'
     --> policy.yaml:2:67
      |
    2 |   - match: {path: [/etc/nginx/, ./nginx.conf, /etc/../x, /etc//x, 'a[']}
      |                                                                   ^^^^

    error: no server name has a blank in it: write several names as a list
     --> policy.yaml:4:26
      |
    4 |   - match: {server-name: a.test b.test}
      |                          ^^^^^^^^^^^^^

    error: `999.1.1.1` is not an address: write `192.0.2.1`, `192.0.2.0/24` or `2001:db8::1`, and with a port `192.0.2.1:443` or `[2001:db8::1]:443`
     --> policy.yaml:6:23
      |
    6 |   - match: {address: [999.1.1.1, '192.0.2.1, 192.0.2.2', '2001:db8::1::2']}
      |                       ^^^^^^^^^

    error: no address has a blank in it: write several addresses as a list
     --> policy.yaml:6:34
      |
    6 |   - match: {address: [999.1.1.1, '192.0.2.1, 192.0.2.2', '2001:db8::1::2']}
      |                                  ^^^^^^^^^^^^^^^^^^^^^^

    error: `2001:db8::1::2` is not an address: write `192.0.2.1`, `192.0.2.0/24` or `2001:db8::1`, and with a port `192.0.2.1:443` or `[2001:db8::1]:443`
     --> policy.yaml:6:58
      |
    6 |   - match: {address: [999.1.1.1, '192.0.2.1, 192.0.2.2', '2001:db8::1::2']}
      |                                                          ^^^^^^^^^^^^^^^^
    "#);
    for sound in
        ["address: '192.0.2.0/24:443'", "address: '*'", "server-name: '*'", "path: /etc/nginx/**", "path: '**'"]
    {
        parse(&format!("overrides: [{{match: {{{sound}}}, require: []}}]\n"));
    }
}

#[test]
fn overrides_that_can_not_meet_do_not_contradict() {
    for (one, other) in [
        ("service: nginx", "service: apache"),
        ("role: listener", "role: upstream"),
        ("server-name: [a.test, b.test]", "server-name: c.test"),
        ("address: '192.0.2.1:443'", "address: '192.0.2.1:444'"),
    ] {
        let text = |other: &str| {
            format!(
                "overrides:\n  - match: {{{one}}}\n    forbid: [TLSv1.2]\n    require: [TLSv1.3]\n  \
                 - match: {{{other}}}\n    require: [TLSv1.2]\n"
            )
        };
        assert!(Policy::parse(&text(other), "p").is_ok(), "{one} and {other}: {}", complaints(&text(other)));
        assert!(Policy::parse(&text("path: x"), "p").is_err(), "{one}");
    }
}

#[test]
fn the_schema_is_the_committed_one_and_knows_what_the_program_knows() {
    const COMMITTED: &str = include_str!("../../../docs/schemas/policy.json");
    assert!(schema() == COMMITTED, "docs/schemas/policy.json is old: `tlsmend policy schema` prints the new one");
    let schema: serde_json::Value = serde_json::from_str(COMMITTED).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let fits = |text: &str| {
        // `off` is a word, as for editors, and not what YAML 1.1 took it for.
        let options = serde_saphyr::options! { strict_booleans: true };
        let value: serde_json::Value = serde_saphyr::from_str_with_options(text, options).unwrap();
        validator.is_valid(&value)
    };
    let samples = [
        "{}",
        "waivers: [{rule: unknown, match: {path: x}, reason: ours, until: '2027-01-31'}]",
        "overrides: [{match: {server-name: [a, b], role: upstream}, require: []}]",
        "severity: {forbidden-version: {exposed: {SSLv3: high}, latent: off}, missing-version: low}",
        "exposure: {loopback: same}",
    ];
    for text in PROFILES.iter().map(|profile| profile.text).chain(samples) {
        assert!(fits(text), "{text}");
        assert!(Policy::parse(text, "p").is_ok(), "{text}");
    }
    for text in [
        "forbids: []",
        "extends: pci",
        "forbid: [TLSv1.0]",
        "forbid: [TLSv1, TLSv1]",
        "severity: {unknown: {TLSv1: low}}",
        "exposure: {loopback: lowered}",
        "overrides: [{match: {path: x}}]",
        "overrides: [{match: {}, require: []}]",
        "waivers: [{rule: unknown, match: {path: x}}]",
        "waivers: [{rule: expired-waiver, match: {path: x}, reason: ours}]",
        "waivers: [{rule: unknown, match: {path: x}, reason: ours, until: tomorrow}]",
        "[]",
    ] {
        assert!(!fits(text), "{text}");
        assert!(Policy::parse(text, "p").is_err(), "{text}");
    }
}
