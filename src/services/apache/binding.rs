//! Which of the addresses of `Listen` httpd can open.
//!
//! httpd reads its configuration twice when it starts, and opens its listeners each time; those of the first time are
//! kept. What comes of `Listen` lines that overlap follows from that alone, so both times are gone through here, step
//! by step as in httpd's `listen.c` (`alloc_listener`, `find_listeners`, `open_listeners`):
//!
//! - A `Listen` without an address means `0.0.0.0` and `[::]`. The second takes IPv4 too where it can be opened, and the
//!   first is left out then.
//! - The second time, what is there already goes to the front of the list, so that the order turns round. `0.0.0.0` that
//!   is not open yet, right before `[::]` that is, changes places with it, and `[::]` is opened once more. That fails
//!   and closes it. So nothing is left of `[::]` where `Listen [::]:443` is followed by `Listen 443`.
//!
//! The cases `listen-*` hold this against httpd 2.4.71. What can't be opened stops it when it starts. A build without
//! IPv4-mapped addresses (`--disable-v4-mapped`, unusual on Linux) would differ.

use super::model::{Listen, Model};
use crate::services::place::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const ANY_V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const ANY_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// An address of a `Listen`, one entry of httpd's list.
#[derive(Debug)]
struct Record {
    /// The `Listen`, by index.
    listen: usize,
    /// An IPv4-mapped one is one of IPv4 here.
    ip: IpAddr,
    port: u16,
    /// Is it `0.0.0.0` as httpd sees it? `[::ffff:0.0.0.0]` is not.
    is_any_v4: bool,
    is_any_v6: bool,
    /// Was it opened once?
    is_active: bool,
    next: Option<usize>,
}

/// What is open on a port.
#[derive(Debug, Default)]
struct Open(BTreeSet<IpAddr>);

impl Open {
    /// What stands in the way of an address, for the kernel.
    fn in_the_way(&self, ip: IpAddr) -> Option<IpAddr> {
        let is_open = |ip: IpAddr| self.0.contains(&ip).then_some(ip);
        // Addresses of IPv4 come first in their order.
        let any_v4 = || self.0.first().copied().filter(IpAddr::is_ipv4);
        let any_v6 = || self.0.last().copied().filter(IpAddr::is_ipv6);
        match ip {
            ANY_V6 => any_v4().or_else(any_v6),
            ANY_V4 => any_v4().or_else(|| is_open(ANY_V6)),
            IpAddr::V4(_) => is_open(ip).or_else(|| is_open(ANY_V4)).or_else(|| is_open(ANY_V6)),
            IpAddr::V6(_) => is_open(ip).or_else(|| is_open(ANY_V6)),
        }
    }
}

/// httpd's list of listeners.
#[derive(Debug, Default)]
struct ListenerList {
    records: Vec<Record>,
    head: Option<usize>,
    open: BTreeMap<u16, Open>,
}

impl ListenerList {
    fn next(&self, after: Option<usize>) -> Option<usize> {
        after.map_or(self.head, |at| self.records[at].next)
    }

    fn set_next(&mut self, after: Option<usize>, next: Option<usize>) {
        match after {
            Some(at) => self.records[at].next = next,
            None => self.head = next,
        }
    }

    /// The entries in their order.
    fn entries(&self) -> Vec<usize> {
        std::iter::successors(self.head, |at| self.records[*at].next).collect()
    }

    /// Reads the directives: those of `before` that a directive names again go to the front one by one, new ones to the
    /// end.
    fn read(&mut self, directives: &[Vec<usize>], listens: &[Listen]) {
        let mut before: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in self.entries() {
            before.entry(self.records[at].listen).or_default().push(at);
        }
        let (mut front, mut end) = (Vec::new(), Vec::new());
        for directive in directives {
            let known: Vec<usize> =
                directive.iter().filter_map(|listen| before.get(listen)).flatten().copied().collect();
            if known.is_empty() {
                for listen in directive {
                    end.extend(self.records_of(*listen, &listens[*listen]));
                }
            } else {
                front.extend(known);
            }
        }
        front.reverse();
        front.extend(end);
        self.head = None;
        for at in front.into_iter().rev() {
            self.records[at].next = self.head;
            self.head = Some(at);
        }
    }

