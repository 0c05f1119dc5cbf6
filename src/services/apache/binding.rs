//! Which of the addresses of `Listen` httpd can open, as its `open_listeners` goes through them.
//!
//! A `Listen` without an address means `0.0.0.0` and `[::]`. The second is opened first, takes IPv4 too, and the first
//! is left out then. Where only it is taken already (`Listen [::1]:443` before `Listen 443`), `0.0.0.0` alone is opened.
//! All of this was held against httpd 2.4.71; what can't be opened stops it when it starts.

use super::model::{Listen, Model};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ANY_V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const ANY_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// What is open on a port: its addresses, with the `Listen` that opened them, by index.
#[derive(Debug, Default)]
struct Open {
    addresses: BTreeMap<IpAddr, usize>,
    /// One address of each family, whichever.
    v4: Option<IpAddr>,
    v6: Option<IpAddr>,
}

impl Open {
    /// What stands in the way of an address; IPv4-mapped ones are given as those of IPv4.
    fn in_the_way(&self, ip: IpAddr) -> Option<IpAddr> {
        let is_open = |ip: IpAddr| self.addresses.contains_key(&ip).then_some(ip);
        match ip {
            ANY_V6 => self.v4.or(self.v6),
            ANY_V4 => self.v4.or_else(|| is_open(ANY_V6)),
            IpAddr::V4(_) => is_open(ip).or_else(|| is_open(ANY_V4)).or_else(|| is_open(ANY_V6)),
            IpAddr::V6(_) => is_open(ip).or_else(|| is_open(ANY_V6)),
        }
    }

    fn open(&mut self, ip: IpAddr, listen: usize) {
        self.addresses.insert(ip, listen);
        *(if ip.is_ipv4() { &mut self.v4 } else { &mut self.v6 }) = Some(ip);
    }

    /// Opens `0.0.0.0` and `[::]`, or what is possible of them: what a `Listen` without an address becomes, and the
    /// earlier `Listen` whose address is lost by that. `Err`: what stands in the way.
    fn open_all(&mut self, listen: usize) -> Result<(Option<IpAddr>, Option<usize>), IpAddr> {
        if self.addresses.is_empty() {
            self.open(ANY_V6, listen);
            return Ok((None, None));
        }
        if let Some(other) = self.v4 {
            return Err(other);
        }
        // Of an earlier `[::]` nothing is left (seen, not understood).
        let lost = self.addresses.remove(&ANY_V6);
        self.open(ANY_V4, listen);
        Ok((Some(ANY_V4), lost))
    }
}

/// Opens the addresses of all `Listen` in their order; says where that fails, and takes those out that are not opened
/// since another one takes their connections.
pub(super) fn open(model: &mut Model) {
    let mut ports: BTreeMap<u16, Open> = BTreeMap::new();
    let mut listens = std::mem::take(&mut model.listens);
    swap_wildcards(&mut listens);
    let mut failed = Vec::new();
    for at in 0..listens.len() {
        let port = listens[at].port;
        let open = ports.entry(port).or_default();
        let found = match listens[at].ip {
            None => open.open_all(at).map(|(ip, lost)| {
                listens[at].ip = ip;
                if let Some(lost) = lost {
                    listens[lost].is_open = false;
                }
            }),
            Some(ANY_V4) if !listens[at].is_mapped && open.addresses.contains_key(&ANY_V6) => {
                listens[at].is_open = false;
                Ok(())
            }
            Some(ip) => match open.in_the_way(ip) {
                Some(other) => Err(other),
                None => {
                    open.open(ip, at);
                    Ok(())
                }
            },
        };
        if let Err(other) = found {
            failed.push((listens[at].place, other, port));
        }
    }
    for (place, other, port) in failed {
        let message = format!("could not bind to this address: {other} port {port} is listened on too");
        model.complain(place, message);
    }
    for (port, open) in ports {
        model.bound.insert(port, open.addresses.into_keys().collect());
    }
    model.listens = listens;
}

/// `0.0.0.0` right before `[::]` of the same port changes places with it.
fn swap_wildcards(listens: &mut [Listen]) {
    let mut at = 1;
    while at < listens.len() {
        let (one, next) = (&listens[at - 1], &listens[at]);
        let is_pair = one.ip == Some(ANY_V4) && next.ip == Some(ANY_V6) && !one.is_mapped;
        if is_pair && one.port == next.port {
            listens.swap(at - 1, at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::Place;
    use super::*;
    use crate::source::{SourceMap, Span};

    fn listen(text: &str, at: u32) -> Listen {
        let (is_mapped, ip) = match text {
            "*" => (false, None),
            text => {
                let ip: IpAddr = text.parse().expect("an address");
                (ip.to_canonical() != ip, Some(ip.to_canonical()))
            }
        };
        let file = SourceMap::default().insert("/x".into(), Vec::new());
        let place = Place { span: Span::new(file, at, at + 1), hop: 0 };
        Listen { ip, port: 443, protocol: "http".to_owned(), place, is_mapped, is_open: true }
    }

    /// What is open in the end, or what the first failure says.
    fn opened(texts: &[&str]) -> Result<Vec<String>, String> {
        let listens = texts.iter().zip(0..).map(|(text, at)| listen(text, at)).collect();
        let mut model = Model { listens, ..Model::default() };
        open(&mut model);
        if let Some(problem) = model.problems.first() {
            return Err(problem.message.clone());
        }
        let open = model.listens.iter().filter(|listen| listen.is_open);
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
        ] {
            assert!(opened(texts).is_err(), "{texts:?}");
        }
    }
}
