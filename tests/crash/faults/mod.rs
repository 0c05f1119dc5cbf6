//! `fix` and `rollback` under whatever chance does to them. What has to hold each time: every file is old or every file is
//! new, no hidden file is left, nobody's edit is lost, nothing panics, and what is said about the files is so.
#![allow(unreachable_pub, reason = "one test program uses it")]

pub mod arguments;
pub mod disks;
pub mod editors;
pub mod estate;
pub mod injections;
pub mod kills;
pub mod links;
pub mod rounds;
