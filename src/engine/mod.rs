//! The front half of the program, from a host to findings: discover, load, resolve, judge, lower.

mod ask;
mod fingerprint;
mod guard;
mod join;
mod named;
mod parts;
mod waivers;
mod whole;

use crate::baseline::{LATENT, Reached};
use crate::catalog::{NOT_LOADED, SHADOWED_DIRECTIVE};
use crate::discover::{self, Exclude};
use crate::edit::{Applicability, Change, Edit, Fix};
use crate::endpoint::{Address, Endpoint, Role, Transport};
use crate::finding::{Finding, Verdict};
use crate::host::{self, Facts, Managed};
use crate::instance::{Instance, Problem, ServiceId, Uncovered};
use crate::policy::{Date, Policy};
use crate::rules::{self, Demands, Subject, Waivers};
use crate::services::service::{FileRole, Resolved, Service, World};
use crate::services::{self, limits};
use crate::source::{FileId, SourceMap};
use crate::system::System;
use crate::tls::VersionSet;
pub use ask::{ask, ask_of, upstream};
pub use named::{places_of, target};

use guard::{Guard, Guarded, Harm};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use whole::Unparsed;

/// What an audit is made from.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The host.
    pub system: &'a dyn System,
    /// What is known of its software.
    pub facts: &'a Facts,
    /// What is demanded.
    pub policy: &'a Policy,
    /// Where to look; none: the usual places.
    pub paths: &'a [PathBuf],
    /// What to leave out there; none: nothing.
    pub exclude: Option<&'a Exclude>,
    /// Fingerprints know paths below this directory without it, so that a repository has the same ones wherever it is
    /// checked out.
    pub base: Option<&'a Path>,
    /// What the host has besides and is not audited.
    pub uncovered: &'a [Uncovered],
    /// The day on which waivers have to hold; none: waivers do not count at all.
    pub day: Option<Date>,
    /// The rules whose findings are to be fixed; none: all. Fixes change nothing for the sake of others.
    pub rules: &'a [String],
}

