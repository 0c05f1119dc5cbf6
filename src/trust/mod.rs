//! Whose word counts: who, besides root and the user of this process, could have written a thing?
//!
//! Root acts on what it reads, and much of that was written by others: site owners, authors of images, anybody who can
//! make a process with a title of their choice. This module owns the question; `system` answers it for paths, `host` for
//! processes and units, `transaction` for its own state. It knows no files: what is asked about comes as [`Rights`].
//!
//! What is taken into account: the owner (who may change the mode any time), the permissions of group and others, access
//! control lists, the sticky bit, and every directory and symbolic link on the way. Not taken into account: capabilities
//! and file systems with rules of their own (the kernel may be stricter than this, never laxer).

mod entrances;
mod groups;
mod path;
mod rights;
mod writers;

pub use entrances::Entrances;
pub use groups::Groups;
pub use path::Way;
pub use rights::{Access, Rights};
pub use writers::Writers;

/// Those whose word counts: root, the user of this process, and groups that nobody else is in.
#[derive(Clone, Debug)]
pub struct Trusted {
    user: u32,
    groups: Groups,
}

impl Trusted {
    /// Root and this user; `groups` tells which groups nobody else is in.
    pub fn new(user: u32, groups: Groups) -> Trusted {
        Trusted { user, groups }
    }

    /// Is that root, or the user of this process?
    pub fn is_user(&self, user: u32) -> bool {
        user == 0 || user == self.user
    }

    /// Is nobody else in that group? One with an access control list may let further users write, so it does not count.
    fn is_group(&self, group: u32) -> bool {
        // Where nobody knows the groups, that of root is still root's.
        self.groups.is_private(group) || group == 0 && !self.groups.is_shared(group)
    }
}