    /// New entries for a `Listen`.
    fn records_of(&mut self, listen: usize, own: &Listen) -> Vec<usize> {
        let ips = own.ip.map_or_else(|| vec![ANY_V4, ANY_V6], |ip| vec![ip]);
        let first = self.records.len();
        self.records.extend(ips.into_iter().map(|ip| Record {
            listen,
            ip,
            port: own.port,
            is_any_v4: ip == ANY_V4 && !own.is_mapped,
            is_any_v6: ip == ANY_V6,
            is_active: false,
            next: None,
        }));
        (first..self.records.len()).collect()
    }

    /// Opens what is not open yet. What can't be opened ends httpd; here it is noted, with what stands in the way.
    fn open(&mut self) -> Vec<(usize, IpAddr)> {
        let mut failed = Vec::new();
        // As in httpd, `previous` may be an entry that is in the list no longer.
        let (mut previous, mut current) = (None, self.head);
        // The `[::]` before `current`, by port, as long as none was taken out.
        let (mut wildcards, mut is_whole) = (BTreeSet::new(), true);
        while let Some(mut at) = current {
            if !self.records[at].is_active {
                if self.is_pair(at, |record| record.is_any_v4, |record| record.is_any_v6) {
                    let next = self.records[at].next.unwrap_or(at);
                    self.records[at].next = self.records[next].next;
                    self.records[next].next = Some(at);
                    self.set_next(previous, Some(next));
                    at = next;
                }
                let own = &self.records[at];
                let follows_any_v6 = || match is_whole {
                    true => wildcards.contains(&own.port),
                    false => self.has_any_v6_before(at),
                };
                if own.is_any_v4 && previous.is_some() && follows_any_v6() {
                    let next = own.next;
                    self.set_next(previous, next);
                    current = next;
                    continue;
                }
                if let Err(other) = self.make(at) {
                    if self.is_pair(at, |record| record.is_any_v6, |record| record.is_any_v4) {
                        self.set_next(previous, self.records[at].next);
                        self.records[at].is_any_v6 = false;
                        is_whole = false;
                    } else {
                        failed.push((self.records[at].listen, other));
                    }
                }
            }
            if self.records[at].is_any_v6 {
                wildcards.insert(self.records[at].port);
            }
            previous = Some(at);
            current = self.next(previous);
        }
        failed
    }

    /// Is there `[::]` of the same port before an entry?
    fn has_any_v6_before(&self, at: usize) -> bool {
        let entries = std::iter::successors(self.head, |at| self.records[*at].next);
        let port = self.records[at].port;
        entries.take_while(|other| *other != at).any(|other| {
            let other = &self.records[other];
            other.is_any_v6 && other.port == port
        })
    }

    /// Is an entry of one kind, and the next one of the other, on the same port?
    fn is_pair(&self, at: usize, one: fn(&Record) -> bool, other: fn(&Record) -> bool) -> bool {
        let own = &self.records[at];
        let next = own.next.map(|next| &self.records[next]);
        one(own) && next.is_some_and(|next| other(next) && next.port == own.port)
    }

    /// Opens the socket of an entry; the error is what stands in the way. One that is open already is closed by that.
    fn make(&mut self, at: usize) -> Result<(), IpAddr> {
        let own = &mut self.records[at];
        let open = self.open.entry(own.port).or_default();
        if own.is_active {
            open.0.remove(&own.ip);
            return Err(own.ip);
        }
        if let Some(other) = open.in_the_way(own.ip) {
            return Err(other);
        }
        open.0.insert(own.ip);
        own.is_active = true;
        Ok(())
    }
}

/// The addresses that belong to one directive: those of a name may be several.
fn directives(listens: &[Listen]) -> Vec<Vec<usize>> {
    let mut directives: Vec<(Place, Vec<usize>)> = Vec::new();
    for (at, listen) in listens.iter().enumerate() {
        match directives.last_mut() {
            Some((place, directive)) if *place == listen.place => directive.push(at),
            _ => directives.push((listen.place, vec![at])),
        }
    }
    directives.into_iter().map(|(_, directive)| directive).collect()
}

