//! Running servers, held against what is demanded of them.

mod judge;

pub use judge::judge;
