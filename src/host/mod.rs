//! Facts about a host, without opinions: which software, in which versions, how it is started and how it is reloaded.
//!
//! A program's own text tells its version, in any distribution and for any build; package databases are only asked
//! where there is no program; programs are only run on this machine itself, if that is allowed, and where files leave
//! something unknown (`ask`, `live`). Running servers' command lines (`running`) beat those of units (`started`). Every fact
//! says where it comes from.

mod ask;
pub mod binary;
mod build;
mod command;
mod elf;
mod evidence;
mod facts;
mod gather;
mod given;
mod hosts_file;
mod libraries;
mod linked;
mod live;
mod loaded;
mod main_files;
mod managed;
mod manager;
mod options;
mod os_release;
mod owner;
mod packages;
mod process;
mod product;
mod programs;
mod reload;
mod running;
mod runs_with;
mod shell;
mod sockets;
mod started;
mod uncovered;
mod unit;
pub mod words;

pub use build::Build;
pub use command::{CommandLine, Ending, Ran};
pub use facts::{Fact, Facts, Obstacle, Software, Standing, Start, Tls13};
pub use gather::gather;
pub use given::{Assumption, Given};
pub use libraries::{TlsLibrary, libraries};
pub use linked::Linked;
pub use live::run_command;
pub use main_files::start_options;
pub use managed::{Fate, Managed, managed};
pub use manager::{Manager, commands, init_system, managed_by, started_by};
pub use options::{OptionLetters, Options, Settings};
pub use os_release::Distribution;
pub use owner::{Owner, Whose};
pub use product::{Product, Products, ProgramSpec, SelfDescription, StartFacts};
pub use reload::{Reload, names_file, quoted_path, reload};
pub use shell::Shell;
pub use sockets::Sockets;
pub use uncovered::uncovered;
pub use unit::Unit;
pub use words::quoted;
