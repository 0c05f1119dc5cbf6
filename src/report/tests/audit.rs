use super::host::{Host, MAIN, SNIPPET, answer, endpoint, exposed, finding, instance, plaintext, unknown, versions};
use crate::edit::{Applicability, Fix};
use crate::endpoint::{Address, Role, Speaks, Transport};
use crate::finding::{self, Severity, Verdict, Waived, WaiverPlace};
use crate::instance::{Problem, Standing};
use crate::report::{Coverage, Paths, Report};
use insta::assert_snapshot;
use std::sync::Arc;

#[test]
fn exposed_through_a_hop() {
    assert_snapshot!(exposed().text(), @r#"
    nginx: /etc/nginx/nginx.conf
      ADDRESS  NAME               VERSIONS                       VERDICT
      *:443    (no name), a.test  TLSv1 TLSv1.1 TLSv1.2 TLSv1.3  exposed

    high[forbidden-version]: TLSv1 and TLSv1.1 are accepted
     --> /etc/nginx/snippets/tls.conf:2:15
      |
    2 | ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ asks for TLSv1 and TLSv1.1
      |
     ::: /etc/nginx/nginx.conf:2:5
      |
    2 |     include snippets/tls.conf;
      |     -------------------------- included here
      |
      = endpoints: *:443, *:443 (a.test)
      = note: the policy forbids TLSv1 and TLSv1.1
    help: remove TLSv1 and TLSv1.1
      |
    2 - ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    2 + ssl_protocols TLSv1.2 TLSv1.3;

    2 of 2 files read, 1 instance, 3 endpoints (1 plaintext)
    1 finding: 1 high
    it can be mended: `tlsmend diff` shows the patch
    then reload:
      nginx: systemctl reload nginx
    "#);
}

#[test]
fn paths_below_the_working_folder_are_relative() {
    let host = exposed();
    let mut view = host.view();
    let paths = Paths::below("/etc/nginx");
    view.frame.texts.paths = &paths;
    view.frame.fail_on = Severity::High;
    assert_snapshot!(super::host::plain(|out| crate::report::text::write(Report::Audit(&view), out)), @r#"
    nginx: nginx.conf
      ADDRESS  NAME               VERSIONS                       VERDICT
      *:443    (no name), a.test  TLSv1 TLSv1.1 TLSv1.2 TLSv1.3  exposed

    high[forbidden-version]: TLSv1 and TLSv1.1 are accepted
     --> snippets/tls.conf:2:15
      |
    2 | ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ asks for TLSv1 and TLSv1.1
      |
     ::: nginx.conf:2:5
      |
    2 |     include snippets/tls.conf;
      |     -------------------------- included here
      |
      = endpoints: *:443, *:443 (a.test)
      = note: the policy forbids TLSv1 and TLSv1.1
    help: remove TLSv1 and TLSv1.1
      |
    2 - ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    2 + ssl_protocols TLSv1.2 TLSv1.3;

    2 of 2 files read, 1 instance, 3 endpoints (1 plaintext)
    1 finding: 1 high
    it can be mended: `tlsmend diff` shows the patch
    then reload:
      nginx: systemctl reload nginx
    "#);
}

#[test]
fn latent_with_several_places_in_one_file() {
    let mut host = Host::default();
    host.file(MAIN, "http {\n    ssl_protocols TLSv1.2;\n    server {\n        listen 443 ssl;\n        ssl_protocols TLSv1 TLSv1.2;\n        ssl_protocols TLSv1.3;\n    }\n}\n");
    let tls = Arc::new(answer("TLSv1 TLSv1.2 TLSv1.3", Some("TLSv1.2 TLSv1.3"), Vec::new()));
    host.instances.push(instance("nginx", MAIN, vec![endpoint(443, None, &tls)]));
    host.verdicts.push(vec![Verdict::Latent]);
    let mut latent = finding("forbidden-version", Severity::Medium, Verdict::Latent, "TLSv1 is configured");
    latent.endpoints = vec![0];
    latent.primary = Some(host.label(MAIN, "TLSv1 TLSv1.2", "asks for TLSv1"));
    latent.related =
        vec![host.label(MAIN, "TLSv1.3", "adds to it"), host.label(MAIN, "ssl_protocols TLSv1.2;", "does not count")];
    latent.notes = vec!["OpenSSL 3.0.15 at security level 2 blocks TLSv1".into()];
    latent.fix = Some(Fix {
        applicability: Applicability::Unsafe,
        ..host.fix("remove TLSv1", MAIN, "TLSv1 TLSv1.2", "TLSv1.2")
    });
    host.findings.push(latent);
    assert_snapshot!(host.text(), @r#"
    nginx: /etc/nginx/nginx.conf
      ADDRESS  NAME       VERSIONS                 VERDICT
      *:443    (no name)  (TLSv1) TLSv1.2 TLSv1.3  latent

      (..)  configured, but blocked by the TLS library, the ciphers or the keys

    medium[forbidden-version]: TLSv1 is configured
     --> /etc/nginx/nginx.conf:5:23
      |
    2 |     ssl_protocols TLSv1.2;
      |     ---------------------- does not count
    ...
    5 |         ssl_protocols TLSv1 TLSv1.2;
      |                       ^^^^^^^^^^^^^ asks for TLSv1
    6 |         ssl_protocols TLSv1.3;
      |                       ------- adds to it
      |
      = endpoints: *:443
      = note: OpenSSL 3.0.15 at security level 2 blocks TLSv1
    help: remove TLSv1 (unsafe: this may change other endpoints too)
      |
    5 -         ssl_protocols TLSv1 TLSv1.2;
    5 +         ssl_protocols TLSv1.2;

    1 of 1 file read, 1 instance, 1 endpoint
    1 finding: 1 medium
    "#);
}

#[test]
fn missing_without_a_place() {
    let mut host = Host::default();
    host.file(MAIN, "http {\n    server {\n        listen 443 ssl;\n    }\n}\n");
    let tls = Arc::new(answer("TLSv1.2", Some("TLSv1.2"), Vec::new()));
    let endpoints = (0..42).map(|i| endpoint(443, Some(&format!("host-{i}.example.test")), &tls)).collect();
    host.instances.push(instance("nginx", MAIN, endpoints));
    host.verdicts.push(vec![Verdict::Missing; 42]);
    let mut missing = finding("missing-version", Severity::Medium, Verdict::Missing, "TLSv1.3 is not offered");
    missing.endpoints = (0..42).collect();
    missing.help = Some("TLSv1.3 needs OpenSSL 1.1.1 or later (found 1.0.2k): upgrade the library first".into());
    host.findings.push(missing.clone());
    let line = "    server {\n";
    let mut mended = missing;
    mended.help = None;
    mended.fix =
        Some(host.fix("say which versions", MAIN, line, &format!("    ssl_protocols TLSv1.2 TLSv1.3;\n{line}")));
    host.findings.push(mended);
    assert_snapshot!(host.text(), @r#"
    nginx: /etc/nginx/nginx.conf
      ADDRESS  NAME                                                 VERSIONS  VERDICT
      *:443    host-0.example.test, host-1.example.test (+40 more)  TLSv1.2   missing

    medium[missing-version]: TLSv1.3 is not offered
     --> /etc/nginx/nginx.conf
      = endpoints: *:443 (host-0.example.test), *:443 (host-1.example.test),
                   *:443 (host-2.example.test), *:443 (host-3.example.test),
                   *:443 (host-4.example.test) and 37 more
      = help: TLSv1.3 needs OpenSSL 1.1.1 or later (found 1.0.2k): upgrade the library first

    medium[missing-version]: TLSv1.3 is not offered
     --> /etc/nginx/nginx.conf
      = endpoints: *:443 (host-0.example.test), *:443 (host-1.example.test),
                   *:443 (host-2.example.test), *:443 (host-3.example.test),
                   *:443 (host-4.example.test) and 37 more
    help: say which versions
     --> /etc/nginx/nginx.conf:2
      |
    1 | http {
    2 +     ssl_protocols TLSv1.2 TLSv1.3;

    1 of 1 file read, 1 instance, 42 endpoints
    2 findings: 2 medium
    1 of 2 findings can be mended: `tlsmend diff` shows the patch
    "#);
}

#[test]
fn problems_and_files_that_are_not_loaded() {
    let mut host = Host::default();
    host.file(MAIN, "http {\n    include sites/*.conf;\n}\n");
    host.file("/etc/nginx/sites/a.conf", "server {\n    ssl_protocols TLSv1.0;\n}\n");
    host.files = Coverage { read: 2, found: 3, passed_over: 0, excluded: 0 };
    let mut nginx = instance("nginx", MAIN, Vec::new());
    let mut problem = Problem::at(
        host.at("/etc/nginx/sites/a.conf", "TLSv1.0"),
        "\"ssl_protocols\" has an invalid value \"TLSv1.0\"",
    );
    problem.hops = vec![host.at(MAIN, "include sites/*.conf;")];
    nginx.problems = vec![problem];
    host.problems = super::host::shown(vec![Problem::with("/etc/nginx/secret.conf", "permission denied")]);
    host.instances.push(nginx);
    let mut stray = instance("nginx", "/etc/nginx/sites-available/old", Vec::new());
    stray.standing = Standing::NotLoaded;
    host.instances.push(stray);
    assert_snapshot!(host.text(), @r#"
    error: permission denied
     --> /etc/nginx/secret.conf

    error: "ssl_protocols" has an invalid value "TLSv1.0"
     --> /etc/nginx/sites/a.conf:2:19
      |
    2 |     ssl_protocols TLSv1.0;
      |                   ^^^^^^^
      |
     ::: /etc/nginx/nginx.conf:2:5
      |
    2 |     include sites/*.conf;
      |     --------------------- reached from here

    2 of 3 files read, 1 instance, 0 endpoints; 1 file with TLS directives is not loaded
    2 errors, no findings
    "#);
}

#[test]
fn nothing_at_all() {
    assert_snapshot!(Host::default().text(), @r#"
    no configuration of nginx or Apache httpd was found: nothing to audit
    no findings
    "#);
}

#[test]
fn everything_that_a_row_can_say() {
    let mut host = Host::default();
    host.file(MAIN, "");
    let both = "TLSv1.2 TLSv1.3";
    let good = Arc::new(answer(both, Some(both), Vec::new()));
    let open = Arc::new(answer(both, None, Vec::new()));
    let mut vague = answer("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", Some("TLSv1.2 TLSv1.3"), Vec::new());
    vague.unknown = vec![unknown("${TLS} is not defined", "say it with --define", None)];
    let dead = Arc::new(answer("TLSv1.1", Some(""), Vec::new()));
    let mut endpoints = vec![
        endpoint(443, None, &good),
        endpoint(443, Some("a-rather-long-name.of-a-customer.example.test"), &good),
        endpoint(443, Some("open.test"), &open),
        endpoint(443, Some("vague.test"), &Arc::new(vague.clone())),
        endpoint(8443, None, &dead),
        endpoint(80, None, &Arc::new(plaintext())),
        endpoint(81, None, &Arc::new(plaintext())),
        endpoint(443, None, &good),
        endpoint(9443, None, &Arc::new(crate::endpoint::Answer { speaks: Speaks::Unknown, ..vague })),
    ];
    endpoints[7].transport = Transport::Quic;
    let mut upstream = endpoint(0, None, &good);
    upstream.role = Role::Upstream;
    upstream.address = Arc::new(Address::Remote("https://backend.internal.example.test:8443".into()));
    endpoints.push(upstream);
    host.instances.push(instance("nginx", MAIN, endpoints));
    host.instances.push(instance("apache", "/etc/apache2/apache2.conf", Vec::new()));
    host.verdicts.push(vec![
        Verdict::Compliant,
        Verdict::Compliant,
        Verdict::Compliant,
        Verdict::Unknown,
        Verdict::Missing,
        Verdict::Compliant,
        Verdict::Compliant,
        Verdict::Compliant,
        Verdict::Unknown,
    ]);
    assert_snapshot!(host.text(), @r#"
    nginx: /etc/nginx/nginx.conf
      ADDRESS                                        NAME                 VERSIONS                           VERDICT
      *:443                                          (no name) (+1 more)  TLSv1.2 TLSv1.3                    compliant
      *:443                                          open.test            TLSv1.2 TLSv1.3 ?                  compliant
      *:443                                          vague.test           (TLSv1 TLSv1.1) TLSv1.2 TLSv1.3 ?  unknown
      *:8443                                         (no name)            (TLSv1.1)                          missing
      *:443 quic                                     (no name)            TLSv1.2 TLSv1.3                    compliant
      *:9443                                         (no name)            (TLSv1 TLSv1.1) TLSv1.2 TLSv1.3 ?  unknown
      -> https://backend.internal.example.test:8443  (no name)            TLSv1.2 TLSv1.3                    unknown
    apache: /etc/apache2/apache2.conf
      no TLS endpoints

      (..)  configured, but blocked by the TLS library, the ciphers or the keys
      ?     not all that decides is known: these are the most that it can be
      ->    the service is the TLS client of this server

    1 of 1 file read, 2 instances, 10 endpoints (2 plaintext)
    no findings
    "#);
}

#[test]
fn of_many_rows_the_compliant_ones_are_counted() {
    let mut host = Host::default();
    host.file(MAIN, "");
    let good = Arc::new(answer("TLSv1.2 TLSv1.3", Some("TLSv1.2 TLSv1.3"), Vec::new()));
    let bad = Arc::new(answer("TLSv1 TLSv1.2", Some("TLSv1 TLSv1.2"), Vec::new()));
    let endpoints = (0..1000).map(|i| endpoint(1000 + i, None, if i % 250 == 7 { &bad } else { &good })).collect();
    host.instances.push(instance("nginx", MAIN, endpoints));
    let verdict = |i| if i % 250 == 7 { Verdict::Exposed } else { Verdict::Compliant };
    host.verdicts.push((0..1000).map(verdict).collect());
    assert_snapshot!(host.text(), @r#"
    nginx: /etc/nginx/nginx.conf
      ADDRESS  NAME       VERSIONS         VERDICT
      *:1007   (no name)  TLSv1 TLSv1.2    exposed
      *:1257   (no name)  TLSv1 TLSv1.2    exposed
      *:1507   (no name)  TLSv1 TLSv1.2    exposed
      *:1757   (no name)  TLSv1 TLSv1.2    exposed
      ... and 996 compliant rows

    1 of 1 file read, 1 instance, 1000 endpoints
    no findings
    "#);
}

#[test]
fn a_thousand_names_of_one_address_are_one_row() {
    let mut host = Host::default();
    host.file(MAIN, "");
    let good = Arc::new(answer("TLSv1.2 TLSv1.3", Some("TLSv1.2 TLSv1.3"), Vec::new()));
    let endpoints = (0..1000).map(|i| endpoint(443, Some(&format!("n{i}.test")), &good)).collect();
    host.instances.push(instance("nginx", MAIN, endpoints));
    host.verdicts.push(vec![Verdict::Compliant; 1000]);
    assert_snapshot!(host.text(), @r#"
    nginx: /etc/nginx/nginx.conf
      ADDRESS  NAME                                                     VERSIONS         VERDICT
      *:443    n0.test, n1.test, n2.test, n3.test, n4.test (+995 more)  TLSv1.2 TLSv1.3  compliant

    1 of 1 file read, 1 instance, 1000 endpoints
    no findings
    "#);
}

#[test]
fn a_fix_in_several_files_and_one_for_a_person() {
    let mut host = exposed();
    let edits = vec![
        host.edit(SNIPPET, "TLSv1 TLSv1.1 ", ""),
        host.edit(MAIN, "        server_name a.test;\n", ""),
        host.edit(MAIN, "    }\n", "        # end\n    }\n"),
    ];
    host.findings[0].fix = Some(Fix::safe("rearrange", edits.clone()));
    let mut by_hand = finding("shadowed-directive", Severity::Low, Verdict::Shadowed, "this decides nothing");
    by_hand.primary = Some(host.label(MAIN, "listen 443 ssl;", ""));
    by_hand.versions = versions("TLSv1");
    by_hand.fix = Some(Fix {
        title: "remove it".into(),
        edits: edits[1..2].to_vec(),
        applicability: Applicability::DisplayOnly,
        leaves: None,
    });
    host.findings.push(by_hand);
    assert_snapshot!(host.text(), @r#"
    nginx: /etc/nginx/nginx.conf
      ADDRESS  NAME               VERSIONS                       VERDICT
      *:443    (no name), a.test  TLSv1 TLSv1.1 TLSv1.2 TLSv1.3  exposed

    high[forbidden-version]: TLSv1 and TLSv1.1 are accepted
     --> /etc/nginx/snippets/tls.conf:2:15
      |
    2 | ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ asks for TLSv1 and TLSv1.1
      |
     ::: /etc/nginx/nginx.conf:2:5
      |
    2 |     include snippets/tls.conf;
      |     -------------------------- included here
      |
      = endpoints: *:443, *:443 (a.test)
      = note: the policy forbids TLSv1 and TLSv1.1
    help: rearrange
     --> /etc/nginx/nginx.conf:5
      |
    5 -         server_name a.test;
    5 +         # end
     --> /etc/nginx/snippets/tls.conf:2
      |
    2 - ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    2 + ssl_protocols TLSv1.2 TLSv1.3;

    low[shadowed-directive]: this decides nothing
     --> /etc/nginx/nginx.conf:4:9
      |
    4 |         listen 443 ssl;
      |         ^^^^^^^^^^^^^^^
    help: remove it (not applied: a person has to look at it)
      |
    5 -         server_name a.test;

    2 of 2 files read, 1 instance, 3 endpoints (1 plaintext)
    2 findings: 1 high, 1 low
    1 of 2 findings can be mended: `tlsmend diff` shows the patch
    then reload:
      nginx: systemctl reload nginx
    "#);
}

#[test]
fn what_does_not_count_is_shown() {
    let mut host = exposed();
    let place = WaiverPlace::Policy { file: "policy.yaml".to_owned(), line: 12 };
    let (owner, until) = (Some("web team".to_owned()), Some("2027-01-31".to_owned()));
    let waived = Waived { reason: "old tills".to_owned(), owner, until, place };
    host.findings[0].standing = finding::Standing::Waived(waived);
    let known = finding("implicit-default", Severity::Low, Verdict::Shadowed, "left to the default");
    host.findings.push(finding::Finding { standing: finding::Standing::Known, ..known });
    assert_snapshot!(host.text(), @r#"
    nginx: /etc/nginx/nginx.conf
      ADDRESS  NAME               VERSIONS                       VERDICT
      *:443    (no name), a.test  TLSv1 TLSv1.1 TLSv1.2 TLSv1.3  exposed

    waived, high[forbidden-version]: TLSv1 and TLSv1.1 are accepted
     --> /etc/nginx/snippets/tls.conf:2:15
      |
    2 | ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ asks for TLSv1 and TLSv1.1
      |
     ::: /etc/nginx/nginx.conf:2:5
      |
    2 |     include snippets/tls.conf;
      |     -------------------------- included here
      |
      = endpoints: *:443, *:443 (a.test)
      = note: the policy forbids TLSv1 and TLSv1.1
      = waived: old tills (web team, until 2027-01-31; policy.yaml:12)
    help: remove TLSv1 and TLSv1.1
      |
    2 - ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    2 + ssl_protocols TLSv1.2 TLSv1.3;

    known, low[implicit-default]: left to the default
     --> /etc/nginx/nginx.conf

    2 of 2 files read, 1 instance, 3 endpoints (1 plaintext)
    no findings but 1 waived, 1 known
    "#);
}
