//! Apache httpd: input that is large, deep, endless or not text at all must neither hang nor break anything.

use proptest::prelude::*;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use tlsmend::edit::Change;
use tlsmend::endpoint::{SettingId, Transport};
use tlsmend::host::Facts;
use tlsmend::services::apache::{Apache, parse};
use tlsmend::services::service::{Destination, Question, Resolved, Service, World};
use tlsmend::source::SourceMap;
use tlsmend::system::{MemorySystem, OsSystem, System};
use tlsmend::tls::{Version, VersionSet};

const MAIN: &str = "/etc/apache2/apache2.conf";

fn load(system: &dyn System, main: &str, sources: &mut SourceMap) -> Box<dyn Resolved> {
    let facts = Facts::unknown();
    Apache.load(Path::new(main), World { system, facts: &facts }, sources)
}

/// Loads files, the first of which is the main one, and asks and changes whatever there is.
fn exercise(files: &[(&str, Vec<u8>)]) -> Vec<String> {
    let begin = Instant::now();
    let mut system = MemorySystem::default();
    for (path, bytes) in files {
        system.add_file(path, bytes);
    }
    let mut sources = SourceMap::default();
    let resolved = load(&system, files[0].0, &mut sources);
    let instance = resolved.instance();
    let old = VersionSet::range(Version::Ssl2, Version::Tls1_1);
    let new = VersionSet::range(Version::Tls1_2, Version::Tls1_3);
    for setting in 0..instance.settings.len().min(1000) {
        let change = Change::Adjust { setting: SettingId(setting as u32), remove: old, add: new };
        let _ = resolved.lower(&change, &sources);
    }
    for endpoint in 0..instance.endpoints.len().min(100) {
        let _ = resolved.lower(&Change::Declare { endpoint, versions: new }, &sources);
    }
    for sni in [None, Some("a.test".to_owned())] {
        let target = Destination::Ip([127, 0, 0, 1].into(), 443);
        let _ = resolved.ask(&Question { target, transport: Transport::Stream, sni });
    }
    for (id, _) in sources.iter() {
        let facts = Facts::unknown();
        let fragment = Apache.fragment(id, World { system: &system, facts: &facts }, &sources);
        assert!(fragment.instance().endpoints.is_empty());
    }
    assert!(begin.elapsed() < Duration::from_secs(120), "took {:?}", begin.elapsed());
    instance.problems.iter().map(|problem| problem.message.clone()).collect()
}

fn main_file(text: impl Into<Vec<u8>>) -> Vec<String> {
    exercise(&[(MAIN, text.into())])
}

#[test]
fn depth_costs_no_stack() {
    let deep = |times: usize, open: &str, close: &str| format!("{}{}", open.repeat(times), close.repeat(times));
    assert_eq!(
        main_file(deep(100_000, "<Files a>\n", "</Files>\n")),
        ["no listening sockets available: there is no Listen"]
    );
    assert_eq!(main_file(deep(20_000, "<IfModule core.c>\n", "</IfModule>\n")).len(), 1);
    assert_eq!(main_file(deep(20_000, "<IfModule nope.c>\n", "</IfModule>\n")).len(), 1);
    assert_eq!(main_file("<VirtualHost *:443>\n".repeat(5_000)).len(), 1_001);
    assert_eq!(main_file(deep(20_000, "<Macro a>\n", "</Macro>\n")).len(), 1);
    assert!(main_file("<IfDefine A>\n".repeat(20_000)).len() <= 2);
}

#[test]
fn includes_without_end_are_left_with_their_hops() {
    let problems = main_file("Include apache2.conf\nInclude apache2.conf\nSSLProtocol all\n");
    assert!(problems[0].contains("exceeded maximum include depth of 128"), "{problems:?}");
    let files = [(MAIN, b"Include b\nInclude b".to_vec()), ("/etc/apache2/b", b"Include apache2.conf\n".repeat(3))];
    let problems = exercise(&files);
    assert!(problems.iter().any(|problem| problem.contains("include depth")), "{problems:?}");
    let files = [
        (MAIN, b"Include d/*".to_vec()),
        ("/etc/apache2/d/a", b"Include d/*\n".to_vec()),
        ("/etc/apache2/d/b", b"Include d/*\n".to_vec()),
    ];
    exercise(&files);
    let mut system = MemorySystem::with_files([(MAIN, "Include apache2.conf\n")]);
    system.add_link("/etc/apache2/loop", "/etc/apache2/loop");
    let mut sources = SourceMap::default();
    let resolved = load(&system, MAIN, &mut sources);
    assert_eq!(resolved.instance().problems[0].hops.len(), 128);
}

