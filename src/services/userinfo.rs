//! Users in targets: whoever writes one writes a password too, and messages quote targets.

use std::borrow::Cow;

/// A target for a message, without what stands before its last `@`: servers differ about where a user ends.
pub(super) fn without_user(target: &str) -> Cow<'_, str> {
    match target.rfind('@') {
        Some(at) => {
            let scheme = target[..at].find("://").map_or("", |end| &target[..end + "://".len()]);
            Cow::Owned(format!("{scheme}***{}", &target[at..]))
        }
        None => Cow::Borrowed(target),
    }
}

#[cfg(test)]
mod tests {
    use super::without_user;

    #[test]
    fn nothing_before_the_last_sign_is_shown() {
        assert_eq!(without_user("bob:pw@h"), "***@h");
        assert_eq!(without_user("https://bob:p/w@h:1/x"), "https://***@h:1/x");
        assert_eq!(without_user("https://h/x"), "https://h/x");
    }
}
