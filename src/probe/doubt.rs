//! Is it a "no" that the server hung up, or does it hang up on whatever comes?
//!
//! A server that limits connections, or is overloaded, closes some of them without looking at the hello. Then a version
//! that it accepts looks as if it were refused. Two kinds of hellos are therefore asked in a random order, alone and with
//! pauses: the one in question, and one that was accepted before. If only the ones in question meet silence, either the
//! server refuses them or chance has picked just those. [`chance`] says how likely the latter is at best, whatever share
//! of connections the server closes. Because the order is random, a server that closes each n-th connection, or all that
//! come too early, does not pick them better than chance.
//!
//! A balancer may send some versions to servers of their own. If one of those closes connections by chance, the accepted
//! hellos say nothing about it: only its own silence counts, and there has to be a lot of that ([`LASTING`]).

use crate::tls::Version;
use std::hash::{BuildHasher, RandomState};

/// How much chance is left for a wrong "no" about a version.
const FOR_VERSIONS: f64 = 1e-5;
/// The same for SSLv2 and SSLv3. Hardly any server has them, and many hang up on them.
const FOR_OLDEST: f64 = 1e-3;

/// So many hellos of TLS have to meet silence, those of all versions in doubt together: a server that closes four of five
/// by chance answers one of them, but for a chance of 1 in 10,000.
const LASTING: u32 = 42;

/// How likely it is at most that a server which closes connections by chance has closed these `silent` ones and none of
/// the `answered` ones.
fn chance(silent: u32, answered: u32) -> f64 {
    let (silent, answered) = (f64::from(silent), f64::from(answered));
    let all = silent + answered;
    // The share of closed connections that explains it best is the one that was seen.
    if all == 0.0 { 1.0 } else { (silent / all).powf(silent) * (answered / all).powf(answered) }
}

/// Is silence about a version a "no", after so many silent and answered connections? It has to repeat in any case.
/// `all_silent`: about all versions of TLS that are in doubt.
pub(super) fn is_no(version: Version, silent: u32, all_silent: u32, answered: u32) -> bool {
    let is_oldest = version <= Version::Ssl3;
    let most = if is_oldest { FOR_OLDEST } else { FOR_VERSIONS };
    silent > 1 && (is_oldest || all_silent >= LASTING) && chance(silent, answered) < most
}

/// A random number, for the order in which the two kinds come, that need not be secret.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_proved_by_little() {
        for (silent, answered) in [(0, 0), (0, 100), (1, 100), (100, 0), (2, 2), (3, 10), (5, 11)] {
            assert!(!is_no(Version::Tls1, silent, 100, answered), "{silent} {answered}");
        }
        assert!(!is_no(Version::Ssl3, 1, 100, 1000) && !is_no(Version::Ssl3, 2, 100, 4));
    }

    #[test]
    fn the_bound_holds_for_each_share_of_closed_connections() {
        for (silent, answered) in [(1, 5), (3, 8), (7, 11), (12, 4)] {
            for percent in 1..100 {
                let closed = f64::from(percent) / 100.0;
                let exact = closed.powi(silent) * (1.0 - closed).powi(answered);
                let bound = chance(silent.cast_unsigned(), answered.cast_unsigned());
                assert!(exact <= bound + 1e-12, "{silent} of {answered} at {percent} %");
            }
        }
    }

    #[test]
    fn more_evidence_of_both_kinds_proves_more() {
        assert!([(7, 11), (8, 11), (7, 12)].iter().all(|(silent, answered)| is_no(
            Version::Tls1,
            *silent,
            42,
            *answered
        )));
        assert!(is_no(Version::Ssl2, 5, 0, 8) && !is_no(Version::Ssl2, 3, 0, 5) && !is_no(Version::Tls1, 5, 42, 8));
    }

    #[test]
    fn servers_of_one_version_that_close_most_connections_refuse_nothing() {
        assert!(!is_no(Version::Tls1, 41, 41, 1000) && is_no(Version::Tls1, 21, 42, 21));
        assert!(0.8_f64.powi(LASTING.cast_signed()) < 1e-4);
    }
}
