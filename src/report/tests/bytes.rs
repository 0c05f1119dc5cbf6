//! Bytes that configuration files really hold, and any others: reports neither fail nor let them through.

use super::host::{ABSOLUTE, Host, MAIN, endpoint, finding, instance, plain};
use crate::edit::{Edit, Fix};
use crate::endpoint::{Reason, ReasonKind};
use crate::finding::{Finding, Label, Severity, Verdict};
use crate::instance::Problem;
use crate::report::{Report, Texts, WhyView, json, sanitise, snippet, text, why};
use crate::source::Span;
use insta::assert_snapshot;
use proptest::prelude::*;
use std::sync::Arc;

/// A host with one finding at a place of a file of these bytes, and the finding as text.
fn shown(bytes: &[u8], needle: &[u8], replacement: &str) -> String {
    let mut host = Host::default();
    host.file(MAIN, bytes);
    let span = host.at(MAIN, needle);
    host.instances.push(instance("nginx", MAIN, Vec::new()));
    let mut finding = finding("forbidden-version", Severity::High, Verdict::Exposed, "TLSv1 is accepted");
    finding.primary = Some(Label { span, text: "here".into() });
    finding.fix = Some(Fix::safe("mend", vec![Edit { span, replacement: replacement.into() }]));
    plain(|out| snippet::finding(&host.view(), &finding, text::WIDTH, out))
}