#[test]
fn bombs_are_given_up() {
    let mut text = String::from("LoadModule macro_module mod_macro.so\nDefine a0 0123456789\n");
    for i in 1..40 {
        let _ = writeln!(text, "Define a{i} ${{a{0}}}${{a{0}}}${{a{0}}}${{a{0}}}", i - 1);
    }
    assert!(!main_file(text).is_empty());
    let mut text = String::from("<Macro m0>\nListen 1\n</Macro>\n");
    for i in 1..40 {
        let _ = writeln!(text, "<Macro m{i}>\n{}</Macro>", format!("Use m{}\n", i - 1).repeat(10));
    }
    let problems = main_file(text + "Use m39\n");
    assert!(problems.iter().any(|problem| problem.contains("lines are read")), "{problems:?}");
    let text = format!("<Macro m $a>\n{}\n</Macro>\n{}", "$a".repeat(4000), "Use m 0123456789\n".repeat(100));
    main_file(text);
}

#[test]
fn lines_of_any_length_and_any_bytes() {
    let long = [b"SSLProtocol all ".to_vec(), b"-TLSv1 ".repeat(1 << 18)].concat();
    main_file(long);
    main_file(b"SSLProtocol \\\n".repeat(50_000));
    main_file(vec![0; 1 << 20]);
    main_file(b"\\\n".repeat(50_000));
    main_file(b"\"".repeat(1 << 20));
    main_file([b"<".repeat(1 << 20), b">".repeat(1 << 20)].concat());
    main_file(b"${".repeat(200_000));
    main_file(b"a${x} ".repeat(100_000));
    main_file((0..1_u32 << 18).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<u8>>());
}

/// A virtual host that proxies over TLS, and what else it says.
fn proxying(text: &str) -> String {
    format!(
        "LoadModule ssl_module m\nLoadModule rewrite_module m\nLoadModule proxy_module m\nLoadModule proxy_http_module m\n\
         LoadModule setenvif_module m\nListen 443\n<VirtualHost *:443>\nServerName a.test\nSSLEngine on\n\
         SSLCertificateFile /c\nSSLProxyEngine on\nRewriteEngine on\n{text}</VirtualHost>\n"
    )
}

/// Work does not grow with the product of rules and variables, of sections, or of servers and hosts.
#[test]
fn rules_variables_and_sections_without_end() {
    let is_cut = |problems: &[String]| problems.iter().any(|what| what.starts_with("too many servers that requests"));
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let own = lines(20_000, &|i| format!("SetEnvIf Host x v{i}=https://b{i}/\nRewriteRule .* %{{ENV:v{i}}} [P]\n"));
    assert!(!is_cut(&main_file(proxying(&own))), "each has one value");
    let same = lines(5_000, &|i| format!("SetEnvIf Host x v=https://b{i}/\nRewriteRule .* %{{ENV:v}} [P]\n"));
    assert!(is_cut(&main_file(proxying(&same))));
    let sections = lines(8_000, &|i| {
        format!("<Location /l{i}>\nRewriteEngine on\nRewriteRule .* https://b{i}/ [P]\n</Location>\n")
    });
    assert!(is_cut(&main_file(proxying(&sections))));
    let passed = lines(400, &|i| format!("ProxyPass /p{i} https://b{i}.test/\n"));
    let hosts = lines(300, &|i| {
        format!("<VirtualHost *:443>\nServerName h{i}.test\nSSLEngine on\nSSLProxyEngine on\n</VirtualHost>\n")
    });
    assert!(is_cut(&main_file(format!("{passed}{}{hosts}", proxying("")))));
    main_file(proxying(&format!("RewriteRule '{}' -\n", "[[:x]".repeat(100_000))));
    main_file(proxying(&lines(100, &|i| {
        format!("<ProxyMatch \\pL{{60}}{i}>\n</ProxyMatch>\n<IfVersion ~ \\pL{{60}}{i}>\n</IfVersion>\n")
    })));
}