/// Opens the addresses of all `Listen` as httpd does; says where that fails, which addresses are open, and which those
/// of virtual hosts are compared with.
pub(super) fn open(model: &mut Model) {
    let mut listens = std::mem::take(&mut model.listens);
    let directives = directives(&listens);
    let mut list = ListenerList::default();
    list.read(&directives, &listens);
    let mut failed = list.open();
    list.read(&directives, &listens);
    // The protocols of virtual hosts are looked up before the listeners are opened.
    for at in list.entries() {
        let own = &list.records[at];
        model.announced.entry(SocketAddr::new(own.ip, own.port)).or_insert(own.listen);
    }
    let again = list.open();
    if failed.is_empty() {
        failed = again;
    }
    for (listen, other) in failed {
        let message =
            format!("could not bind to this address: {other} port {} is listened on too", listens[listen].port);
        model.complain(listens[listen].place, message);
    }
    let is_open = |record: &Record| list.open.get(&record.port).is_some_and(|open| open.0.contains(&record.ip));
    let mut opened: BTreeMap<usize, IpAddr> = BTreeMap::new();
    for at in list.entries() {
        let own = &list.records[at];
        if own.is_active && is_open(own) {
            opened.insert(own.listen, own.ip);
        }
    }
    for (at, listen) in listens.iter_mut().enumerate() {
        let ip = opened.get(&at);
        listen.is_open = ip.is_some();
        if listen.ip.is_none() && ip == Some(&ANY_V4) {
            listen.ip = Some(ANY_V4);
        }
    }
    model.bound = list.open.into_iter().map(|(port, open)| (port, open.0)).collect();
    model.listens = listens;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceMap, Span};

    fn listen(text: &str, at: u32) -> Listen {
        let (is_mapped, ip) = match text {
            "*" | "other" => (false, None),
            text => {
                let ip: IpAddr = text.parse().expect("an address");
                (ip.to_canonical() != ip, Some(ip.to_canonical()))
            }
        };
        let port = if text == "other" { 444 } else { 443 };
        let file = SourceMap::default().insert("/x".into(), Vec::new());
        let place = Place { span: Span::new(file, at, at + 1), hop: 0 };
        Listen { ip, port, protocol: "http".to_owned(), place, is_mapped, is_open: true }
    }

    /// What is open in the end on port 443, or what the first failure says.
    fn opened(texts: &[&str]) -> Result<Vec<String>, String> {
        let listens = texts.iter().zip(0..).map(|(text, at)| listen(text, at)).collect();
        let mut model = Model { listens, ..Model::default() };
        open(&mut model);
        if let Some(problem) = model.problems.first() {
            return Err(problem.message.clone());
        }
        let open = model.listens.iter().filter(|listen| listen.is_open && listen.port == 443);
        Ok(open.map(|listen| listen.ip.map_or_else(|| "*".to_owned(), |ip| ip.to_string())).collect())
    }

    #[test]
    fn what_can_be_open_together() {
        for (texts, expected) in [
            (&["*", "0.0.0.0"][..], &["*"][..]),
            (&["0.0.0.0", "::"], &["::"]),
            (&["::", "0.0.0.0"], &["::"]),
            (&["::1", "*"], &["::1", "0.0.0.0"]),
            (&["::", "*"], &["0.0.0.0"]),
            (&["other", "::", "*"], &["0.0.0.0"]),
            (&["other", "0.0.0.0", "::"], &["::"]),
            (&["::", "other", "0.0.0.0"], &["::"]),
            (&["::1", "other", "*"], &["::1", "0.0.0.0"]),
            (&["::1", "127.0.0.1"], &["::1", "127.0.0.1"]),
            (&["::1", "0.0.0.0"], &["::1", "0.0.0.0"]),
            (&["::ffff:127.0.0.1", "127.0.0.2"], &["127.0.0.1", "127.0.0.2"]),
            (&["::ffff:0.0.0.0", "::1"], &["0.0.0.0", "::1"]),
        ] {
            assert_eq!(opened(texts), Ok(expected.iter().map(|text| (*text).to_owned()).collect()), "{texts:?}");
        }
    }

    #[test]
    fn what_cannot() {
        for texts in [
            &["*", "::"][..],
            &["*", "127.0.0.1"],
            &["*", "::1"],
            &["0.0.0.0", "*"],
            &["127.0.0.1", "*"],
            &["127.0.0.1", "::"],
            &["0.0.0.0", "127.0.0.2"],
            &["127.0.0.1", "::ffff:127.0.0.1"],
            &["0.0.0.0", "::ffff:0.0.0.0"],
            &["::1", "::"],
            &["::1", "127.0.0.1", "*"],
            &["::1", "*", "127.0.0.1"],
            &["0.0.0.0", "::1", "::"],
            &["0.0.0.0", "other", "::"],
            &["::", "other", "*"],
            &["::", "*", "other"],
            &["::", "*", "0.0.0.0"],
            &["::", "0.0.0.0", "*"],
        ] {
            assert!(opened(texts).is_err(), "{texts:?}");
        }
    }
}
