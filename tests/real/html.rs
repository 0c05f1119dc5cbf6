//! The HTML pages in a real browser: nothing complains, filters filter, large hosts stay usable.

use crate::chromium;
use crate::support::handshakes;
use crate::support::needs;
use crate::support::program;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chromium::Page;
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use tlsmend::report::{FORMATS, Report, html};

/// Runs the program; its exit status.
fn run(arguments: &[&str]) -> i32 {
    let run = program::run(arguments);
    assert_eq!(run.err, "");
    run.status
}

/// The page of a host, and of one without any programs to tell their versions.
fn page_of(root: &Path, folder: &Path) -> PathBuf {
    let path = folder.join("page.html");
    let wanted = format!("html={}", path.display());
    let facts = ["--assume", "nginx=1.29.3", "--assume", "openssl=3.0.17", "--assume", "distribution=debian"];
    let facts = if root == debian() { &[][..] } else { &facts };
    let name = root.display().to_string();
    let arguments = [&["audit", "--root", &name, "--host", "web1.example", "--format", &wanted][..], facts].concat();
    assert_eq!(run(&arguments), 1);
    path
}

/// For a person who wants to look: pictures of the pages in the folder `TLSMEND_PICTURES`.
fn keep(page: &mut Page, name: &str) {
    let Some(folder) = std::env::var_os("TLSMEND_PICTURES") else { return };
    let decode = |text: String| STANDARD.decode(text).expect("base64");
    fs::write(Path::new(&folder).join(format!("{name}.png")), decode(page.picture())).expect("write");
    fs::write(Path::new(&folder).join(format!("{name}.pdf")), decode(page.print())).expect("write");
}

fn debian() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts/debian")
}

const SHOWN: &str = "document.querySelectorAll('tr[data-verdict]:not([hidden])').length";

/// Types into the search field, as far as a script can.
fn search(page: &mut Page, words: &str) {
    let typed = format!(
        "(() => {{ const s = document.querySelector('#search'); s.value = {}; \
         s.dispatchEvent(new Event('input')); }})()",
        json!(words)
    );
    page.evaluate(&typed);
    // The page waits until typing pauses.
    for _ in 0..200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let told = format!("document.querySelector('#count').dataset.for === {}", json!(words));
        if page.evaluate(&told) == json!(true) {
            return;
        }
    }
    panic!("the page did not look for {words:?}");
}