impl<'a> Request<'a> {
    /// A whole host; no waiver counts.
    pub fn new(system: &'a dyn System, facts: &'a Facts, policy: &'a Policy) -> Request<'a> {
        Request { system, facts, policy, paths: &[], exclude: None, base: None, uncovered: &[], day: None, rules: &[] }
    }
}

/// A host whose configurations are loaded.
pub struct Host {
    /// All texts.
    pub sources: SourceMap,
    /// Instances, then files that nothing loads.
    pub resolved: Vec<Box<dyn Resolved>>,
    /// What is wrong with the host that is not about one instance.
    pub problems: Vec<Problem>,
    /// How many files and directories could not be read where no configuration is to be expected.
    pub passed_over: usize,
    /// Files that the user left out and nothing includes.
    pub excluded: BTreeSet<PathBuf>,
    /// What is to be said about where the files were looked for.
    pub remarks: Vec<String>,
    named: Named,
}

/// What the user named, and which main files lie outside of it.
struct Named {
    foreign: BTreeSet<PathBuf>,
    given: BTreeSet<PathBuf>,
}

/// A host, audited.
pub struct Audit {
    /// All texts.
    pub sources: SourceMap,
    /// Instances, then files that nothing loads.
    pub resolved: Vec<Box<dyn Resolved>>,
    /// What is wrong with the host that is not about one instance.
    pub problems: Vec<Problem>,
    /// How many files and directories could not be read where no configuration is to be expected.
    pub passed_over: usize,
    /// Files that the user left out and nothing includes.
    pub excluded: BTreeSet<PathBuf>,
    /// What is to be said about where the files were looked for.
    pub remarks: Vec<String>,
    /// The findings: worst first, then in the order of files.
    pub findings: Vec<Finding>,
    /// Per instance and endpoint.
    pub verdicts: Vec<Vec<Verdict>>,
    /// Per instance and endpoint: versions that have to stay, because of what the policy demands of that very endpoint,
    /// or because of a waiver.
    pub kept: Vec<Vec<VersionSet>>,
    /// Files with findings that are a program's or a package's.
    pub managed: BTreeMap<PathBuf, Managed>,
    /// The text of the policy file among the texts.
    pub policy: Option<FileId>,
}

/// Audits a host.
pub fn audit(request: Request<'_>) -> Audit {
    judge(request, load(request))
}

/// Judges a host that was loaded for the same request.
pub fn judge(request: Request<'_>, host: Host) -> Audit {
    let Host { mut sources, resolved, problems, passed_over, excluded, remarks, named } = host;
    let policy = request.policy;
    let text = policy.text.as_ref().map(|text| sources.attach(PathBuf::from(&policy.name), text.clone().into_bytes()));
    let texts = (request.system, &sources);
    let waivers = waivers::collect(policy, text, request.day, &resolved, &crate::services::all(), texts);
    let unparsed = Unparsed::of(&resolved);
    let mut findings = Vec::new();
    let (mut verdicts, mut kept) = (Vec::new(), Vec::new());
    for (index, one) in resolved.iter().enumerate() {
        let instance = one.instance();
        let demands = Demands::new(policy, text, instance, &sources);
        let is_doubtful = instance.is_doubtful();
        let judge = |(at, e): (usize, &Endpoint)| match rules::verdict(&e.answer, e.transport, demands.of_endpoint(at))
        {
            Verdict::Compliant if is_doubtful => Verdict::Unknown,
            verdict => verdict,
        };
        verdicts.push(instance.endpoints.iter().enumerate().map(judge).collect());
        let subject = Subject { index, instance, demands: &demands, waivers: &waivers, selected: request.rules };
        let mut found = rules::check(subject);
        let guard = Guard::new(subject);
        kept.push(guard.kept());
        for finding in &mut found {
            // What a waiver covers stays.
            if finding.is_open() {
                lower(finding, &guard, &**one, &sources);
            }
            unparsed.spare(finding, &sources);
            if named.foreign.contains(&instance.main) {
                parts::confine(finding, &sources, |path| path.ancestors().any(|above| named.given.contains(above)));
            }
        }
        findings.append(&mut join::join(subject, found));
    }
    findings.append(&mut rules::check_host(request.uncovered, &policy.base));
    let gaps = rules::Gaps::new(&problems, resolved.iter().map(|one| one.instance()), &sources);
    findings.append(&mut rules::check_waivers(&waivers, &gaps, &policy.base));
    drop(waivers);
    findings.sort_by_key(|f| (std::cmp::Reverse(f.severity), f.instance, f.primary.as_ref().map(|l| l.span), f.rule));
    let managed = managed(request.facts, &sources, &mut findings);
    let policy = text;
    let mut audit = Audit {
        sources,
        resolved,
        problems,
        passed_over,
        excluded,
        remarks,
        findings,
        verdicts,
        kept,
        managed,
        policy,
    };
    fingerprint::fill_in(&mut audit, request.base, request.system);
    audit
}

/// The waivers of an audit, as they stand on a day.
pub fn waivers<'a>(audit: &'a Audit, system: &dyn System, policy: &Policy, day: Date) -> Waivers<'a> {
    let texts = (system, &audit.sources);
    waivers::collect(policy, audit.policy, Some(day), &audit.resolved, &crate::services::all(), texts)
}

/// Whose the files of the findings are; each finding gets to say so.
fn managed(facts: &Facts, sources: &SourceMap, findings: &mut [Finding]) -> BTreeMap<PathBuf, Managed> {
    let mut known: BTreeMap<FileId, Option<Managed>> = BTreeMap::new();
    for finding in findings {
        let edited = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span.file);
        let primary = finding.primary.as_ref().map(|label| label.span.file);
        let files: BTreeSet<FileId> = edited.chain(primary).collect();
        let several = files.len() > 1;
        for id in files {
            let file = sources.file(id);
            let found = known.entry(id).or_insert_with(|| host::managed(facts, file.path(), file.bytes()));
            let about = |one: &Managed| match several {
                true => format!("{}: {}", file.path().display(), one.text()),
                false => one.text(),
            };
            finding.notes.extend(found.as_ref().map(about));
        }
    }
    known.into_iter().filter_map(|(id, found)| Some((sources.file(id).path().to_owned(), found?))).collect()
}

