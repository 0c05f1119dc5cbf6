//! What several test programs share.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

pub mod agreeing;
pub mod answers;
pub mod cage;
pub mod case;
pub mod certificates;
pub mod crew;
pub mod daemon;
pub mod fake;
pub mod gate;
pub mod generate;
pub mod generate_apache;
pub mod generate_nginx;
pub mod generate_proxies;
pub mod generated;
pub mod handshake;
pub mod handshakes;
pub mod mended;
pub mod needs;
pub mod network;
pub mod one_by_one;
pub mod others;
pub mod patched;
pub mod probing;
pub mod program;
pub mod proxy_protocol;
pub mod random;
pub mod reloaded;
pub mod replay;
pub mod running;
pub mod server;
pub mod site;
pub mod staged;
pub mod table;
pub mod validate;
pub mod workshop;