#[test]
fn a_host_in_light_and_dark_on_a_desk_and_a_phone() {
    if !needs::has(&["chromium"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = page_of(&debian(), folder.path());
    for (width, dark) in [(1280, false), (390, true)] {
        let mut page = Page::open(&path, width, dark, true);
        assert_eq!(page.evaluate(SHOWN), json!(27));
        assert_eq!(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), json!(true), "{width}");
        assert_eq!(page.evaluate("getComputedStyle(document.body).backgroundColor === 'rgb(18, 22, 28)'"), json!(dark));
        // Every text stands out from what is behind it, as WCAG asks (4.5 to 1).
        let faint = page.evaluate(include_str!("contrast.js"));
        assert_eq!(faint, json!([]), "{width}");
        assert_eq!(page.complaints(), <[String; 0]>::default());
        keep(&mut page, &format!("host-{width}"));
    }
}

#[test]
fn the_filter_and_the_reasons() {
    if !needs::has(&["chromium"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut page = Page::open(&page_of(&debian(), folder.path()), 1280, false, true);
    search(&mut page, "blog.example");
    assert_eq!(page.evaluate(SHOWN), json!(1));
    assert_eq!(
        page.evaluate("document.querySelector('#count').textContent.startsWith('1 of 27 endpoints, ')"),
        json!(true)
    );
    let findings = "document.querySelectorAll('.finding:not([hidden])').length";
    assert!(page.evaluate(findings).as_u64().is_some_and(|n| (1..23).contains(&n)));
    // The reasons open below the row, by mouse and by keyboard, and close again.
    page.evaluate("document.querySelector('tr[data-verdict]:not([hidden]) [data-why]').click()");
    let text = page.evaluate("document.querySelector('tr.detail').textContent").to_string();
    assert!(text.contains("the default server decides the versions for every name"), "{text}");
    let expanded = "document.querySelector('tr[data-verdict]:not([hidden]) [data-why]').getAttribute('aria-expanded')";
    assert_eq!(page.evaluate(expanded), json!("true"));
    search(&mut page, "no such name");
    assert_eq!(page.evaluate(SHOWN), json!(0));
    assert_eq!(page.evaluate("document.querySelectorAll('tr.detail').length"), json!(0));
    assert_eq!(page.evaluate("document.querySelector('#none').hidden"), json!(false));
    search(&mut page, "");
    page.evaluate("(() => { const v = document.querySelector('#verdict'); v.value = 'exposed'; v.dispatchEvent(new Event('change')); })()");
    assert_eq!(page.evaluate(SHOWN), json!(4));
    assert_eq!(page.complaints(), <[String; 0]>::default());
}

#[test]
fn without_script_everything_can_be_read_and_on_paper_too() {
    if !needs::has(&["chromium"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = page_of(&debian(), folder.path());
    let text = fs::read_to_string(&path).expect("the page");
    for part in ["sets the versions of this server", "the default server decides the versions", "remove TLSv1"] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("id=\"chains\""), "the reasons of a small host are written down");
    let mut page = Page::open(&path, 1280, false, false);
    // The filter does nothing without script, so it is not there.
    assert!(page.print().len() > 10_000);
    assert_eq!(page.complaints(), <[String; 0]>::default());
}

#[test]
fn what_a_host_writes_runs_nothing() {
    if !needs::has(&["chromium"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let conf = folder.path().join("etc/nginx");
    fs::create_dir_all(&conf).expect("mkdir");
    let evil = "</script><img src=x onerror=window.evil=1>";
    let text = format!(
        "events {{}}\nhttp {{\n server {{ listen 443 ssl; ssl_certificate a; ssl_certificate_key b;\n \
         server_name \"{evil}\"; ssl_protocols TLSv1 TLSv1.2; # {evil}\n }}\n}}\n"
    );
    fs::write(conf.join("nginx.conf"), text).expect("write");
    let mut page = Page::open(&page_of(folder.path(), folder.path()), 1280, false, true);
    assert_eq!(page.evaluate("window.evil"), json!(null));
    assert_eq!(page.evaluate("document.querySelectorAll('img').length"), json!(0));
    assert_eq!(page.complaints(), <[String; 0]>::default());
    // The policy of the page holds against what would get in all the same.
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.evil=1\">')");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(page.evaluate("window.evil"), json!(null));
    assert!(!page.complaints().is_empty());
}

#[test]
fn ten_thousand_endpoints() {
    if !needs::has(&["chromium"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let conf = folder.path().join("etc/nginx");
    fs::create_dir_all(&conf).expect("mkdir");
    let mut text = "events {}\nhttp {\nssl_certificate a;\nssl_certificate_key b;\n".to_owned();
    for i in 0..10_000 {
        let versions = ["TLSv1.2 TLSv1.3", "TLSv1 TLSv1.2", "TLSv1.3", "TLSv1.1 TLSv1.2 TLSv1.3"][i % 4];
        let address = i % 200 + 1;
        writeln!(
            text,
            "server {{ listen 192.0.2.{address}:443 ssl; server_name s{i}.example; ssl_protocols {versions}; }}"
        )
        .expect("a string");
    }
    text.push_str("}\n");
    fs::write(conf.join("nginx.conf"), text).expect("write");
    let mut page = Page::open(&page_of(folder.path(), folder.path()), 1280, false, true);
    // Every address has an endpoint without a name besides. Not all rows are laid out at once.
    assert_eq!(page.evaluate("document.querySelectorAll('tr[data-verdict]').length"), json!(10_200));
    assert_eq!(page.evaluate(SHOWN), json!(500));
    search(&mut page, "s9999.example");
    assert_eq!(page.evaluate(SHOWN), json!(1));
    page.evaluate("document.querySelector('tr[data-verdict]:not([hidden]) [data-why]').click()");
    let text = page.evaluate("document.querySelector('tr.detail').textContent").to_string();
    assert!(text.contains("nginx.conf:10004:"), "{text}");
    search(&mut page, "");
    page.evaluate("document.querySelector('#more').click()");
    assert_eq!(page.evaluate(SHOWN), json!(10_200));
    assert_eq!(page.complaints(), <[String; 0]>::default());
}

#[test]
fn a_fleet() {
    if !needs::has(&["chromium"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut files = Vec::new();
    for name in ["debian", "rhel", "compliant"] {
        let file = folder.path().join(format!("{name}.json"));
        let wanted = format!("json={}", file.display());
        let root = format!("fixtures/hosts/{name}");
        run(&["audit", "--root", &root, "--host", &format!("{name}.example"), "--format", &wanted]);
        files.push(file.display().to_string());
    }
    let path = folder.path().join("fleet.html");
    let wanted = format!("html={}", path.display());
    let mut arguments = vec!["report", "merge", "--format", &wanted];
    arguments.extend(files.iter().map(String::as_str));
    assert_eq!(run(&arguments), 0);
    for (width, dark) in [(1280, true), (390, false)] {
        let mut page = Page::open(&path, width, dark, true);
        assert_eq!(page.evaluate("document.querySelectorAll('#hosts tbody tr').length"), json!(3));
        assert_eq!(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), json!(true), "{width}");
        search(&mut page, "rhel.example");
        assert_eq!(page.evaluate(SHOWN), json!(10));
        assert_eq!(page.evaluate(include_str!("contrast.js")), json!([]));
        assert_eq!(page.complaints(), <[String; 0]>::default());
        keep(&mut page, &format!("fleet-{width}"));
    }
}

/// A page of handshakes that are made by hand.
fn page_of_handshakes(folder: &Path, report: Report<'_>) -> PathBuf {
    let path = folder.join("handshakes.html");
    let mut page = Vec::new();
    let format = FORMATS.iter().find(|format| format.name == html::NAME).expect("a format");
    (format.write)(report, &mut page).expect("a page");
    fs::write(&path, page).expect("write");
    path
}

/// Opens the first reasons below their row, and the lists in them.
const UNFOLD: &str = "(() => { document.querySelectorAll('[data-why]').forEach((one, at) => { if (at % 2 === 0) one.click(); }); \
                      for (const one of document.querySelectorAll('tr.detail details')) one.open = true; })()";

#[test]
fn handshakes_of_a_probe() {
    if !needs::has(&["chromium"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let probes = handshakes::Probes::new();
    let path = page_of_handshakes(folder.path(), Report::Probe(&probes.view()));
    for (width, dark) in [(1280, false), (1280, true), (390, true), (390, false)] {
        let mut page = Page::open(&path, width, dark, true);
        assert_eq!(page.evaluate(SHOWN), json!(6));
        // What servers say runs nothing.
        assert_eq!(page.evaluate("window.evil"), json!(null));
        assert_eq!(page.evaluate("document.querySelectorAll('img').length"), json!(0));
        // No colour stands without a sign and a word.
        let cells = "Array.from(document.querySelectorAll('td.v'), (cell) => cell.textContent)";
        let cells = page.evaluate(cells);
        let known = ["✓ on", "✗ on", "! missing", "? maybe", "– off"];
        assert!(cells.as_array().is_some_and(|all| all.len() == 3 * 5), "{cells}");
        assert!(
            cells.as_array().into_iter().flatten().all(|one| known.contains(&one.as_str().unwrap_or("-"))),
            "{cells}"
        );
        page.evaluate(UNFOLD);
        let text = page.evaluate("document.querySelector('tr.detail').textContent").to_string();
        for part in
            ["connects with TLSv1.3", "CN=", "2026-01-31T00:00:00Z to 2027-01-31", "TLS_AES_128_GCM_SHA256", "good"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), json!(true), "{width}");
        assert_eq!(page.evaluate(include_str!("contrast.js")), json!([]), "{width}");
        assert_eq!(page.complaints(), <[String; 0]>::default());
        keep(&mut page, &format!("probe-{width}-{}", if dark { "dark" } else { "light" }));
        search(&mut page, "old.example");
        assert_eq!(page.evaluate(SHOWN), json!(1));
        search(&mut page, "");
        page.evaluate("(() => { const v = document.querySelector('#verdict'); v.value = 'unreachable'; v.dispatchEvent(new Event('change')); })()");
        assert_eq!(page.evaluate(SHOWN), json!(3));
    }
    let mut page = Page::open(&path, 1280, false, false);
    assert!(page.print().len() > 10_000, "without script it can be printed");
}

#[test]
fn handshakes_of_a_verification() {
    if !needs::has(&["chromium"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let promises = handshakes::Promises::new();
    let path = page_of_handshakes(folder.path(), Report::Verify(&promises.view()));
    for (width, dark) in [(1280, true), (1280, false), (390, false), (390, true)] {
        let mut page = Page::open(&path, width, dark, true);
        assert_eq!(page.evaluate(SHOWN), json!(8));
        assert_eq!(page.evaluate("window.evil"), json!(null));
        assert_eq!(page.evaluate("document.querySelectorAll('img').length"), json!(0));
        search(&mut page, "b.example");
        assert_eq!(page.evaluate(SHOWN), json!(1));
        let row = page.evaluate("document.querySelector('tr[data-verdict]:not([hidden])').textContent").to_string();
        for part in ["+ extra", "! missing", "✗ differs"] {
            assert!(row.contains(part), "{part}: {row}");
        }
        page.evaluate("document.querySelector('tr[data-verdict]:not([hidden]) [data-why]').click()");
        let text = page.evaluate("document.querySelector('tr.detail').textContent").to_string();
        for part in ["ConfiguredTLSv1 TLSv1.2", "ObservedTLSv1.2 TLSv1.3", "not reloaded", "opens *:443"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        search(&mut page, "");
        page.evaluate(UNFOLD);
        assert_eq!(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), json!(true), "{width}");
        assert_eq!(page.evaluate(include_str!("contrast.js")), json!([]), "{width}");
        assert_eq!(page.complaints(), <[String; 0]>::default());
        keep(&mut page, &format!("verify-{width}-{}", if dark { "dark" } else { "light" }));
    }
}