/// Finds, loads and resolves everything.
pub fn load(request: Request<'_>) -> Host {
    let world = World { system: request.system, facts: request.facts };
    let mut sources = SourceMap::default();
    let services = crate::services::all();
    let nothing = Exclude::default();
    let exclude = request.exclude.unwrap_or(&nothing);
    let named = &request.facts.main_files;
    let mut discovery = discover::discover(request.system, &services, request.paths, exclude, named, &mut sources);
    let (loaded, too_many) = load_mains(&discovery.mains, world, &mut sources);
    discovery.problems.extend(too_many.iter().map(|main| limits::no_room(main)));
    let parts = parts(&loaded, &sources);
    let mut resolved: Vec<Box<dyn Resolved>> = Vec::new();
    let mut files: HashSet<FileId> = HashSet::new();
    for (at, (_, one)) in loaded.into_iter().enumerate() {
        if !parts.contains(&at) {
            files.extend(&one.instance().files);
            resolved.push(one);
        }
    }
    let given: BTreeSet<PathBuf> =
        request.paths.iter().filter_map(|path| request.system.canonical(path).ok()).collect();
    let judged = match given.is_empty() {
        true => parts::Judged::default(),
        false => parts::judge(&discovery.fragments, &resolved, &given, world, &mut sources),
    };
    files.extend(judged.resolved.iter().flat_map(|one| &one.instance().files));
    resolved.extend(judged.resolved);
    let left_out: BTreeSet<PathBuf> = resolved.iter().flat_map(|r| &r.instance().left_out).cloned().collect();
    let discovery_parts: Vec<FileId> = discovery.fragments.iter().map(|part| part.1).collect();
    for (service, file, role) in discovery.fragments {
        // Without versions it has nothing to say.
        if role == FileRole::Fragment && !files.contains(&file) && !left_out.contains(sources.file(file).path()) {
            resolved.push(service.fragment(file, world, &sources));
        }
    }
    // What an instance says of a file that it includes says more.
    let said: BTreeSet<&PathBuf> =
        resolved.iter().flat_map(|r| &r.instance().problems).filter_map(|p| p.path.as_ref()).collect();
    // Who asks for some files wants to hear of their services.
    let is_asked =
        |service: ServiceId| request.paths.is_empty() || resolved.iter().any(|one| one.instance().service == service);
    let about_facts = request.facts.problems.iter().filter(|problem| problem.service.is_none_or(is_asked));
    discovery.problems.extend(about_facts.map(|problem| Problem { path: None, ..Problem::with("", &problem.what) }));
    let template = |(path, language): &(PathBuf, &str)| {
        Problem::with(path, format!("an unrendered template ({language}): audit what it renders to"))
    };
    let is_read = |path: &PathBuf| sources.find(path).is_some_and(|file| files.contains(&file));
    if !request.paths.is_empty() {
        discovery.problems.extend(discovery.templates.iter().filter(|(path, _)| !is_read(path)).map(template));
    }
    if resolved.is_empty() && discovery.templates.is_empty() {
        // Whoever names a path expects something there; a host without these servers is fine.
        let message = format!("no configuration of {} is there", services::titles());
        let empty = |path: &PathBuf| Problem::with(path, message.as_str());
        discovery.problems.extend(request.paths.iter().map(empty));
    }
    let new = |p: &Problem| p.path.as_ref().is_none_or(|path| !said.contains(path));
    let problems = discovery.problems.into_iter().filter(new).collect();
    let parts = discovery_parts.into_iter().map(|file| sources.file(file).path().to_owned());
    let named = Named { foreign: judged.foreign, given: given.into_iter().chain(parts).collect() };
    let (included, excluded): (BTreeSet<PathBuf>, _) = discovery.excluded.into_iter().partition(is_read);
    let included = included.first().map(|first| match included.len() - 1 {
        0 => format!("{}: --exclude matches it, and a configuration includes it: it is read", first.display()),
        more => format!(
            "{} and {more} more: --exclude matches them, and a configuration includes them: they are read",
            first.display()
        ),
    });
    let idle = discovery.idle.iter().map(|pattern| format!("--exclude {pattern}: excludes nothing"));
    let remarks = judged.remarks.into_iter().chain(idle).chain(included).collect();
    Host { sources, resolved, problems, passed_over: discovery.passed_over, excluded, remarks, named }
}