#[test]
fn lines_of_windows() {
    assert_snapshot!(shown(b"http {\r\n    ssl_protocols TLSv1;\r\n}\r\n", b"TLSv1", "TLSv1.2"), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:2:19
      |
    2 |     ssl_protocols TLSv1;
      |                   ^^^^^ here
    help: mend
      |
    2 -     ssl_protocols TLSv1;
    2 +     ssl_protocols TLSv1.2;
    "#);
    assert_snapshot!(shown(b"a\r\nssl_protocols TLSv1;\r\nb\r\n", b"ssl_protocols TLSv1;\r\n", ""), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:2:1
      |
    2 | ssl_protocols TLSv1;
      | ^^^^^^^^^^^^^^^^^^^^ here
    help: mend
      |
    2 - ssl_protocols TLSv1;
    "#);
}

#[test]
fn bytes_that_are_not_utf8() {
    assert_snapshot!(shown(b"# \xfc\xfc\n\xe4\xc3\xa9 TLSv1; # \xff\n", b"TLSv1", "TLSv1.2"), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:2:4
      |
    2 | �é TLSv1; # �
      |    ^^^^^ here
    help: mend
      |
    2 - �é TLSv1; # �
    2 + �é TLSv1.2; # �
    "#);
}

#[test]
fn characters_that_do_something() {
    assert_snapshot!(shown(b"\t\x1b[2J\x07 TLSv1; # \xe2\x80\xaeevil\xc2\x9b\x7f\n", b"TLSv1", "\u{202e}\u{1b}"), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:1:8
      |
    1 |     ␛[2J␇ TLSv1; # �evil�␡
      |           ^^^^^ here
    help: mend
      |
    1 -     ␛[2J␇ TLSv1; # �evil�␡
    1 +     ␛[2J␇ �␛; # �evil�␡
    "#);
}

#[test]
fn long_lines_are_cut() {
    let long = "x".repeat(10_000);
    assert_snapshot!(shown(format!("ssl_protocols TLSv1; # {long}\n").as_bytes(), b"TLSv1", "TLSv1.2"), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:1:15
      |
    1 | ssl_protocols TLSv1; # xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
      |               ^^^^^ here
    help: mend
      |
    1 - ssl_protocols TLSv1; # xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
    1 + ssl_protocols TLSv1.2; # xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
    "#);
    assert_snapshot!(shown(format!("{} TLSv1; {long}\n", &long[..1000]).as_bytes(), b"TLSv1", "TLSv1.2"), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:1:1002
      |
    1 | ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx TLSv1; xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
      |                                            ^^^^^ here
    help: mend
      |
    1 - ...xxxxxxxxxxxxxxxx TLSv1; xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
    1 + ...xxxxxxxxxxxxxxxx TLSv1.2; xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
    "#);
    assert_snapshot!(shown(format!("{long} TLSv1; {long}\n").as_bytes(), b"TLSv1", "TLSv1.2"), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:1:10002
      = note: here: ...xxxxxxxxxxx TLSv1; xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
    help: mend
      |
    1 - ...xxxxxxxxxxxxxxxx TLSv1; xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
    1 + ...xxxxxxxxxxxxxxxx TLSv1.2; xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
    "#);
    assert_snapshot!(shown(format!("a {long}\n").as_bytes(), long.as_bytes(), "TLSv1.2"), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:1:3
      |
    1 | a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ here
    help: mend
      |
    1 - a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
    1 + a TLSv1.2
    "#);
}

#[test]
fn spans_of_several_lines() {
    assert_snapshot!(shown(b"a\nssl_protocols\n    TLSv1\n    TLSv1.2;\nb\n", b"ssl_protocols\n    TLSv1\n    TLSv1.2;", "ssl_protocols TLSv1.2;"), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:2:1
      |
    2 | / ssl_protocols
    3 | |     TLSv1
    4 | |     TLSv1.2;
      | |____________^ here
    help: mend
      |
    2 - ssl_protocols
    3 -     TLSv1
    4 -     TLSv1.2;
    2 + ssl_protocols TLSv1.2;
    "#);
    let many = "    TLSv1\n".repeat(40);
    assert_snapshot!(shown(format!("ssl_protocols\n{many};\n").as_bytes(), many.as_bytes(), "x"), @r#"
    high[forbidden-version]: TLSv1 is accepted
     --> /etc/nginx/nginx.conf:2:1
      |
    2 |     TLSv1
      | ^^^^^^^^^ here
    help: mend
       |
     2 -     TLSv1
     3 -     TLSv1
     4 -     TLSv1
     5 -     TLSv1
     6 -     TLSv1
     7 -     TLSv1
     8 -     TLSv1
     9 -     TLSv1
    10 -     TLSv1
    11 -     TLSv1
    12 -     TLSv1
    13 -     TLSv1
       - ... 29 more lines
     2 + x;
    "#);
}

#[test]
fn the_end_of_a_file() {
    for bytes in [&b""[..], b"a", b"a\n", b"a\r\n", b"\n\n"] {
        let mut host = Host::default();
        host.file(MAIN, bytes);
        let id = host.sources.find(MAIN.as_ref()).unwrap();
        let end = bytes.len() as u32;
        let text = problem(&host, Span::new(id, end, end));
        assert!(text.starts_with("error: unexpected end of file\n"), "{text}");
        assert!(text.contains('^'), "{text}");
        assert!(problem(&host, Span::new(id, end + 7, end + 9)).contains(MAIN));
    }
    let mut host = Host::default();
    host.file(MAIN, "http {\n");
    let id = host.sources.find(MAIN.as_ref()).unwrap();
    assert_snapshot!(problem(&host, Span::new(id, 7, 7)), @r#"
    error: unexpected end of file
     --> /etc/nginx/nginx.conf:2:1
      |
    2 |
      | ^
    "#);
}

fn problem(host: &Host, span: Span) -> String {
    let problem = Problem::at(span, "unexpected end of file");
    plain(|out| snippet::problem(&host.sources, &ABSOLUTE, &problem, text::WIDTH, out))
}

#[test]
fn names_and_messages_are_harmless_too() {
    let mut host = Host::default();
    host.file("/etc/\u{1b}[31mnginx.conf", "");
    let tls = Arc::new(super::host::answer("TLSv1.2", Some("TLSv1.2"), Vec::new()));
    host.instances.push(instance(
        "nginx",
        "/etc/\u{1b}[31mnginx.conf",
        vec![endpoint(443, Some("a\u{202e}\u{7}"), &tls)],
    ));
    host.verdicts.push(vec![Verdict::Missing]);
    let mut finding = finding("missing-version", Severity::Low, Verdict::Missing, "a\u{1b}]0;x\u{7}");
    finding.notes = vec!["b\u{9b}".into()];
    finding.help = Some("c\r\u{2066}".into());
    finding.endpoints = vec![0];
    finding.fix = Some(Fix::safe("d\u{1b}", Vec::new()));
    host.findings.push(finding);
    host.problems.push(Problem::with("/\u{1b}", "e\u{8}"));
    host.reload.push(("x\u{1b}".into(), "y\u{1b}".into()));
    assert_snapshot!(host.text(), @r#"
    nginx: /etc/␛[31mnginx.conf
      ADDRESS  NAME  VERSIONS  VERDICT
      *:443    a�␇   TLSv1.2   missing

    low[missing-version]: a␛]0;x␇
     --> /etc/␛[31mnginx.conf
      = endpoints: *:443 (a�␇)
      = note: b�
      = help: c␍�
    help: d␛

    error: e␈
     --> /␛

    1 of 1 file read, 1 instance, 1 endpoint
    1 error, 1 finding: 1 low
    it can be mended: `tlsmend diff` shows the patch
    then reload:
      x␛: y␛
    "#);
}

/// A style that reports do not use.
const FOREIGN: &str = "\u{1b}[35m";

/// Is what is written fit for a terminal? Only styles may be in it, and none of a file's.
fn harmless(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> bool {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let plain = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(&text, "");
    !text.contains(FOREIGN) && plain.chars().all(|c| c == '\n' || !sanitise::is_hostile(c))
}

fn config() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|b| vec![b]),
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\t".to_vec()),
        Just(b"  ssl_protocols TLSv1;\n".to_vec()),
        Just("\u{4e2d}\u{301}\u{1f600}\u{200d}\u{202e}".as_bytes().to_vec()),
        Just(FOREIGN.as_bytes().to_vec()),
        Just(vec![b' '; 90]),
        Just(vec![b'x'; 2500]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_and_any_spans(
        bytes in config(),
        spans in prop::collection::vec((0u32..4000, 0u32..300), 1..6),
        texts in prop::collection::vec(prop_oneof![any::<String>(), Just(FOREIGN.to_owned())], 6),
        replacement in config(),
    ) {
        let mut host = Host::default();
        host.file(MAIN, &bytes);
        let id = host.sources.find(MAIN.as_ref()).unwrap();
        let spans: Vec<Span> = spans.into_iter().map(|(start, len)| Span::new(id, start, start + len)).collect();
        let labels: Vec<Label> =
            spans.iter().zip(&texts).map(|(span, text)| Label { span: *span, text: text.clone() }).collect();
        let edits = spans.iter().map(|span| Edit { span: *span, replacement: replacement.clone() }).collect();
        let because =
            spans.iter().map(|span| Reason::at(ReasonKind::Versions, *span, texts[0].clone())).collect();
        let answer = super::host::answer("TLSv1", None, because);
        let tls = Arc::new(answer);
        let answer = super::host::shown(Arc::clone(&tls));
        host.instances.push(instance("nginx", MAIN, vec![endpoint(443, Some(&texts[1]), &tls)]));
        let finding = Finding {
            primary: labels.first().cloned(),
            related: labels[1..].to_vec(),
            notes: texts.clone(),
            help: Some(texts[2].clone()),
            endpoints: vec![0, 5],
            fix: Some(Fix::safe(texts[3].clone(), edits)),
            ..finding("unknown", Severity::Low, Verdict::Unknown, &texts[4])
        };
        host.findings.push(finding);
        host.problems.push(Problem { hops: spans.clone(), ..Problem::at(spans[0], texts[5].clone()) });
        prop_assert!(harmless(|out| text::write(Report::Audit(&host.view()), out)));
        let why = WhyView {
            address: &texts[0],
            sni: Some(&texts[1]),
            service: None,
            open: &host.open,
            answer: Some(&answer),
            texts: Texts { sources: &host.sources, paths: &ABSOLUTE },
        };
        prop_assert!(harmless(|out| why::text(&why, out)));
        prop_assert!(harmless(|out| json::report(Report::Audit(&host.view()), out)));
        prop_assert!(harmless(|out| json::why(&why, out)));
    }
}