#[test]
fn ten_thousand_virtual_hosts() {
    let mut text =
        String::from("LoadModule ssl_module mod_ssl.so\nListen 443\nServerName main.test\nSSLCertificateFile /c\n");
    for i in 0..10_000 {
        let alias = ["www", "*", "shop.*.x", "a?"][i % 4];
        let _ = write!(
            text,
            "<VirtualHost *:443>\n ServerName h{i}.test\n ServerAlias {alias}.h{i}.test\n SSLEngine on\n \
             SSLProtocol all -SSLv3\n SSLCipherSuite HIGH\n</VirtualHost>\n"
        );
    }
    let begin = Instant::now();
    let system = MemorySystem::with_files([(MAIN, text)]);
    let mut sources = SourceMap::default();
    let resolved = load(&system, MAIN, &mut sources);
    assert_eq!(resolved.instance().endpoints.len(), 20_001);
    for i in (0..10_000).step_by(7) {
        let target = Destination::Ip([10, 0, 0, 1].into(), 443);
        let sni = Some(format!("H{i}.test"));
        let response = resolved.ask(&Question { target, transport: Transport::Stream, sni }).unwrap();
        assert!(!response.answer.deciders.is_empty());
    }
    assert!(begin.elapsed() < Duration::from_secs(60), "took {:?}", begin.elapsed());
}

#[test]
fn configurations_of_others_print_back() {
    let Ok(corpora) = std::env::var("TLSMEND_CORPORA") else {
        eprintln!("TLSMEND_CORPORA is not set: nothing was tried");
        return;
    };
    let system = OsSystem::new(Path::new("/"), Vec::new()).unwrap();
    let mut count = 0;
    for folder in ["certbot-apache", "certbot-apache-conf-files", "httpd-macro", "httpd-conf"] {
        for path in system.walk(&Path::new(&corpora).join(folder)).files {
            let Ok(bytes) = system.read(&path) else { continue };
            let tree = parse(&bytes);
            assert_eq!(tree.print(&bytes), bytes, "{}", path.display());
            assert!(tree.errors.is_empty(), "{}", path.display());
            let mut sources = SourceMap::default();
            let resolved = load(&system, &path.to_string_lossy(), &mut sources);
            if folder == "certbot-apache-conf-files" && std::env::var("TLSMEND_SHOW").is_ok() {
                for problem in &resolved.instance().problems {
                    let line = problem.span.map(|span| sources.line_column(span).line);
                    eprintln!("{}:{line:?}: {}", path.display(), problem.message);
                }
            }
            count += 1;
        }
    }
    eprintln!("{count} files");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_breaks_anything(
        words in proptest::collection::vec(
            prop_oneof![
                Just("\n"), Just("\n"), Just("\n"), Just(" "), Just(" "), Just("\\\n"), Just("\""), Just("'"), Just("\\"),
                Just("SSLProtocol "), Just("SSLProxyProtocol "), Just("SSLEngine on\n"), Just("SSLEngine on\n"),
                Just("all"), Just("-TLSv1 "), Just("+TLSv1.2 "), Just("TLSv1.3"), Just("Listen 443\n"), Just("Listen 443\n"),
                Just("<VirtualHost *:443>\n"), Just("</VirtualHost>\n"), Just("<IfModule core.c>\n"), Just("</IfModule>\n"),
                Just("<Macro m $p>\n"), Just("</Macro>\n"), Just("Use m "), Just("$p"), Just("Define x "), Just("${x}"),
                Just("SSLOpenSSLConfCmd MinProtocol "), Just("SSLOpenSSLConfCmd Protocol "), Just("<"), Just(">"),
                Just("ServerName a.test\n"), Just("ServerAlias *.test\n"), Just("\0"), Just("\u{e9}"), Just("#"),
                Just("<Proxy https://b/>\n"), Just("</Proxy>\n"), Just("SSLProxyEngine on\n"), Just("ProxyPass / https://b/\n"),
                Just("Include apache2.conf\n"),
                Just("Include other.conf\n"), Just("\r\n"), Just("<IfDefine x>\n"), Just("</IfDefine>\n"),
            ],
            0..60,
        ),
        cut in 0_usize..60,
    ) {
        let (main, other) = words.split_at(cut.min(words.len()));
        exercise(&[
            (MAIN, format!("Include other.conf\n{}", main.concat()).into_bytes()),
            ("/etc/apache2/other.conf", other.concat().into_bytes()),
        ]);
    }
}
