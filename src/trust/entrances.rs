//! Ways into a group besides group(5) and passwd(5): group passwords and gshadow(5), units that start something with the
//! group, pam_group, sudoers(5), subordinate numbers, set-group-ID programs, running processes.
//!
//! All of it in doubt makes a group one that others are in. What can't be known at all (an init script, a container's
//! settings) shows only as a process that runs.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The groups into which something lets others than root and the user of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entrances {
    numbers: BTreeSet<u32>,
    names: BTreeSet<String>,
    ranges: Vec<RangeInclusive<u32>>,
    /// Something lets others into groups that it does not name, or could not be read: any group may be meant.
    any: bool,
}

impl Entrances {
    /// Something could not be read that may name any group.
    pub fn add_unknown(&mut self) {
        self.any = true;
    }

    /// A group, by number, that a process of others or a program that others can start has.
    pub fn add_number(&mut self, group: u32) {
        self.numbers.insert(group);
    }

    /// A group as settings name it: by name or number. What only becomes a name later may be any.
    pub fn add_named(&mut self, group: &str) {
        match group.parse() {
            Ok(number) => drop(self.numbers.insert(number)),
            Err(_) if group.contains(['%', '$']) => self.any = true,
            Err(_) => drop(self.names.insert(group.to_owned())),
        }
    }

    /// gshadow(5), or the names and passwords of group(5): members and administrators, who can make anybody a member,
    /// and a password, with which anybody gets in. `own`: the user of this process.
    pub fn add_gshadow(&mut self, text: &str, own: Option<&str>) {
        for line in text.lines() {
            let mut fields = line.split(':');
            let (Some(name), Some(password)) = (fields.next(), fields.next()) else { continue };
            let users = fields.take(2).flat_map(|names| names.split(',')).map(str::trim);
            let is_other = |user: &str| !user.is_empty() && user != "root" && Some(user) != own;
            if is_password(password) || users.into_iter().any(is_other) {
                self.names.insert(name.to_owned());
            }
        }
    }

    /// The passwords of group(5); its members are told by [`super::Groups`].
    pub fn add_group_passwords(&mut self, text: &str) {
        for line in text.lines() {
            let mut fields = line.split(':');
            if let (Some(name), Some(password)) = (fields.next(), fields.next())
                && password != "x"
                && is_password(password)
            {
                self.names.insert(name.to_owned());
            }
        }
    }

    /// The units of systemd and their drop-ins: (is it a drop-in?, text). A unit's group counts unless root runs it.
    pub fn add_units(&mut self, texts: &[(bool, String)]) {
        let units: Vec<(bool, Vec<(String, String)>)> = texts.iter().map(|(is, text)| (*is, settings(text))).collect();
        let is_others = |(name, value): &(String, String)| match name.as_str() {
            "User" => !matches!(value.as_str(), "" | "root" | "0"),
            "DynamicUser" => !matches!(value.as_str(), "" | "no" | "false" | "off" | "0" | "n" | "f"),
            _ => false,
        };
        // Which units a drop-in is for is a question of names, patterns and links; it may be any.
        let any_drop_in = units.iter().any(|(is_drop_in, all)| *is_drop_in && all.iter().any(is_others));
        for (is_drop_in, all) in &units {
            if *is_drop_in || any_drop_in || all.iter().any(is_others) {
                let groups = all.iter().filter(|(name, _)| matches!(name.as_str(), "Group" | "SupplementaryGroups"));
                groups.flat_map(|(_, value)| value.split_whitespace()).for_each(|group| self.add_named(group));
            }
        }
    }

    /// Settings of the form `group = NAME` (pools of PHP-FPM, xinetd).
    pub fn add_assignments(&mut self, text: &str) {
        for (name, value) in settings(text) {
            if name == "group" && !value.is_empty() {
                self.add_named(value.trim_matches('"'));
            }
        }
    }

    /// pam_group's `/etc/security/group.conf`: `services;ttys;users;times;groups`.
    pub fn add_group_conf(&mut self, text: &str) {
        for line in joined(text).lines().filter_map(|line| line.split('#').next()) {
            if let Some(groups) = line.split(';').nth(4) {
                let names = groups.split([',', ' ', '\t']).filter(|name| !name.is_empty());
                names.for_each(|name| self.add_named(name));
            }
        }
    }

    /// subgid(5): the numbers that a user may have in a namespace of users.
    pub fn add_subordinate(&mut self, text: &str, own: Option<&str>) {
        for line in text.lines() {
            let fields: Vec<&str> = line.split(':').map(str::trim).collect();
            let [user, first, count] = fields[..] else { continue };
            let (Ok(first), Ok(count)) = (first.parse::<u32>(), count.parse::<u32>()) else { continue };
            if user != "root" && user != "0" && Some(user) != own && count > 0 {
                self.ranges.push(first..=first.saturating_add(count - 1));
            }
        }
    }

    /// sudoers(5): the groups of `(USERS:GROUPS)`. Where one of the users is root, the group gives nothing more.
    pub fn add_sudoers(&mut self, text: &str) {
        let text = joined(text);
        let is_comment = |line: &&str| line.trim_start().starts_with('#') && !line.contains("include");
        for line in text.lines().filter(|line| !is_comment(line)) {
            let line = line.trim();
            let include = ["@includedir", "#includedir", "@include", "#include"];
            if let Some(path) = include.iter().find_map(|word| line.strip_prefix(word)) {
                self.any |= path.trim() != "/etc/sudoers.d";
            }
            for inner in line.split('(').skip(1).filter_map(|rest| rest.split_once(')')).map(|(inner, _)| inner) {
                let Some((users, groups)) = inner.split_once(':') else { continue };
                let mut words = users.split(',').map(str::trim);
                let is_root = |user: &str| matches!(user, "ALL" | "root" | "#0");
                if !users.contains('!') && words.any(is_root) {
                    continue;
                }
                for group in groups.split(',').map(str::trim).filter(|group| !group.is_empty()) {
                    let is_alias = group.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
                    match is_alias || group.starts_with(['!', '+', '%', '"']) {
                        true => self.any = true,
                        false => self.add_named(group.trim_start_matches('#')),
                    }
                }
            }
        }
    }

