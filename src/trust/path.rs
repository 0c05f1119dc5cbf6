//! Who could have decided what a path leads to.

use super::{Rights, Trusted, Writers};

/// A path that is being followed from the root, one name after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Those who could have put something else where one of the names is.
    writers: Writers,
    /// Those who can add names to the directory where the way is now, because of its sticky bit: whether they count
    /// depends on what the next name is.
    adders: Writers,
}

impl Way {
    /// Goes on to what has the next name: a directory, a symbolic link, or the file at the end.
    pub fn go(&mut self, rights: &Rights, trusted: &Trusted) {
        let adders = std::mem::replace(&mut self.adders, rights.adders(trusted));
        if !rights.is_own(trusted) {
            self.add(adders);
        }
        self.add(rights.writers(trusted));
    }

    /// Goes on where another way ends, because a symbolic link says so.
    pub fn go_on(&mut self, other: Way) {
        self.add(other.writers);
        self.adders = other.adders;
    }

    /// Those who could have decided what is at the end of the way, or written it.
    pub fn writers(&self) -> Writers {
        self.writers.clone()
    }

    /// Can nobody but root and the user have changed it, nor add to where it ends?
    pub fn is_fixed(&self) -> bool {
        self.writers.is_empty() && self.adders.is_empty()
    }

    /// Those who could put a file at a name that is not there, at the end of the way.
    pub fn makers(&self) -> Writers {
        self.writers.clone().and(self.adders.clone())
    }

    fn add(&mut self, writers: Writers) {
        if !writers.is_empty() {
            self.writers = std::mem::take(&mut self.writers).and(writers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Access, Groups};
    use super::*;

    const DIRECTORY: Rights =
        Rights { owner: 0, group: 0, mode: 0o755, has_list: false, links: 1, is_directory: true, is_link: false };
    const FILE: Rights = Rights { mode: 0o644, is_directory: false, ..DIRECTORY };

    fn writers(user: u32, way: &[Rights]) -> String {
        let passwd = "root:x:0:0::/:/bin/sh\nme:x:1000:1000::/:\n";
        let groups = Groups::parse(passwd, "root:x:0:\nme:x:1000:\nstaff:x:50:\nteam:x:60:joe\n", "");
        let trusted = Trusted::new(user, groups.of_user(passwd, user));
        let mut at = Way::default();
        for rights in way {
            at.go(rights, &trusted);
        }
        at.writers().to_string()
    }

    #[test]
    fn every_step_counts() {
        let by = |owner| Rights { owner, ..DIRECTORY };
        for (way, expected) in [
            (vec![DIRECTORY, FILE], ""),
            (vec![by(33), FILE], "user 33"),
            (vec![DIRECTORY, Rights { owner: 33, ..FILE }], "user 33"),
            // The owner may make it writable any time.
            (vec![DIRECTORY, Rights { owner: 33, mode: 0o444, ..FILE }], "user 33"),
            (vec![DIRECTORY, Rights { mode: 0o666, ..FILE }], "everybody"),
            (vec![Rights { mode: 0o777, ..DIRECTORY }, DIRECTORY, FILE], "everybody"),
            (vec![by(33), by(34), Rights { group: 60, mode: 0o664, ..FILE }], "user 33, user 34, group 60"),
            // A group that nobody is in, and one with somebody in it.
            (vec![Rights { group: 50, mode: 0o2775, ..DIRECTORY }, FILE], ""),
            (vec![Rights { group: 60, mode: 0o775, ..DIRECTORY }, FILE], "group 60"),
            // An access control list hides behind the permissions of the group.
            (vec![DIRECTORY, Rights { mode: 0o664, has_list: true, ..FILE }], "group 0"),
            (vec![DIRECTORY, Rights { mode: 0o644, has_list: true, ..FILE }], ""),
            // A symbolic link has no permissions that mean anything.
            (vec![Rights { is_directory: false, is_link: true, mode: 0o777, ..DIRECTORY }, FILE], ""),
        ] {
            assert_eq!(writers(0, &way), expected, "{way:?}");
        }
        assert_eq!(writers(1000, &[Rights { owner: 1000, group: 1000, mode: 0o775, ..DIRECTORY }, FILE]), "");
        assert_eq!(
            writers(0, &[Rights { owner: 1000, group: 1000, mode: 0o775, ..DIRECTORY }, FILE]),
            "user 1000, group 1000"
        );
    }

    #[test]
    fn in_a_sticky_folder_what_is_there_tells() {
        let tmp = Rights { mode: 0o1777, ..DIRECTORY };
        assert_eq!(writers(0, &[tmp, DIRECTORY, FILE]), "");
        // One of root's files may have been moved there.
        assert_eq!(writers(0, &[tmp, FILE]), "everybody");
        assert_eq!(writers(0, &[tmp, Rights { links: 2, ..FILE }]), "everybody");
        assert_eq!(writers(0, &[tmp, Rights { owner: 33, ..DIRECTORY }, FILE]), "everybody");
        // Whoever owns the folder can rename what is in it.
        assert_eq!(writers(0, &[Rights { owner: 33, ..tmp }, DIRECTORY, FILE]), "user 33");
        let mut at = Way::default();
        at.go(&tmp, &Trusted::new(0, Groups::default()));
        assert_eq!((at.writers().to_string(), at.makers().to_string()), (String::new(), "everybody".to_owned()));
    }

    #[test]
    fn who_may_read() {
        let of = |user| Writers::other_user(user);
        let passwd = "web:x:34:33::/:\nsite:x:35:100::/:\nother:x:36:100::/:\n";
        let trusted = Trusted::new(0, Groups::parse(passwd, "www:x:33:site\n", ""));
        let reads = |file: &Rights, who: &Writers| file.opens_to(who, Access::Read, &trusted);
        assert!(
            reads(&FILE, &of(33))
                && reads(&FILE, &Writers::everybody())
                && DIRECTORY.opens_to(&of(33), Access::Enter, &trusted)
        );
        let secret = Rights { mode: 0o640, group: 33, ..FILE };
        assert!(
            !reads(&secret, &of(33)) && reads(&secret, &Writers::group(33)) && !reads(&secret, &Writers::everybody())
        );
        assert!(!reads(&secret, &of(33).and(Writers::group(33))), "each of them");
        // By their own group, and by one that they are in.
        assert!(reads(&secret, &of(34)) && reads(&secret, &of(35)) && !reads(&secret, &of(36)));
        assert!(reads(&Rights { owner: 33, mode: 0o600, ..FILE }, &of(33)));
        let listed = Rights { mode: 0o750, group: 33, has_list: true, ..DIRECTORY };
        assert!(!listed.opens_to(&Writers::group(33), Access::Enter, &trusted));
    }

    #[test]
    fn sets() {
        let (one, two) = (Writers::other_user(1), Writers::other_user(2));
        assert!(
            one.are_among(&one.clone().and(two.clone()))
                && !one.are_among(&two)
                && one.are_among(&Writers::everybody())
        );
        assert!(!Writers::everybody().are_among(&one) && Writers::default().are_among(&Writers::default()));
    }
}
