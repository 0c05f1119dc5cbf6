//! The dialogues before TLS: what servers say, in all the forms that they have, and what becomes of it.

use crate::support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use support::fake::{Fake, Model};
use tlsmend::probe::place::Place;
use tlsmend::probe::starttls::StartTls;
use tlsmend::probe::target::Target;
use tlsmend::probe::{Depth, Limits, Reason, Scan, Trouble, Verdict, scan};
use tlsmend::tls::{Version, VersionSet};

/// A part of a dialogue, as the server has it.
#[derive(Clone)]
enum Part {
    Say(Vec<u8>),
    /// The client has to say just this.
    Hear(Vec<u8>),
    /// The client has to say something of that length.
    Skip(usize),
}

fn say(text: &str) -> Part {
    Part::Say(text.as_bytes().to_vec())
}

fn hear(text: &str) -> Part {
    Part::Hear(text.as_bytes().to_vec())
}

fn hold(stream: &mut TcpStream, parts: &[Part]) -> bool {
    for part in parts {
        let ok = match part {
            // In pieces, as networks do.
            Part::Say(bytes) => bytes.chunks(7).all(|piece| stream.write_all(piece).is_ok()),
            Part::Hear(bytes) => {
                let mut got = vec![0; bytes.len()];
                stream.read_exact(&mut got).is_ok() && got == *bytes
            }
            Part::Skip(count) => stream.read_exact(&mut vec![0; *count]).is_ok(),
        };
        if !ok {
            return false;
        }
    }
    true
}

fn model() -> Model {
    Model {
        versions: vec![Version::Tls1, Version::Tls1_2],
        suites: vec![0x002f, 0xc02f],
        suites_1_3: vec![0x1301],
        own_order: true,
    }
}

fn probe(starttls: StartTls, parts: Vec<Part>) -> Scan {
    probe_within(starttls, parts, Duration::from_secs(5))
}

fn probe_within(starttls: StartTls, parts: Vec<Part>, exchange: Duration) -> Scan {
    let fake = Fake::after(move |stream| hold(stream, &parts), |seen| model().answer(seen));
    let target = Target {
        label: "mail.example".to_owned(),
        place: Place::Ip(fake.address()),
        name: None,
        domain: "mail.example".to_owned(),
        alpn: Vec::new(),
        starttls: Some(starttls),
        proxy: false,
    };
    let usual = Limits::of(&target, Depth::Versions);
    assert_eq!((usual.parallel, usual.pace), (1, Duration::from_millis(100)));
    let limits = Limits { exchange, pace: Duration::ZERO, ..usual };
    scan(&target, Depth::Versions, limits, &AtomicBool::new(false))
}

fn stream_head(namespace: &str) -> String {
    format!(
        "<?xml version='1.0'?><stream:stream xmlns='{namespace}' \
         xmlns:stream='http://etherx.jabber.org/streams' to='mail.example' version='1.0'>"
    )
}

