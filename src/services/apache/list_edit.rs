//! Changing a list of versions by as few words as possible, in the author's style.

use super::protocol::{ProtocolRules, Term, read_list};
use crate::tls::{Version, VersionSet};

/// What becomes of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Keep,
    Drop,
    Replace(String),
}

/// The words after a change: what becomes of each, and words that come behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListPlan {
    pub(super) actions: Vec<Action>,
    pub(super) appended: Vec<String>,
}

impl ListPlan {
    /// The words that the plan leads to.
    fn words(&self, words: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let kept = words.iter().zip(&self.actions).flat_map(|(word, action)| match action {
            Action::Keep => vec![word.clone()],
            Action::Drop => Vec::new(),
            Action::Replace(text) => text.split(' ').map(|word| word.as_bytes().to_vec()).collect(),
        });
        kept.chain(self.appended.iter().map(|word| word.clone().into_bytes())).collect()
    }

    fn asked(&self, words: &[Vec<u8>], build: ProtocolRules) -> VersionSet {
        read_list(self.words(words).iter().map(Vec::as_slice), build).asked
    }

    /// Does nothing change?
    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.appended.is_empty() && self.actions.iter().all(|action| *action == Action::Keep)
    }
}

/// Longer lists are nobody's intention; they are written anew.
const LONGEST: usize = 64;

/// How a list is made to ask for exactly the wanted versions; `None`: not by changing words.
pub(super) fn plan_words(words: &[Vec<u8>], wanted: VersionSet, build: ProtocolRules) -> Option<ListPlan> {
    if words.len() > LONGEST {
        return None;
    }
    let terms: Vec<Term> = words.iter().map(|word| Term::read(word, build)).collect::<Result<_, _>>().ok()?;
    let style = ListStyle::of(words, &terms);
    let adds = |term: &Term| term.sign != Some(b'-');
    let mut plan = ListPlan { actions: vec![Action::Keep; words.len()], appended: Vec::new() };
    for (term, action) in terms.iter().zip(&mut plan.actions) {
        if adds(term) && !term.all && term.versions.and(wanted).is_empty() {
            *action = Action::Drop;
        }
    }
    if plan.actions.iter().all(|action| *action == Action::Drop) {
        return replace_all(&terms, plan, wanted, style);
    }
    tame_bare_names(words, &terms, &mut plan);
    // Take back what was taken away, then add what is missing, then take away what is too much.
    for (i, term) in terms.iter().enumerate() {
        let missing = wanted.minus(plan.asked(words, build));
        let alone = plan.actions.iter().filter(|action| **action != Action::Drop).count() == 1;
        if term.sign != Some(b'-') || term.all || term.versions.and(missing).is_empty() {
            continue;
        }
        plan.actions[i] = match term.versions.min().filter(|_| alone) {
            Some(version) => Action::Replace(format!("+{}", style.name(version))),
            None => Action::Drop,
        };
    }
    let missing = wanted.minus(plan.asked(words, build));
    plan.appended.extend(missing.iter().map(|version| format!("+{}", style.name(version))));
    let surplus = plan.asked(words, build).minus(wanted);
    plan.appended.extend(surplus.iter().map(|version| format!("-{}", style.name(version))));
    (plan.asked(words, build) == wanted).then_some(plan)
}

/// No word stays: each becomes a wanted one, as far as they go.
fn replace_all(terms: &[Term], mut plan: ListPlan, wanted: VersionSet, style: ListStyle) -> Option<ListPlan> {
    let mut versions = wanted.iter();
    for (i, (term, action)) in terms.iter().zip(&mut plan.actions).enumerate() {
        let Some(version) = versions.next() else { break };
        let sign = if i == 0 && term.sign.is_none() { "" } else { "+" };
        *action = Action::Replace(format!("{sign}{}", style.name(version)));
    }
    plan.appended.extend(versions.map(|version| format!("+{}", style.name(version))));
    (!wanted.is_empty()).then_some(plan)
}

/// Keeps bare names from replacing what stands before them.
fn tame_bare_names(words: &[Vec<u8>], terms: &[Term], plan: &mut ListPlan) {
    let mut kept = (0..terms.len()).filter(|i| plan.actions[*i] == Action::Keep);
    let Some(first) = kept.next() else { return };
    let shown = |i: usize| String::from_utf8_lossy(&words[i]).into_owned();
    let mut added = terms[first].sign != Some(b'-');
    let mut removed = if added || terms[first].all { VersionSet::EMPTY } else { terms[first].versions };
    for i in kept.collect::<Vec<_>>() {
        match terms[i].sign {
            None if added => plan.actions[i] = Action::Replace(format!("+{}", shown(i))),
            // `-TLSv1 all`: the author means `all -TLSv1`.
            None if terms[i].all && !removed.and(terms[i].versions).is_empty() => {
                plan.actions[i] = Action::Drop;
                plan.actions[first] = Action::Replace(format!("{} {}", shown(i), shown(first)));
                added = true;
            }
            Some(b'-') if !terms[i].all => removed = removed.union(terms[i].versions),
            Some(b'-') => {}
            _ => added = true,
        }
    }
}

/// How the author writes names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListStyle {
    Usual,
    Lower,
    Upper,
}

