use super::host::{ABSOLUTE, Host, MAIN, SNIPPET, answer, exposed, plain, plaintext, shown, unknown};
use crate::endpoint::{Answer, Reason, ReasonKind};
use crate::report::secrets::Shown;
use crate::report::{Texts, WhyView, json, why};
use insta::assert_snapshot;
use std::sync::Arc;

fn view<'a>(host: &'a Host, sni: Option<&'a str>, answer: Option<&'a Shown<Arc<Answer>>>) -> WhyView<'a> {
    let service = answer.map(|_| "nginx");
    WhyView {
        address: "127.0.0.1:443",
        sni,
        service,
        answer,
        open: &host.open,
        texts: Texts { sources: &host.sources, paths: &ABSOLUTE },
    }
}

fn text(view: &WhyView<'_>) -> String {
    plain(|out| why::text(view, out))
}

fn json(view: &WhyView<'_>) -> String {
    plain(|out| json::why(view, out))
}

/// The floor cuts the set, and something is not known.
fn cut(host: &Host) -> Answer {
    let mut because = host.instances[0].endpoints[0].answer.configured.because.clone();
    because.push(Reason::placeless(ReasonKind::Floor, "OpenSSL 3.0.15 at security level 2 blocks TLSv1 and TLSv1.1"));
    answer("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", Some("TLSv1.2 TLSv1.3"), because)
}

#[test]
fn configured_and_effective_differ() {
    let host = exposed();
    let answer = shown(Arc::new(cut(&host)));
    assert_snapshot!(text(&view(&host, Some("a.test"), Some(&answer))), @r#"
    a.test at 127.0.0.1:443 (nginx): TLSv1.2 TLSv1.3
      configured: TLSv1 TLSv1.1 TLSv1.2 TLSv1.3
      effective:  TLSv1.2 TLSv1.3

      1. listen: opens *:443
         /etc/nginx/nginx.conf:4:9
             listen 443 ssl;
      2. include
         /etc/nginx/nginx.conf:2:5
             include snippets/tls.conf;
      3. versions: inherited from the http block
         /etc/nginx/snippets/tls.conf:2:1
             ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
      4. floor: OpenSSL 3.0.15 at security level 2 blocks TLSv1 and TLSv1.1
    "#);
    assert_snapshot!(json(&view(&host, Some("a.test"), Some(&answer))), @r#"
    {
      "schema": "tlsmend/why/1",
      "address": "127.0.0.1:443",
      "sni": "a.test",
      "speaks": "tls",
      "service": "nginx",
      "configured": [
        "TLSv1",
        "TLSv1.1",
        "TLSv1.2",
        "TLSv1.3"
      ],
      "effective": [
        "TLSv1.2",
        "TLSv1.3"
      ],
      "because": [
        {
          "path": "/etc/nginx/nginx.conf",
          "line": 4,
          "column": 9,
          "text": "listen 443 ssl;",
          "role": "listen",
          "note": "opens *:443"
        },
        {
          "path": "/etc/nginx/nginx.conf",
          "line": 2,
          "column": 5,
          "text": "include snippets/tls.conf;",
          "role": "include",
          "note": ""
        },
        {
          "path": "/etc/nginx/snippets/tls.conf",
          "line": 2,
          "column": 1,
          "text": "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;",
          "role": "versions",
          "note": "inherited from the http block"
        },
        {
          "path": null,
          "line": null,
          "column": null,
          "text": "OpenSSL 3.0.15 at security level 2 blocks TLSv1 and TLSv1.1",
          "role": "floor",
          "note": "OpenSSL 3.0.15 at security level 2 blocks TLSv1 and TLSv1.1"
        }
      ],
      "unknown": []
    }
    "#);
}

#[test]
fn what_is_not_known() {
    let host = exposed();
    let mut answer = answer("TLSv1.2 TLSv1.3", None, Vec::new());
    answer.unknown = vec![
        unknown(
            "`${TLS}` is not defined in any file that was read",
            "say it with --define",
            Some(host.at(SNIPPET, "TLSv1")),
        ),
        unknown("the version of OpenSSL is not known", "", None),
    ];
    let answer = shown(Arc::new(answer));
    assert_snapshot!(text(&view(&host, None, Some(&answer))), @r#"
    127.0.0.1:443 without a name (nginx): at most TLSv1.2 TLSv1.3

    not known:
      - `${TLS}` is not defined in any file that was read (/etc/nginx/snippets/tls.conf:2:15)
        help: say it with --define
      - the version of OpenSSL is not known
    "#);
    assert_snapshot!(json(&view(&host, None, Some(&answer))), @r#"
    {
      "schema": "tlsmend/why/1",
      "address": "127.0.0.1:443",
      "sni": null,
      "speaks": "tls",
      "service": "nginx",
      "configured": [
        "TLSv1.2",
        "TLSv1.3"
      ],
      "effective": null,
      "because": [],
      "unknown": [
        "/etc/nginx/snippets/tls.conf:2:15: `${TLS}` is not defined in any file that was read (say it with --define)",
        "the version of OpenSSL is not known"
      ]
    }
    "#);
}

#[test]
fn no_tls() {
    let host = exposed();
    let mut plain = plaintext();
    plain.configured.because = vec![Reason::at(ReasonKind::Listen, host.at(MAIN, "listen 443 ssl;"), "")];
    assert_snapshot!(text(&view(&host, None, Some(&shown(Arc::new(plain))))), @r#"
    127.0.0.1:443 without a name (nginx): plaintext, no TLS

      1. listen
         /etc/nginx/nginx.conf:4:9
             listen 443 ssl;
    "#);
    let dead = shown(Arc::new(answer("TLSv1", Some(""), Vec::new())));
    assert_snapshot!(text(&view(&host, None, Some(&dead))), @r#"
    127.0.0.1:443 without a name (nginx): TLS, but no version works
      configured: TLSv1
      effective:  none
    "#);
    assert_snapshot!(text(&view(&host, Some("a.test"), None)), @"a.test at 127.0.0.1:443: no configuration that was read listens there");
    assert_snapshot!(json(&view(&host, Some("a.test"), None)), @r#"
    {
      "schema": "tlsmend/why/1",
      "address": "127.0.0.1:443",
      "sni": "a.test",
      "speaks": "refused",
      "service": null,
      "configured": [],
      "effective": [],
      "because": [],
      "unknown": []
    }
    "#);
}
