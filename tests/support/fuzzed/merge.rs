//! Reports of audits, merged into a table of hosts in all formats.

use super::input::Input;
use super::{printable, reports};
use tlsmend::report::Format;
use tlsmend::report::fleet::{self, FORMATS, Fleet, Host};

pub fn run(bytes: &[u8]) {
    let (first, again) = (written(bytes), written(bytes));
    assert!(first == again, "the same reports gave two different tables");
}

fn written(bytes: &[u8]) -> Vec<u8> {
    let input = Input::read(bytes, "/a.json");
    let (mut hosts, mut unread): (Vec<Host>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    for (name, content) in &input.files {
        match fleet::host(name, true, content) {
            Ok(host) => hosts.push(host),
            Err(why) => unread.push(((*name).to_owned(), why)),
        }
    }
    let count = hosts.len();
    let fleet = Fleet::of(hosts, unread);
    assert_eq!(fleet.hosts.len(), count, "a host is lost");
    let mut all = Vec::new();
    for Format { name: format, write, .. } in &FORMATS {
        let mut report = Vec::new();
        write(&fleet, &mut report).expect("writing to memory");
        match *format {
            "csv" => table(&report),
            "json" => reports::hold(format, &report),
            _ => printable::hold(format, &report),
        }
        all.extend(report);
    }
    all
}

/// A table has cells of equal number, none of which is a formula or hostile.
fn table(report: &[u8]) {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(report);
    for row in rows.records() {
        for cell in &row.expect("a row of a table") {
            printable::hold("a cell of csv", cell.as_bytes());
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "the formula {cell:?}");
        }
    }
}
