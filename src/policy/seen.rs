//! What a policy says of a server that only handshakes know: it has an address and a name, and no service, no file and no
//! line. What depends on those can't be heeded, and is said.

use super::demand::Demand;
use super::waiver::Waiver;
use super::{Date, Policy};
use crate::endpoint::Address;
use crate::finding::{RuleId, Standing, WaiverPlace};
use crate::tls::VersionSet;

/// What a policy demands of one such server, and waives there.
pub struct Seen<'p> {
    /// What is demanded.
    pub demand: Demand,
    /// The lines of the policy file of overrides and waivers that fit address and name, and are about a service or files
    /// besides: they count in an audit, and not here.
    pub unheeded: Vec<u32>,
    waivers: Vec<&'p Waiver>,
    file: &'p str,
}

impl Policy {
    /// What it says of the server at an address that is asked for a name, on a day.
    pub fn seen(&self, address: &Address, name: Option<&str>, day: Date) -> Seen<'_> {
        let mut unheeded = Vec::new();
        let mut fits = |scope: &super::Scope, line: u32| match scope.seen(address, name) {
            Some(fits) => fits,
            None => {
                unheeded.push(line);
                false
            }
        };
        let overrides = self.overrides.iter().enumerate();
        let fitting: Vec<usize> =
            overrides.filter(|(_, one)| fits(&one.scope, one.line)).map(|(number, _)| number).collect();
        let holding = self.waivers.iter().filter(|waiver| !waiver.terms.is_over(day));
        let waivers = holding.filter(|waiver| fits(&waiver.scope, waiver.line)).collect();
        Seen { demand: self.demand(&fitting), unheeded, waivers, file: &self.name }
    }
}

impl Seen<'_> {
    /// The standing of what a rule says of some versions there: of several waivers, the one that holds longest counts.
    pub fn standing(&self, rule: RuleId, versions: VersionSet) -> Standing {
        let covers = |waiver: &&&Waiver| waiver.rules.contains(&rule.0) && waiver.terms.cover(versions);
        // Of those that hold as long, the first.
        let longest = self.waivers.iter().rev().filter(covers).max_by_key(|waiver| waiver.terms.life());
        longest.map_or(Standing::Open, |waiver| {
            let place = WaiverPlace::Policy { file: self.file.to_owned(), line: waiver.line };
            Standing::Waived(waiver.terms.waived(place))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::FORBIDDEN_VERSION;
    use jiff::civil::date;

    const POLICY: &str = r#"
overrides:
  - match: {address: "192.0.2.1:443"}
    forbid: [SSLv2, SSLv3]
    require: [TLSv1, TLSv1.2]
  - match: {server-name: till.test, service: nginx}
    severity: {forbidden-version: low}
  - match: {role: upstream, address: "192.0.2.1:443"}
    severity: {forbidden-version: off}
waivers:
  - {rule: forbidden-version, match: {server-name: "*.a.test"}, reason: short, until: 2026-12-01}
  - {rule: forbidden-version, match: {server-name: x.a.test}, reason: long, until: 2027-12-01}
  - {rule: forbidden-version, match: {server-name: x.a.test}, versions: [TLSv1.1], reason: one}
  - {rule: missing-version, match: {path: "*"}, reason: of a file}
"#;

    #[test]
    fn address_and_name_decide_and_what_needs_more_is_told() {
        let policy = Policy::parse(POLICY, "p.yaml").unwrap();
        let at = |ip: &str| Address::Ip(ip.parse().unwrap(), 443);
        let day = date(2026, 11, 30);
        let one = policy.seen(&at("192.0.2.1"), Some("x.a.test"), day);
        assert_eq!(one.demand.forbid.to_string(), "SSLv2 SSLv3");
        assert_eq!(one.unheeded, [14]);
        let old = VersionSet::of(&[crate::tls::Version::Tls1]);
        let reason = |seen: &Seen<'_>, versions| match seen.standing(FORBIDDEN_VERSION, versions) {
            Standing::Waived(waived) => waived.reason,
            other => other.name().to_owned(),
        };
        assert_eq!(reason(&one, old), "long");
        assert_eq!(reason(&one, VersionSet::of(&[crate::tls::Version::Tls1_1])), "one");
        let other = policy.seen(&at("192.0.2.2"), Some("till.test"), day);
        assert_eq!(other.demand.forbid.to_string(), "SSLv2 SSLv3 TLSv1 TLSv1.1");
        assert_eq!((other.unheeded.as_slice(), reason(&other, old).as_str()), (&[6, 14][..], "open"));
        let later = policy.seen(&at("192.0.2.2"), Some("x.a.test"), date(2028, 1, 1));
        assert_eq!(reason(&later, old), "open");
    }

    #[test]
    fn a_listener_on_all_addresses_and_patterns_of_names_can_not_be_told_from_outside() {
        let text = "overrides:\n  - match: {address: \"0.0.0.0:443\"}\n    forbid: []\n  - match: {server-name: \"~^www\"}\n    forbid: []\n";
        let policy = Policy::parse(text, "p.yaml").unwrap();
        let seen = policy.seen(&Address::Ip([192, 0, 2, 1].into(), 443), Some("www.a.test"), date(2026, 11, 30));
        assert_eq!(seen.unheeded, [2, 4]);
        let port = policy.seen(&Address::Ip([192, 0, 2, 1].into(), 444), None, date(2026, 11, 30));
        assert!(port.unheeded.is_empty() && !port.demand.forbid.is_empty());
    }
}
