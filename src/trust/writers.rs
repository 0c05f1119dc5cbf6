//! A set of users and groups that are neither root nor the user of this process.

use super::Trusted;
use std::collections::BTreeSet;
use std::fmt;

/// Those who could have written something, besides root and the user of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Writers {
    users: BTreeSet<u32>,
    groups: BTreeSet<u32>,
    everybody: bool,
}

impl Writers {
    /// A user; nobody, if that one is trusted.
    pub fn user(user: u32, trusted: &Trusted) -> Writers {
        if trusted.is_user(user) { Writers::default() } else { Writers::other_user(user) }
    }

    /// A user who is known to be another one.
    pub fn other_user(user: u32) -> Writers {
        Writers { users: BTreeSet::from([user]), ..Writers::default() }
    }

    /// The members of a group.
    pub fn group(group: u32) -> Writers {
        Writers { groups: BTreeSet::from([group]), ..Writers::default() }
    }

    /// All users of the machine.
    pub fn everybody() -> Writers {
        Writers { everybody: true, ..Writers::default() }
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, other: Writers) -> Writers {
        self.users.extend(other.users);
        self.groups.extend(other.groups);
        self.everybody |= other.everybody;
        self
    }

    /// Is there nobody else?
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty() && !self.everybody
    }

    /// Are all of these among those? Then nothing that these say gives them what they do not have anyway.
    pub fn are_among(&self, others: &Writers) -> bool {
        let fewer = self.users.is_subset(&others.users) && self.groups.is_subset(&others.groups);
        others.everybody || !self.everybody && fewer
    }

    /// Are they all users of the machine?
    pub fn is_everybody(&self) -> bool {
        self.everybody
    }

    /// The users among them, by number.
    pub fn users(&self) -> impl Iterator<Item = &u32> {
        self.users.iter()
    }

    /// The groups among them, by number.
    pub fn groups(&self) -> impl Iterator<Item = &u32> {
        self.groups.iter()
    }
}

impl fmt::Display for Writers {
    /// For people: `user 1000`, `user 1000, group 33`, `everybody`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.everybody {
            return f.write_str("everybody");
        }
        let users = self.users.iter().map(|user| format!("user {user}"));
        let all: Vec<String> = users.chain(self.groups.iter().map(|group| format!("group {group}"))).collect();
        f.write_str(&all.join(", "))
    }
}
