//! What a server really accepts, by handshakes of our own making.
//!
//! No TLS library is used: today's refuse to speak old versions themselves, and would report a "no" that is their
//! own. A hello is a few hundred bytes ([`hello`]), the answer is read far enough to know what the server chose or
//! why it refuses ([`reply`]), and then the connection is closed: nothing is ever encrypted. A version that was not
//! answered clearly is *inconclusive*, never a quiet "no" (`docs/probe.md` has the table).
//!
//! Pure parts: [`hello`], [`sslv2`], [`reply`], [`suites`], [`strength`], [`portions`], [`key`], [`reason`], `classify`, `doubt`, `evidence`, `greeting`,
//! `conclude`. The network: `wire`, [`starttls`], `answer`, `pace`, `session`, `work`, `quiet`, `listing`, `hearing`, `hidden`, `order`, [`mod@scan`]. This is the
//! only module that opens sockets.

pub mod client;
pub mod hello;
pub mod key;
pub mod limits;
pub mod name;
pub mod place;
pub mod portions;
pub mod reason;
pub mod reply;
pub mod scan;
pub mod sslv2;
pub mod starttls;
pub mod strength;
pub mod suites;
pub mod target;

mod answer;
mod classify;
mod conclude;
mod doubt;
mod evidence;
mod greeting;
mod hearing;
mod hidden;
mod listing;
mod order;
mod outcome;
mod pace;
mod quiet;
mod session;
mod wire;
mod work;

pub use classify::Hit;
pub use limits::{Depth, Limits};
pub use order::Order;
pub use outcome::{Row, Scan, Trouble};
pub use reason::{Reason, Verdict};
pub use scan::scan;
