//! The waivers that an audit knows, from the policy and from comments, and which of them cover something.

use super::target::{file_of, of_endpoint, of_place, of_setting};
use crate::endpoint::SettingId;
use crate::finding::{Finding, Label, RuleId, Standing, Verdict, WaiverPlace};
use crate::instance::{Instance, Setting};
use crate::policy::{Date, Demand, Scope, ScopeIndex, Target, Terms};
use crate::source::{FileId, SourceMap, Span};
use crate::tls::VersionSet;
use crate::topic::Topic;
use crate::trust::Writers;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a waiver covers.
#[derive(Clone, Debug)]
pub enum Reach {
    /// What fits.
    Scope(Scope),
    /// What is decided in these lines of a file.
    Lines(Span),
}

/// A waiver.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The rules whose findings it covers.
    pub rules: Vec<&'static str>,
    /// What it covers.
    pub reach: Reach,
    /// What it says of itself.
    pub terms: Terms,
    /// Where it is written, for people.
    pub place: WaiverPlace,
    /// The same to point at.
    pub label: Option<Label>,
    /// The instance that has the file, for one in a comment.
    pub instance: Option<usize>,
    /// Who besides root and the user could have written it. What they waive, they waive for endpoints of their own.
    pub by: Writers,
}

/// A comment for this program that is not understood.
#[derive(Clone, Debug)]
pub struct Invalid {
    /// The comment.
    pub span: Span,
    /// What is wrong with it.
    pub message: String,
    /// The instance that has the file.
    pub instance: usize,
}

/// What a rule says, as far as waivers care.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// The rule.
    pub rule: RuleId,
    /// The versions that the finding is about.
    pub versions: VersionSet,
}

/// The comments about lines that begin at one place: of those that say the same of the same lines only the one that holds
/// longest is looked at.
type Comments = BTreeMap<(Span, &'static str, Option<VersionSet>), usize>;

/// The waivers that cover what a rule says of something.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Covering {
    /// That which counts, since it holds longest: one of the policy, or a comment for each place; none: nothing covers it.
    counts: Vec<usize>,
    /// The others, which are of use as well. Those that are known to be in use may be left out.
    others: BTreeSet<usize>,
}

impl Covering {
    /// Does any waiver cover it?
    pub fn is_covered(&self) -> bool {
        !self.counts.is_empty()
    }

    /// The waivers that count: what has the same ones has the same standing.
    pub(super) fn counting(&self) -> &[usize] {
        &self.counts
    }

    /// Takes over which others cover something that has the same standing.
    pub(super) fn join(&mut self, other: Covering) {
        self.others.extend(other.others);
    }
}

/// All waivers.
pub struct Waivers<'a> {
    /// Those of the policy, then those in comments, in the order of the files.
    pub list: Vec<Waiver>,
    /// Comments that are not understood.
    pub invalid: Vec<Invalid>,
    today: Option<Date>,
    sources: &'a SourceMap,
    /// Those of the policy.
    scoped: ScopeIndex,
    /// The rules that those are about, as far as they are not over.
    scoped_rules: BTreeSet<&'static str>,
    /// Those in comments, by file and by where the lines begin that they are about. There may be one in each of ten
    /// thousand files, or ten thousand in one.
    in_file: BTreeMap<FileId, BTreeMap<u32, Comments>>,
    /// Waivers of which another one says the same and holds longer, or as long: they are in use when that one is.
    spoken_for: BTreeMap<usize, usize>,
    used: RefCell<BTreeSet<usize>>,
    /// Who could have written the files that endpoints belong to, where that matters.
    writers: BTreeMap<FileId, Writers>,
    /// Those that cover what the policy turns off.
    of_turned_off: RefCell<BTreeSet<usize>>,
}

