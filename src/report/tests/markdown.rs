//! The comment stays below its size wherever it is cut.

use super::host::{Host, exposed, shown};
use crate::finding::{Standing, Waived, WaiverPlace};
use crate::report::{Report, markdown};

/// What the documents promise.
const PROMISED: usize = 60_000;

fn comment(host: &Host, name: &str) -> String {
    let mut out = Vec::new();
    let mut view = host.view();
    view.frame.host = Some(name);
    markdown::write(Report::Audit(&view), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A host with so many findings that count, and so many that are waived; with fixes or without.
fn many(open: usize, waived: usize, fixes: bool) -> Host {
    let mut host = exposed();
    let mut finding = host.findings.remove(0);
    if !fixes {
        finding.fix = None;
    }
    host.findings = shown(vec![finding.clone(); open]);
    finding.standing = Standing::Waived(Waived {
        reason: "until the move is done".to_owned(),
        owner: None,
        until: None,
        place: WaiverPlace::Policy { file: "policy.yaml".to_owned(), line: 1 },
    });
    host.findings.extend(vec![finding; waived]);
    host
}

#[test]
fn at_most_as_many_bytes_as_promised() {
    let not_shown = ["more are not shown here", "The fixes of"];
    for (host, cuts) in [
        // The first table is cut, and nothing of the second one has room.
        (many(500, 100, true), vec![not_shown[0], not_shown[0]]),
        // The first table is whole, its fixes are cut, then the second table.
        (many(150, 500, true), vec![not_shown[1], not_shown[0]]),
        (many(500, 0, false), vec![not_shown[0]]),
    ] {
        // A name that grows byte by byte moves the place where it is cut through more than a whole row.
        for length in 1..=250 {
            let text = comment(&host, &"x".repeat(length));
            assert!(text.len() <= PROMISED, "{length}: {}", text.len());
            assert!(text.len() > PROMISED - 1_500, "{length}: {}", text.len());
            let notes: Vec<&str> = text.lines().filter(|line| line.contains("not shown here")).collect();
            assert_eq!(notes.len(), cuts.len(), "{notes:?}");
            assert!(notes.iter().zip(&cuts).all(|(note, cut)| note.contains(cut)), "{notes:?}");
        }
    }
}

#[test]
fn a_long_name_leaves_room_for_the_findings() {
    let text = comment(&exposed(), &"*".repeat(100_000));
    assert!(text.len() < 2_000 && text.contains("forbidden-version"), "{}", text.len());
}