    /// May somebody else be in the group with this number and these names?
    pub(super) fn lead_to<'n>(&self, group: u32, mut names: impl Iterator<Item = &'n String>) -> bool {
        self.any
            || self.numbers.contains(&group)
            || self.ranges.iter().any(|range| range.contains(&group))
            || names.any(|name| self.names.contains(name))
    }

    /// The same, where only what is certain counts.
    pub(super) fn certainly_lead_to<'n>(&self, group: u32, names: impl Iterator<Item = &'n String>) -> bool {
        Entrances { any: false, ..self.clone() }.lead_to(group, names)
    }
}

/// Is that a password that somebody could give? An empty one lets nobody in, and what is locked begins with a sign that no
/// hash has.
fn is_password(field: &str) -> bool {
    !field.is_empty() && !field.starts_with(['!', '*'])
}

/// Lines that end with a backslash, joined with the next one.
fn joined(text: &str) -> String {
    text.replace("\\\r\n", " ").replace("\\\n", " ")
}

/// `NAME = VALUE` of each line; comments inside of continued lines are left out, as systemd does.
fn settings(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
    let text = joined(&lines.collect::<Vec<&str>>().join("\n"));
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that lead to a group, of those asked about.
    fn open(fill: impl FnOnce(&mut Entrances)) -> Vec<&'static str> {
        let mut entrances = Entrances::default();
        fill(&mut entrances);
        let names = ["a", "b", "c", "d"].into_iter().zip(50..);
        names.filter(|(name, number)| entrances.lead_to(*number, [(*name).to_owned()].iter())).map(|(n, _)| n).collect()
    }

    #[test]
    fn passwords_members_and_administrators() {
        let text = "a:!::alice\nb:*:root,bob:\nc:$6$x$y::\nd:!!:root:root\n";
        assert_eq!(open(|e| e.add_gshadow(text, None)), ["a", "b", "c"]);
        assert_eq!(open(|e| e.add_gshadow(text, Some("alice"))), ["b", "c"]);
        assert_eq!(open(|e| e.add_gshadow("a:::\nb\nc:!\n", None)), [""; 0]);
        assert_eq!(open(|e| e.add_group_passwords("a:x:50:\nb:$1$x:51:\nc::52:\nd:!:53:\n")), ["b"]);
    }

    #[test]
    fn units() {
        let units = |texts: &[(bool, &str)]| {
            let texts: Vec<(bool, String)> = texts.iter().map(|(is, text)| (*is, (*text).to_owned())).collect();
            open(|e| e.add_units(&texts))
        };
        assert_eq!(units(&[(false, "[Service]\nUser=deploy\nSupplementaryGroups=a 51\nGroup=c\n")]), ["a", "b", "c"]);
        assert_eq!(
            units(&[(false, "[Service]\nUser=root\nGroup=a\n"), (false, "[Service]\nSupplementaryGroups=b")]),
            [""; 0]
        );
        assert_eq!(units(&[(false, "Group=a\nDynamicUser=yes\n"), (false, "Group=b\nDynamicUser=no")]), ["a"]);
        // A drop-in may be for any unit.
        assert_eq!(units(&[(false, "Group=a\n"), (true, "User=x\n")]), ["a"]);
        assert_eq!(units(&[(false, "User=x\n"), (true, "SupplementaryGroups=b \\\n# no\n c\n")]), ["b", "c"]);
        assert_eq!(units(&[(false, "User=x\n#Group=a\n;Group=b\n")]), [""; 0]);
        assert_eq!(units(&[(false, "User=%i\nGroup=%i\n")]), ["a", "b", "c", "d"]);
    }

    #[test]
    fn others_settings() {
        assert_eq!(open(|e| e.add_group_conf("# xsh;*;x;Al;c\nxsh;tty*;*;Al0000-2400;a, 51\n")), ["a", "b"]);
        assert_eq!(open(|e| e.add_subordinate("alice:51:2\nroot:50:1\nbob:x:1\nme:53:1\n", Some("me"))), ["b", "c"]);
        assert_eq!(open(|e| e.add_subordinate("alice:0:4294967295\n", None)), ["a", "b", "c", "d"]);
        assert_eq!(open(|e| e.add_assignments("[www]\nuser = x\ngroup = a\n;group = b\nlisten.group = c\n")), ["a"]);
    }

    #[test]
    fn sudoers() {
        let of = |text: &str| open(|e| e.add_sudoers(text));
        assert_eq!(
            of("%sudo ALL=(ALL:ALL) ALL\nroot ALL=(root : a) ALL\nx ALL=(deploy) ALL\n@includedir /etc/sudoers.d\n"),
            [""; 0]
        );
        assert_eq!(
            of("x ALL=(:a) /bin/sh\ny ALL=(deploy : #51, c) \\\n NOPASSWD: ALL\n# z ALL=(:d) ALL\n"),
            ["a", "b", "c"]
        );
        let all = ["a", "b", "c", "d"];
        for text in ["x ALL=(ALL,!root:ALL) ALL", "x ALL=(:WEB_GROUPS) ALL", "@include /etc/more", "x ALL=(y:ALL) z"] {
            assert_eq!(of(text), all, "{text}");
        }
    }
}