impl<'a> Waivers<'a> {
    /// Waivers as they stand on a day; `None`: no waiver is there, whatever the policy says. `writers` tells who besides root
    /// and the user could have written a file.
    pub fn new(
        list: Vec<Waiver>,
        invalid: Vec<Invalid>,
        today: Option<Date>,
        sources: &'a SourceMap,
        writers: BTreeMap<FileId, Writers>,
    ) -> Waivers<'a> {
        let mut waivers = Waivers {
            list,
            invalid,
            today,
            sources,
            scoped: ScopeIndex::default(),
            scoped_rules: BTreeSet::new(),
            in_file: BTreeMap::new(),
            spoken_for: BTreeMap::new(),
            used: RefCell::default(),
            writers,
            of_turned_off: RefCell::default(),
        };
        // Those that hold longest come first.
        let mut order: Vec<usize> = (0..waivers.list.len()).collect();
        order.sort_by_key(|at| (Reverse(waivers.life(*at)), *at));
        // Ten thousand that say the same of the same are one.
        let (mut sayings, mut said) = (HashMap::new(), HashMap::new());
        let mut looked_at: BTreeSet<usize> = BTreeSet::new();
        for at in order {
            let waiver = &waivers.list[at];
            match waiver.reach {
                _ if waivers.is_expired(waiver) => {}
                Reach::Scope(ref scope) => {
                    waivers.scoped_rules.extend(&waiver.rules);
                    let number = sayings.len();
                    let scope = *sayings.entry(scope.sayings()).or_insert(number);
                    for rule in &waiver.rules {
                        let first = *said.entry((scope, rule, waiver.terms.versions)).or_insert(at);
                        if first == at {
                            looked_at.insert(at);
                        } else {
                            waivers.spoken_for.insert(at, first);
                        }
                    }
                }
                Reach::Lines(lines) => {
                    let same = waivers.in_file.entry(lines.file).or_default().entry(lines.start).or_default();
                    for rule in &waiver.rules {
                        let first = *same.entry((lines, rule, waiver.terms.versions)).or_insert(at);
                        if first != at {
                            waivers.spoken_for.insert(at, first);
                        }
                    }
                }
            }
        }
        let scope = |at: &usize| match &waivers.list[*at].reach {
            Reach::Scope(scope) => Some((*at, scope)),
            Reach::Lines(_) => None,
        };
        waivers.scoped = ScopeIndex::new(looked_at.iter().filter_map(scope));
        waivers
    }

    /// How long a waiver holds.
    fn life(&self, at: usize) -> impl Ord + use<> {
        self.list[at].terms.life()
    }

    /// The comments of a file that are about a line in which a place lies.
    fn near(&self, file: FileId, place: Span, found: &mut BTreeSet<usize>) {
        let Some(comments) = self.in_file.get(&file).filter(|_| place.file == file) else { return };
        // Lines do not overlap: those that begin before a line in which nothing lies hold nothing either.
        for (_, comments) in comments.range(..place.end.max(place.start + 1)).rev() {
            let covering = comments.iter().filter(|((lines, ..), _)| overlap(*lines, place)).map(|(_, at)| *at);
            let mut covering = covering.peekable();
            if covering.peek().is_none() {
                break;
            }
            found.extend(covering);
        }
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Is its last day over?
    pub(super) fn is_expired(&self, waiver: &Waiver) -> bool {
        self.today.is_some_and(|today| waiver.terms.is_over(today))
    }

    /// Those that cover nothing, though they hold; with each, whether it covers what the policy turns off.
    pub(super) fn unused(&self) -> impl Iterator<Item = (&Waiver, bool)> {
        let (used, off) = (self.used.borrow().clone(), self.of_turned_off.borrow().clone());
        let is_in = move |all: &BTreeSet<usize>, at: &usize| {
            all.contains(at) || self.spoken_for.get(at).is_some_and(|by| all.contains(by))
        };
        let all = self.list.iter().enumerate().filter(|(_, waiver)| !self.is_expired(waiver));
        all.filter(move |(at, _)| !is_in(&used, at)).map(move |(at, waiver)| (waiver, is_in(&off, &at)))
    }

    /// Notes that the policy turns off what these cover.
    pub(super) fn pass_over(&self, covering: &Covering) {
        self.of_turned_off.borrow_mut().extend(covering.counts.iter().chain(&covering.others));
    }

    /// The waivers that cover a finding of a rule about a target that is decided at some places. Comments cover it where
    /// there is one for each place, at one of its two spans.
    /// `own`: the file that the target belongs to.
    fn covering(
        &self,
        said: Said,
        target: &dyn Fn() -> Target<'a>,
        places: &[(Span, Span)],
        own: &dyn Fn() -> Option<FileId>,
    ) -> Covering {
        let speaks = |waiver: &Waiver| waiver.by.is_empty() || self.may_speak_for(waiver, own());
        let fits = |at: &usize| self.list.get(*at).is_some_and(|waiver| self.fits(waiver, said) && speaks(waiver));
        let (counts, mut others) = self.of_policy(said, target, &fits);
        let comments = self.in_comments(places, &fits);
        let Some((first, more)) = comments else {
            return Covering { counts: counts.into_iter().collect(), others };
        };
        others.extend(more);
        // Comments cover it as long as all of them hold.
        let life = first.iter().map(|at| self.life(*at)).min();
        match counts {
            Some(at) if first.is_empty() || Some(self.life(at)) >= life => {
                others.extend(first);
                Covering { counts: vec![at], others }
            }
            counts => {
                others.extend(counts);
                Covering { counts: first, others }
            }
        }
    }

    /// The one of the policy that holds longest, and the others that are not known to be in use.
    fn of_policy(
        &self,
        said: Said,
        target: &dyn Fn() -> Target<'a>,
        fits: &dyn Fn(&usize) -> bool,
    ) -> (Option<usize>, BTreeSet<usize>) {
        if !self.scoped_rules.contains(said.rule.0) {
            return (None, BTreeSet::new());
        }
        let (target, used) = (target(), self.used.borrow());
        let matches = |at: &usize| matches!(&self.list[*at].reach, Reach::Scope(scope) if scope.matches(&target));
        let (mut counts, mut others) = (None, BTreeSet::new());
        for at in self.scoped.candidates(&target).into_iter().filter(fits) {
            let is_longer = counts.is_none_or(|known| self.life(at) > self.life(known));
            // There may be ten thousand for everything: those that are in use and not longer need no look.
            if (is_longer || !used.contains(&at)) && matches(&at) {
                others.extend(if is_longer { counts.replace(at) } else { Some(at) });
            }
        }
        (counts, others)
    }

    /// A comment for each place, the longest, and the others; `None`: some place has none.
    fn in_comments(&self, places: &[(Span, Span)], fits: &dyn Fn(&usize) -> bool) -> Option<(Vec<usize>, Vec<usize>)> {
        if self.in_file.is_empty() {
            return None;
        }
        let (mut counts, mut others) = (Vec::new(), Vec::new());
        for (one, other) in places {
            let mut near = BTreeSet::new();
            for file in BTreeSet::from([one.file, other.file]) {
                self.near(file, *one, &mut near);
                self.near(file, *other, &mut near);
            }
            near.retain(fits);
            let longest = near.iter().copied().min_by_key(|at| (Reverse(self.life(*at)), *at))?;
            near.remove(&longest);
            counts.push(longest);
            others.extend(near);
        }
        (!counts.is_empty()).then_some((counts, others))
    }

    /// May those who wrote a comment waive for what is in this file? In the comment's own one, and in others that they can
    /// write. A line of theirs may decide for endpoints of others, who did not ask for it.
    fn may_speak_for(&self, waiver: &Waiver, own: Option<FileId>) -> bool {
        let Reach::Lines(lines) = waiver.reach else { return true };
        let can_write = |own| self.writers.get(&own).is_some_and(|writers| waiver.by.are_among(writers));
        own.is_some_and(|own| own == lines.file || can_write(own))
    }

    /// Is a waiver about what a rule says, and does it hold?
    fn fits(&self, waiver: &Waiver, said: Said) -> bool {
        waiver.rules.contains(&said.rule.0) && waiver.terms.cover(said.versions) && !self.is_expired(waiver)
    }

    /// The waivers that cover what a rule says of an endpoint because of some settings, or of `server` where no
    /// setting decides.
    pub fn of_endpoint(
        &self,
        said: Said,
        instance: &'a Instance,
        endpoint: usize,
        settings: &[SettingId],
        server: Option<Span>,
    ) -> Covering {
        if self.is_empty() {
            return Covering::default();
        }
        let places: Vec<(Span, Span)> = match settings.is_empty() {
            false => settings.iter().map(|id| instance.setting(*id)).map(|s| (s.span, s.value)).collect(),
            true => server.into_iter().map(|span| (span, span)).collect(),
        };
        let endpoint = &instance.endpoints[endpoint];
        let target = || of_endpoint(instance, endpoint, self.sources);
        self.covering(said, &target, &places, &|| file_of(instance, endpoint, self.sources))
    }

    /// The waivers that cover what a rule says of a setting.
    pub(super) fn of_setting(&self, said: Said, instance: &'a Instance, setting: &Setting) -> Covering {
        if self.is_empty() {
            return Covering::default();
        }
        let target = || of_setting(instance, setting, self.sources);
        self.covering(said, &target, &[(setting.span, setting.value)], &|| Some(setting.span.file))
    }

    /// The waivers that cover what a rule says of a place, or of an instance as a whole.
    pub(super) fn of_place(&self, said: Said, instance: &'a Instance, span: Option<Span>) -> Covering {
        if self.is_empty() {
            return Covering::default();
        }
        let places: Vec<(Span, Span)> = span.into_iter().map(|span| (span, span)).collect();
        self.covering(said, &|| of_place(instance, span, self.sources), &places, &|| span.map(|span| span.file))
    }

    /// The standing of a finding that these cover. They are in use then. Of several comments the first one to end is named.
    pub fn standing(&self, covering: &Covering) -> Standing {
        self.used.borrow_mut().extend(covering.counts.iter().chain(&covering.others));
        match covering.counts.iter().min_by_key(|at| self.life(**at)).and_then(|at| self.list.get(*at)) {
            None => Standing::Open,
            Some(Waiver { terms, place, .. }) => Standing::Waived(terms.waived(place.clone())),
        }
    }
}

fn overlap(lines: Span, place: Span) -> bool {
    lines.file == place.file && place.start < lines.end && lines.start < place.end.max(place.start + 1)
}

/// A finding about a waiver; `None`: the policy turns it off.
pub(super) fn about(rule: RuleId, demand: &Demand, waiver: &Waiver, message: String, help: &str) -> Option<Finding> {
    Some(Finding {
        instance: waiver.instance,
        topic: Some(Topic::about("waiver", waiver.rules.join(", "))),
        primary: waiver.label.clone(),
        notes: vec![format!("its reason: {}", waiver.terms.reason)],
        help: Some(help.to_owned()),
        ..Finding::new(rule, Verdict::Shadowed, demand.severity(rule.0, Verdict::Shadowed, VersionSet::EMPTY)?, message)
    })
}
