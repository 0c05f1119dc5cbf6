//! Groups that nobody is in but root and the user of this process: group(5), passwd(5), nsswitch.conf(5).

use super::Entrances;
use std::collections::{BTreeMap, BTreeSet};

/// Who is in which group of this machine, as far as its files tell.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// The groups whose members are all known, with the names of those besides root.
    members: BTreeMap<u32, BTreeSet<String>>,
    /// The user of this process, by name.
    own: Option<String>,
    /// The names of users. A number may have several; the first one counts.
    names: BTreeMap<u32, String>,
    group_names: BTreeMap<u32, BTreeSet<String>>,
    /// What else lets others into groups.
    entrances: Option<fn() -> &'static Entrances>,
}

impl Groups {
    /// Reads the three files. Where groups or users may come from elsewhere too (LDAP, say), no group is known.
    pub fn parse(passwd: &str, group: &str, nsswitch: &str) -> Groups {
        // In the mode `compat` such a line stands for users and groups of NIS.
        let is_compat = nsswitch.split_whitespace().any(|word| word == "compat");
        let adds = |text: &str| text.lines().any(|line| line.starts_with('+'));
        if comes_from_elsewhere(nsswitch) || is_compat && (adds(passwd) || adds(group)) {
            return Groups::default();
        }
        let mut members: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        let mut group_names: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        for line in group.lines() {
            let mut fields = line.split(':');
            let (Some(name), Some(_), Some(number), names) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let Ok(number) = number.parse() else { continue };
            group_names.entry(number).or_default().insert(name.to_owned());
            let names = names.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
            members.entry(number).or_default().extend(names.map(str::to_owned));
        }
        let mut names_of: BTreeMap<u32, String> = BTreeMap::new();
        for line in passwd.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, user, group, ..] = fields[..] else { continue };
            let (Ok(user), Ok(group)) = (user.parse::<u32>(), group.parse::<u32>()) else { continue };
            names_of.entry(user).or_insert_with(|| name.to_owned());
            if user != 0 {
                members.entry(group).or_default().insert(name.to_owned());
            }
        }
        for names in members.values_mut() {
            names.remove("root");
        }
        Groups { members, own: None, names: names_of, group_names, entrances: None }
    }

    /// The same for a process of this user.
    #[must_use]
    pub fn of_user(mut self, passwd: &str, user: u32) -> Groups {
        let name = |line: &str| {
            let mut fields = line.split(':');
            let (name, number) = (fields.next()?, fields.nth(1)?);
            (number.parse() == Ok(user)).then(|| name.to_owned())
        };
        self.own = passwd.lines().find_map(name);
        self
    }

    /// Is it known that this user is in it?
    pub(super) fn is_member(&self, user: u32, group: u32) -> bool {
        let named = self.names.get(&user).zip(self.members.get(&group));
        named.is_some_and(|(name, members)| members.contains(name))
    }

    /// Further ways into groups; asked only where the members would not tell already.
    #[must_use]
    pub fn with_entrances(mut self, entrances: fn() -> &'static Entrances) -> Groups {
        self.entrances = Some(entrances);
        self
    }

    /// The user of this process, by name.
    pub fn own(&self) -> Option<&str> {
        self.own.as_deref()
    }

    /// Is it known that nobody but root and the user of this process is in it?
    pub(super) fn is_private(&self, group: u32) -> bool {
        let is_open = || self.entrances.is_some_and(|entrances| entrances().lead_to(group, self.names_of(group)));
        self.members.get(&group).is_some_and(|names| names.iter().all(|name| self.is_own(name))) && !is_open()
    }

    /// Is it known that somebody else is in it?
    pub(super) fn is_shared(&self, group: u32) -> bool {
        let is_open =
            || self.entrances.is_some_and(|entrances| entrances().certainly_lead_to(group, self.names_of(group)));
        self.members.get(&group).is_some_and(|names| !names.iter().all(|name| self.is_own(name))) || is_open()
    }

    fn is_own(&self, name: &str) -> bool {
        self.own.as_deref() == Some(name)
    }

    fn names_of(&self, group: u32) -> impl Iterator<Item = &String> {
        self.group_names.get(&group).into_iter().flatten()
    }
}

/// Do users or groups come from anything but files?
fn comes_from_elsewhere(nsswitch: &str) -> bool {
    let databases = nsswitch.lines().filter_map(|line| line.split('#').next()?.split_once(':'));
    let sources =
        databases.filter(|(name, _)| matches!(name.trim(), "passwd" | "group" | "initgroups" | "gshadow" | "subid"));
    let words = sources.flat_map(|(_, sources)| sources.split_whitespace());
    // systemd's module makes users up for units and containers, none of which is in a group that was there before; what
    // it reads in other places is looked for by whoever fills the entrances.
    words.filter(|word| !word.starts_with('[')).any(|word| !matches!(word, "files" | "compat" | "systemd" | "altfiles"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_a_group() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/:\nbob:x:1001:100::/:\n";
        let group = "root:x:0:\nstaff:x:50:\nusers:x:100:\nalice:x:1000:\nwheel:x:10:root\nteam:x:60:alice,bob\n";
        let groups = Groups::parse(passwd, group, "passwd: files systemd\ngroup: files [SUCCESS=merge] systemd\n");
        let private: Vec<u32> =
            [0, 10, 50, 60, 100, 1000, 4711].into_iter().filter(|g| groups.is_private(*g)).collect();
        assert_eq!(private, [0, 10, 50]);
        let alices = groups.of_user(passwd, 1000);
        assert!(alices.is_private(1000) && !alices.is_private(60) && !alices.is_private(100));
        assert!(!Groups::parse(passwd, group, "group: files ldap # all\n").is_private(50));
        assert!(Groups::parse(passwd, group, "hosts: files dns\n# group: ldap\n").is_private(50));
        assert!(Groups::parse(passwd, group, "group: compat\n").is_private(50));
        assert!(!Groups::parse(passwd, &format!("{group}+\n"), "group: compat\n").is_private(50));
        assert!(!Groups::parse(passwd, group, "gshadow: files sss\n").is_private(50));
    }

    #[test]
    fn entrances_open_a_group_by_name_and_by_number() {
        static OPEN: std::sync::OnceLock<Entrances> = std::sync::OnceLock::new();
        let group = "root:x:0:\nstaff:x:50:\nalso:x:50:\nweb:x:60:\nconf:x:70:\n";
        let groups = Groups::parse("", group, "").with_entrances(|| {
            OPEN.get_or_init(|| {
                let mut entrances = Entrances::default();
                entrances.add_named("also");
                entrances.add_named("60");
                entrances
            })
        });
        let private: Vec<u32> = [0, 50, 60, 70, 80].into_iter().filter(|g| groups.is_private(*g)).collect();
        assert_eq!(private, [0, 70]);
        let shared: Vec<u32> = [0, 50, 60, 70, 80].into_iter().filter(|g| groups.is_shared(*g)).collect();
        assert_eq!(shared, [50, 60]);
    }
}