/// Which of the loaded main files another one includes: those are a part of that instance.
fn parts(loaded: &[Loaded<'_>], sources: &SourceMap) -> BTreeSet<usize> {
    let mut mains: HashMap<FileId, Vec<usize>> = HashMap::new();
    for (at, (_, one)) in loaded.iter().enumerate() {
        if let Some(file) = sources.find(&one.instance().main) {
            mains.entry(file).or_default().push(at);
        }
    }
    let mut parts = BTreeSet::new();
    for (other, (_, one)) in loaded.iter().enumerate() {
        for at in one.instance().files.iter().filter_map(|file| mains.get(file)).flatten() {
            // Two names of one main file are one configuration: the first one stays.
            let twin = one.instance().main == loaded[*at].1.instance().main;
            if other != *at && (!twin || other < *at) {
                parts.insert(*at);
            }
        }
    }
    parts
}

/// A main file, loaded.
type Loaded<'a> = (&'a dyn Service, Box<dyn Resolved>);

/// A service's main files.
type Mains<'a> = [(&'a dyn Service, PathBuf)];

/// Loads main files in their order: services side by side, the main files of one service one after another. With those
/// for which there is no room any more.
fn load_mains<'a>(mains: &Mains<'a>, world: World<'_>, sources: &mut SourceMap) -> (Vec<Loaded<'a>>, Vec<PathBuf>) {
    let by_service: Vec<_> = mains.chunk_by(|a, b| a.0.id() == b.0.id()).zip(1..).collect();
    let done: Vec<_> = by_service
        .par_iter()
        .map(|(mains, number)| {
            let mut fork = sources.fork(*number);
            let loaded = load_all(mains, world, &mut fork);
            (fork, loaded)
        })
        .collect();
    let (mut all, mut too_many) = (Vec::new(), Vec::new());
    for ((mains, number), (mut fork, mut loaded)) in by_service.into_iter().zip(done) {
        // A file that two services read is to be there once: the second one reads again, with what the first has read.
        if !sources.join(&mut fork) {
            fork = sources.fork(number);
            loaded = load_all(mains, world, &mut fork);
            sources.join(&mut fork);
        }
        all.append(&mut loaded.0);
        too_many.append(&mut loaded.1);
    }
    (all, too_many)
}

/// Loads main files one after another, those of the host before those that are on others' word.
fn load_all<'a>(mains: &Mains<'a>, world: World<'_>, sources: &mut SourceMap) -> (Vec<Loaded<'a>>, Vec<PathBuf>) {
    let is_others = |(service, main): &(&dyn Service, PathBuf)| !world.facts.named_by(service.id(), main).is_empty();
    let mut rests = [limits::Rest::of(limits::OF_HOST), limits::Rest::of(limits::OF_OTHERS)];
    let (mut loaded, mut too_many) = (Vec::new(), Vec::new());
    let mut order: Vec<(bool, usize)> = mains.iter().enumerate().map(|(at, one)| (is_others(one), at)).collect();
    order.sort_unstable();
    for (is_others, at) in order {
        let ((service, main), rest) = (&mains[at], &mut rests[usize::from(is_others)]);
        if !rest.is_there() {
            too_many.push(main.clone());
            continue;
        }
        let one = service.load(main, world, sources);
        rest.take(one.instance(), sources);
        loaded.push((at, (*service, one)));
    }
    loaded.sort_unstable_by_key(|(at, _)| *at);
    (loaded.into_iter().map(|(_, one)| one).collect(), too_many)
}