const XMPP_TLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/// What leads to TLS.
fn good() -> Vec<(StartTls, Vec<Part>)> {
    let ehlo = || hear("EHLO client.example\r\n");
    let mysql = |abilities: [u8; 2]| {
        let mut packet = b"\x0a10.11.6-MariaDB\0\x01\0\0\0saltsalt\0".to_vec();
        packet.extend(abilities);
        packet.extend([0x21, 2, 0, 0xff, 0x81, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut all = vec![packet.len() as u8, 0, 0, 0];
        all.extend(packet);
        Part::Say(all)
    };
    let features = "<?xml version='1.0'?><stream:stream id='x'><stream:features><starttls \
                    xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
    let ldap = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037".to_vec();
    vec![
        (
            StartTls::Smtp,
            vec![
                say("220-mail.example ESMTP\r\n220 ready\r\n"),
                ehlo(),
                say("250-mail.example\r\n250-SIZE 1\r\n250-StartTLS\r\n250 HELP\r\n"),
                hear("STARTTLS\r\n"),
                say("220 go\r\n"),
            ],
        ),
        (
            StartTls::Lmtp,
            vec![
                say("220 x\r\n"),
                hear("LHLO client.example\r\n"),
                say("250 STARTTLS\r\n"),
                hear("STARTTLS\r\n"),
                say("220 2.0.0\r\n"),
            ],
        ),
        (
            StartTls::Imap,
            vec![
                say("* OK [CAPABILITY IMAP4rev1 STARTTLS] x\r\n"),
                hear("a1 STARTTLS\r\n"),
                say("* CAPABILITY IMAP4rev1\r\na1 OK go\r\n"),
            ],
        ),
        (StartTls::Pop3, vec![say("+OK x\r\n"), hear("STLS\r\n"), say("+OK\r\n")]),
        (StartTls::Ftp, vec![say("220-Welcome\r\nfree text\r\n220 x\r\n"), hear("AUTH TLS\r\n"), say("234 go\r\n")]),
        (
            StartTls::Ftp,
            vec![say("220 x\r\n"), hear("AUTH TLS\r\n"), say("504 no\r\n"), hear("AUTH SSL\r\n"), say("234 go\r\n")],
        ),
        (StartTls::Nntp, vec![say("200 x\r\n"), hear("STARTTLS\r\n"), say("382 go\r\n")]),
        (
            StartTls::Sieve,
            vec![
                say("\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"),
                hear("STARTTLS\r\n"),
                say("OK \"go\"\r\n"),
            ],
        ),
        (
            StartTls::Ldap,
            vec![
                Part::Hear(ldap.clone()),
                Part::Say(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00".to_vec()),
            ],
        ),
        // Active Directory's long lengths.
        (
            StartTls::Ldap,
            vec![
                Part::Hear(ldap),
                Part::Say(b"\x30\x84\0\0\0\x10\x02\x01\x01\x78\x84\0\0\0\x07\x0a\x01\x00\x04\x00\x04\x00".to_vec()),
            ],
        ),
        (
            StartTls::Xmpp,
            vec![
                hear(&stream_head("jabber:client")),
                say(features),
                hear(XMPP_TLS),
                say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            ],
        ),
        (
            StartTls::XmppServer,
            vec![
                hear(&stream_head("jabber:server")),
                say(features),
                hear(XMPP_TLS),
                say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>"),
            ],
        ),
        (StartTls::Postgres, vec![Part::Hear(vec![0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]), say("S")]),
        (StartTls::Mysql, vec![mysql([0xfe, 0xff]), Part::Skip(36)]),
    ]
}

#[test]
fn every_dialogue_leads_to_tls() {
    for (starttls, parts) in good() {
        let found = probe(starttls, parts);
        let expected = VersionSet::of(&[Version::Tls1, Version::Tls1_2]);
        assert_eq!(found.accepted(), expected, "{}: {:?}", starttls.name(), found.rows);
        let tls1_3 = &found.row(Version::Tls1_3).expect("a row").verdict;
        assert_eq!(*tls1_3, Verdict::Rejected(Reason::Alert(70)), "{}", starttls.name());
    }
    let held: std::collections::BTreeSet<StartTls> = good().into_iter().map(|(starttls, _)| starttls).collect();
    assert_eq!(held.len(), StartTls::ALL.len(), "each protocol");
}

#[test]
fn a_dialogue_that_is_cut_off_is_no_answer() {
    let check = |starttls: StartTls, parts: &[Part]| {
        let cut = parts[..parts.len() - 1].to_vec();
        let found = probe_within(starttls, [cut, vec![Part::Skip(1)]].concat(), Duration::from_millis(200));
        assert_eq!(found.accepted(), VersionSet::EMPTY);
        assert_eq!(found.inconclusive(), VersionSet::ALL, "{}: {:?}", starttls.name(), found.rows);
        assert_eq!(found.trouble, None);
    };
    // MySQL says nothing at the end.
    let all: Vec<_> = good().into_iter().filter(|(starttls, _)| *starttls != StartTls::Mysql).collect();
    std::thread::scope(|scope| {
        for (starttls, parts) in &all {
            scope.spawn(move || check(*starttls, parts));
        }
    });
}

#[test]
fn refusals_end_it_at_once() {
    let ehlo = || hear("EHLO client.example\r\n");
    let mysql_without = b"\x2f\0\0\0\x0a5.5.5-10\0\x01\0\0\0saltsalt\0\xfe\xf7\x21\x02\0\xff\x81\x15".to_vec();
    let mut padded = mysql_without.clone();
    padded.resize(4 + 0x2f, 0);
    for (starttls, parts, message) in [
        (StartTls::Smtp, vec![say("220 x\r\n"), ehlo(), say("250 SIZE 1\r\n")], "does not offer"),
        (StartTls::Smtp, vec![say("554 go away\r\n")], "554 go away"),
        (StartTls::Smtp, vec![say("220 x\r\n"), ehlo(), say("502 no\r\n")], "502 no"),
        (
            StartTls::Smtp,
            vec![say("220 x\r\n"), ehlo(), say("250 STARTTLS\r\n"), hear("STARTTLS\r\n"), say("530 no\r\n")],
            "530 no",
        ),
        (StartTls::Smtp, vec![say("SSH-2.0-x\r\n")], "not of this protocol: SSH-2.0-x"),
        (StartTls::Imap, vec![say("* OK\r\n"), hear("a1 STARTTLS\r\n"), say("a1 BAD no\r\n")], "a1 BAD no"),
        (StartTls::Pop3, vec![say("+OK\r\n"), hear("STLS\r\n"), say("-ERR no\r\n")], "-ERR no"),
        (
            StartTls::Ftp,
            vec![say("220 x\r\n"), hear("AUTH TLS\r\n"), say("502 no\r\n"), hear("AUTH SSL\r\n"), say("502 no\r\n")],
            "502 no",
        ),
        (StartTls::Nntp, vec![say("200 x\r\n"), hear("STARTTLS\r\n"), say("580 no\r\n")], "580 no"),
        (StartTls::Sieve, vec![say("\"SIEVE\" \"x\"\r\nOK\r\n")], "does not offer"),
        (
            StartTls::Ldap,
            vec![Part::Skip(31), Part::Say(b"\x30\x0e\x02\x01\x01\x78\x09\x0a\x01\x02\x04\x00\x04\x02no".to_vec())],
            "result 2 no",
        ),
        (StartTls::Postgres, vec![Part::Skip(8), say("N")], "does not offer"),
        (StartTls::Mysql, vec![Part::Say(padded)], "does not offer"),
        (
            StartTls::Xmpp,
            vec![hear(&stream_head("jabber:client")), say("<stream:stream><stream:features></stream:features>")],
            "does not offer",
        ),
    ] {
        let found = probe(starttls, parts);
        let Some(Trouble::StartTls(reason)) = &found.trouble else { panic!("{}: {:?}", starttls.name(), found.rows) };
        assert!(reason.text().contains(message), "{}", reason.text());
        assert_eq!(found.connections, 1, "{}", starttls.name());
    }
}

#[test]
fn a_busy_server_is_no_no() {
    for (starttls, parts, message) in [
        (StartTls::Smtp, vec![say("421 4.7.0 too many connections\r\n")], "421 4.7.0 too many"),
        (
            StartTls::Smtp,
            vec![
                say("220 x\r\n"),
                hear("EHLO client.example\r\n"),
                say("250 STARTTLS\r\n"),
                hear("STARTTLS\r\n"),
                say("454 TLS not available\r\n"),
            ],
            "454",
        ),
        (StartTls::Imap, vec![say("* BYE too many\r\n")], "BYE"),
        (
            StartTls::Ldap,
            vec![Part::Skip(31), Part::Say(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00".to_vec())],
            "result 52",
        ),
        (
            StartTls::Mysql,
            vec![Part::Say(b"\x18\0\0\0\xff\x69\x04Host 'x' is blocked..".to_vec()), Part::Skip(1)],
            "is blocked",
        ),
        (StartTls::Postgres, vec![Part::Skip(8), say("E")], "busy"),
    ] {
        let found = probe(starttls, parts);
        assert_eq!(found.inconclusive(), VersionSet::ALL, "{}", starttls.name());
        let text = found.rows[0].verdict.reason().map(Reason::text).unwrap_or_default();
        assert!(text.contains(message), "{text}");
        assert_eq!((found.connections, &found.trouble), (1, &None), "{}", starttls.name());
    }
}

#[test]
fn plain_text_after_the_agreement_is_not_tls() {
    let parts = vec![say("+OK\r\n"), hear("STLS\r\n"), say("+OK\r\n-ERR what?\r\n"), Part::Skip(40)];
    let found = probe(StartTls::Pop3, parts);
    assert!(matches!(found.trouble, Some(Trouble::NotTls(_))), "{:?}", found.rows);
}

/// What gets further is said: the protocol that greets, or that TLS may come at once.
#[test]
fn another_way_is_named() {
    let fake = Fake::after(|stream| hold(stream, &[say("* OK [CAPABILITY IMAP4rev1] ready\r\n")]), |_| Vec::new());
    let target = Target { starttls: Some(StartTls::Smtp), ..Target::at(Place::Ip(fake.address())) };
    let found = scan(&target, Depth::Versions, Limits::of(&target, Depth::Versions), &AtomicBool::new(false));
    let reason = found.trouble.as_ref().map(Trouble::reason).expect("no SMTP");
    assert_eq!(reason.advice(), Some("--starttls imap asks for TLS first"), "{}", reason.text());
    // TLS at once: neither side begins, and one such wait is enough.
    let fake = Fake::start(|seen| model().answer(seen));
    let target = Target { starttls: Some(StartTls::Smtp), ..Target::at(Place::Ip(fake.address())) };
    let limits = Limits { exchange: Duration::from_millis(500), ..Limits::of(&target, Depth::Versions) };
    let found = scan(&target, Depth::Versions, limits, &AtomicBool::new(false));
    assert_eq!((found.connections, found.inconclusive().len()), (1, Version::ALL.len()), "{:?}", found.rows);
    let advice = found.rows[0].verdict.reason().and_then(Reason::advice);
    assert!(advice.is_some_and(|advice| advice.contains("--starttls none")), "{advice:?}");
}
