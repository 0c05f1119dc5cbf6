//! Who may do what with one file or directory.

use super::{Trusted, Writers};

/// The owner and the permissions of a file, directory or symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The number of its owner.
    pub owner: u32,
    /// The number of its group.
    pub group: u32,
    /// Its permissions, with the sticky bit: `0o1777`.
    pub mode: u32,
    /// Has it an access control list? Then the permissions of the group are the most that any entry of the list gives.
    pub has_list: bool,
    /// How many names it has; a directory's are not counted.
    pub links: u64,
    /// Is it a directory?
    pub is_directory: bool,
    /// Is it a symbolic link? Its permissions mean nothing then.
    pub is_link: bool,
}

/// What somebody wants of a file or directory, by the bit that permits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading a file, or listing a directory.
    Read = 0o4,
    /// Writing a file, or connecting to a socket.
    Write = 0o2,
    /// Going on to what is in a directory.
    Enter = 0o1,
}

impl Rights {
    /// Who else can write it, or into it. For a directory with the sticky bit: who can rename whatever is in it; who can
    /// only add names is told by [`Rights::adders`].
    pub fn writers(&self, trusted: &Trusted) -> Writers {
        let owner = Writers::user(self.owner, trusted);
        if self.is_link || self.is_sticky() { owner } else { owner.and(self.sharers(trusted)) }
    }

    /// Who else can add names to a directory with the sticky bit, without being able to touch those of others.
    pub fn adders(&self, trusted: &Trusted) -> Writers {
        if self.is_sticky() { self.sharers(trusted) } else { Writers::default() }
    }

    /// Can only root or the user have put it where it is, in a directory into which others can put names too? Nobody else
    /// can make a file or a link that belongs to root, but whoever owns the directory where it lies can move it. A
    /// directory moves only for who may write into it.
    pub fn is_own(&self, trusted: &Trusted) -> bool {
        trusted.is_user(self.owner) && self.is_directory
    }

    fn is_sticky(&self) -> bool {
        self.is_directory && self.mode & 0o1000 != 0
    }

    /// Who may write because of the permissions of the group and of others.
    fn sharers(&self, trusted: &Trusted) -> Writers {
        let mut writers = Writers::default();
        if self.mode & 0o002 != 0 {
            writers = Writers::everybody();
        }
        if self.mode & 0o020 != 0 && (self.has_list || !trusted.is_group(self.group)) {
            writers = writers.and(Writers::group(self.group));
        }
        writers
    }

    /// Can each of these do that? In doubt (a user whose groups are not known, a group beside an access control list): no.
    pub fn opens_to(&self, who: &Writers, access: Access, trusted: &Trusted) -> bool {
        let bit = access as u32;
        let others = self.mode & bit != 0;
        let in_group =
            |user: &u32| !self.has_list && self.mode & bit << 3 != 0 && trusted.groups.is_member(*user, self.group);
        let owner = |user: &u32| match *user == self.owner {
            true => self.mode & bit << 6 != 0,
            false => in_group(user),
        };
        let member = |group: &u32| *group == self.group && !self.has_list && self.mode & bit << 3 != 0;
        others || !who.is_everybody() && who.users().all(owner) && who.groups().all(member)
    }
}