/// Turns the changes that a finding wants into a fix; what can't be done becomes its help.
fn lower(finding: &mut Finding, guard: &Guard<'_>, resolved: &dyn Resolved, sources: &SourceMap) {
    let mut titles: Vec<String> = Vec::new();
    let mut edits: BTreeSet<Edit> = BTreeSet::new();
    let mut applicability = Applicability::Safe;
    let mut reasons: Vec<String> = Vec::new();
    let mut harms: Vec<Harm> = Vec::new();
    for change in &finding.changes {
        let Guarded { change, harm, is_harmful } = guard.check(finding, change);
        harms.extend(harm);
        match resolved.lower(&change, sources) {
            Ok(mut fix) => {
                if is_harmful {
                    fix.applicability = fix.applicability.min(Applicability::Unsafe);
                }
                if !titles.contains(&fix.title) {
                    titles.push(fix.title);
                }
                edits.extend(fix.edits);
                applicability = applicability.min(fix.applicability);
            }
            Err(error) => {
                let reason = error.to_string();
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
    }
    if let Some(harm) = Harm::told(&harms) {
        let help = finding.help.take().into_iter().chain([harm]);
        finding.help = Some(help.collect::<Vec<_>>().join("; "));
    }
    if edits.is_empty() {
        if finding.help.is_none() && !reasons.is_empty() {
            finding.help = Some(format!("can't be mended here: {}", reasons.join("; ")));
        }
        return;
    }
    finding.fix =
        Some(Fix { title: titles.join("; "), edits: edits.into_iter().collect(), applicability, leaves: None });
}

/// The versions of a line that the policy wants away; none of a line that is left as it is.
fn unwanted(finding: &Finding) -> VersionSet {
    let removed = finding.changes.iter().map(|change| match change {
        Change::Adjust { remove, .. } => *remove,
        Change::Declare { .. } => VersionSet::EMPTY,
    });
    removed.fold(VersionSet::EMPTY, VersionSet::union)
}

impl Audit {
    /// All instances, loaded or not.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.resolved.iter().map(|r| r.instance())
    }

    /// The instance that a finding is about.
    pub fn instance_of(&self, finding: &Finding) -> Option<&Instance> {
        self.resolved.get(finding.instance?).map(|one| one.instance())
    }

    /// What each finding is about, as a baseline knows it.
    pub fn reached(&self) -> Vec<Reached> {
        let of = |finding: &Finding| {
            let endpoints = self.instance_of(finding).map_or(&[][..], |instance| &instance.endpoints[..]);
            let about = || finding.endpoints.iter().filter_map(|at| endpoints.get(*at));
            let is_latent = |one: &Endpoint| {
                finding.verdict == Verdict::Exposed && one.answer.offered().and(finding.versions).is_empty()
            };
            // Where one name is given them, the address is exposed.
            let mut all: BTreeMap<(Role, &Address, Transport), bool> = BTreeMap::new();
            for one in about() {
                let latent = all.entry((one.role, &*one.address, one.transport)).or_insert(true);
                *latent &= is_latent(one);
            }
            let text = |((role, address, transport), latent): ((Role, &Address, Transport), bool)| {
                let mark = if latent { LATENT } else { "" };
                format!("{} {}{mark}", role.name(), transport.of(&address.to_string()))
            };
            // Where a forbidden version is offered, another one may be configured besides, and goes with it.
            let configured = about().map(|one| one.answer.configured.value).fold(VersionSet::EMPTY, VersionSet::union);
            let removed =
                finding.changes.iter().filter(|_| finding.verdict == Verdict::Exposed).map(|change| match change {
                    Change::Adjust { remove, .. } => remove.and(configured),
                    Change::Declare { versions, .. } => configured.minus(*versions),
                });
            let said = match finding.rule {
                // A line that decides nothing is known for what it should not say: what else it says is nobody's harm.
                SHADOWED_DIRECTIVE => finding.versions.and(unwanted(finding)),
                NOT_LOADED if !finding.changes.is_empty() => finding.versions.and(unwanted(finding)),
                _ => finding.all_versions(),
            };
            let versions = removed.fold(said, VersionSet::union);
            Reached { versions, addresses: all.into_iter().map(text).collect() }
        };
        self.findings.iter().map(of).collect()
    }

    /// All problems: those of discovery, then those of the instances.
    pub fn all_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(self.instances().flat_map(|i| &i.problems))
    }

    /// Could something not be read or not be decided? What could not be decided does not count where it is waived, or
    /// where the policy turns the rule off.
    pub fn is_incomplete(&self) -> bool {
        let unknown = |finding: &Finding| finding.verdict == Verdict::Unknown && finding.is_open();
        self.all_problems().next().is_some() || self.findings.iter().any(unknown)
    }
}