impl ListStyle {
    fn of(words: &[Vec<u8>], terms: &[Term]) -> ListStyle {
        let named = words.iter().zip(terms).filter(|(_, term)| !term.all).map(|(word, _)| word);
        let all =
            |test: fn(&u8) -> bool| named.clone().all(|word| word.iter().all(|b| !b.is_ascii_alphabetic() || test(b)));
        if named.clone().next().is_none() {
            ListStyle::Usual
        } else if all(u8::is_ascii_lowercase) {
            ListStyle::Lower
        } else if all(u8::is_ascii_uppercase) {
            ListStyle::Upper
        } else {
            ListStyle::Usual
        }
    }

    fn name(self, version: Version) -> String {
        match self {
            ListStyle::Usual => version.name().to_owned(),
            ListStyle::Lower => version.name().to_ascii_lowercase(),
            ListStyle::Upper => version.name().to_ascii_uppercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Software;
    use crate::release::Release;
    use proptest::prelude::*;

    const NEW: VersionSet = VersionSet::of(&[Version::Tls1_2, Version::Tls1_3]);

    fn build() -> ProtocolRules {
        let mut apache = Software::unknown();
        apache.library.release = Some(Release::new(3, 0, 0));
        ProtocolRules::of(&apache)
    }

    fn changed(text: &str) -> String {
        let words: Vec<Vec<u8>> = text.split_whitespace().map(|word| word.as_bytes().to_vec()).collect();
        let plan = plan_words(&words, NEW, build()).unwrap();
        let words = plan.words(&words).into_iter().map(|word| String::from_utf8(word).unwrap());
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lists_change_by_as_little_as_possible() {
        for (old, new) in [
            ("-all +TLSv1 +TLSv1.1 +TLSv1.2", "-all +TLSv1.2 +TLSv1.3"),
            ("all -SSLv3", "all -SSLv3 -TLSv1 -TLSv1.1"),
            ("all", "all -TLSv1 -TLSv1.1"),
            ("TLSv1", "TLSv1.2 +TLSv1.3"),
            ("+TLSv1", "+TLSv1.2 +TLSv1.3"),
            ("TLSv1 TLSv1.1", "TLSv1.2 +TLSv1.3"),
            ("TLSv1 +TLSv1.1 +TLSv1.2", "+TLSv1.2 +TLSv1.3"),
            ("TLSv1.2 TLSv1.3", "TLSv1.2 +TLSv1.3"),
            ("TLSv1.2", "TLSv1.2 +TLSv1.3"),
            ("tlsv1.2", "tlsv1.2 +tlsv1.3"),
            ("TLSV1.1", "TLSV1.2 +TLSV1.3"),
            ("-SSLv3 all", "-SSLv3 all -TLSv1 -TLSv1.1"),
            ("-SSLv3 -TLSv1 -TLSv1.1 all", "all -SSLv3 -TLSv1 -TLSv1.1"),
            ("all -SSLv3 -TLSv1 -TLSv1.1 -TLSv1.3", "all -SSLv3 -TLSv1 -TLSv1.1"),
            ("-all", "-all +TLSv1.2 +TLSv1.3"),
            ("-TLSv1", "-TLSv1 +TLSv1.2 +TLSv1.3"),
            ("-TLSv1.2", "+TLSv1.2 +TLSv1.3"),
            ("", "+TLSv1.2 +TLSv1.3"),
            ("all -TLSv1 -TLSv1.2", "all -TLSv1 -TLSv1.1"),
            ("+TLSv1.2 all", "+TLSv1.2 +all -TLSv1 -TLSv1.1"),
        ] {
            assert_eq!(changed(old), new, "{old}");
        }
    }

    proptest! {
        #[test]
        fn a_plan_gives_exactly_what_is_wanted(
            words in proptest::collection::vec(
                ("[+-]?", "(all|ALL|SSLv2|SSLv3|TLSv1|tlsv1.1|TLSv1.2|TLSv1.3)").prop_map(|(sign, name)| sign + &name),
                0..7,
            ),
            low in 2_usize..6,
            high in 2_usize..6,
        ) {
            let words: Vec<Vec<u8>> = words.into_iter().map(String::into_bytes).collect();
            let wanted = VersionSet::range(Version::ALL[low.min(high)], Version::ALL[low.max(high)]);
            if let Some(plan) = plan_words(&words, wanted, build()) {
                let list = read_list(plan.words(&words).iter().map(Vec::as_slice), build());
                prop_assert_eq!(list.asked, wanted);
                prop_assert!(list.refused.is_empty());
            }
        }

        #[test]
        fn what_complies_is_left_alone(signs in proptest::collection::vec("[+-]", 1..5)) {
            let names = ["all", "TLSv1.2", "TLSv1.3", "TLSv1"];
            let words: Vec<Vec<u8>> = signs.iter().zip(names).map(|(s, n)| format!("{s}{n}").into_bytes()).collect();
            let asked = read_list(words.iter().map(Vec::as_slice), build()).asked;
            if let Some(plan) = plan_words(&words, asked, build()).filter(|_| !asked.is_empty()) {
                prop_assert!(plan.is_empty(), "{plan:?}");
            }
        }
    }
}
