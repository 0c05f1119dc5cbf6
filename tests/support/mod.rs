//! What several test programs share.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

pub mod case;
pub mod table;
