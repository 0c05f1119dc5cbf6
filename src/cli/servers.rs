//! Testing and reloading the servers whose files are changed.

use super::args::Servers as Arguments;
use super::message::Message;
use super::options::{NOT_USUAL, Opened};
use crate::host::{self, CommandLine, Ran, run_command};
use crate::instance::ServiceId;
use crate::services;
use crate::services::doubts::{self, Doubts};
use crate::services::service::Resolved;
use crate::source::SourceMap;
use crate::system::{described, own_user, user_name};
use crate::trust::Writers;
use anyhow::{Result, anyhow, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is run for the instances that are changed.
pub(super) struct Servers {
    /// The checkers.
    checks: BTreeSet<CommandLine>,
    /// Services that nothing tests, with the reason.
    untested: BTreeMap<&'static str, String>,
    /// Configurations whose reload is not for root to run, each with the reason.
    withheld: Vec<String>,
    /// How to make it effective.
    reloads: BTreeSet<(&'static str, CommandLine)>,
    patience: Duration,
    /// Run the reloads?
    pub reload: bool,
    /// Do the files belong to this machine, and no image?
    is_here: bool,
}

/// What the checkers said.
pub(super) struct Checked(Vec<(CommandLine, Ran)>);

/// An instance whose files are changed.
#[derive(Clone, Debug)]
pub(super) struct Touched {
    /// Its service.
    pub service: ServiceId,
    /// Its main file.
    pub main: PathBuf,
    /// What others could have made its checker do.
    pub checker: Doubts,
    /// What others could have made its program signal.
    pub pid_file: Doubts,
}

/// These instances, with what others could have made their servers do. One that is not among those that are loaded could
/// do anything.
pub(super) fn judged(
    opened: &Opened,
    loaded: &[Box<dyn Resolved>],
    sources: &SourceMap,
    instances: &[(ServiceId, PathBuf)],
) -> Vec<Touched> {
    let (system, facts) = (&opened.system, &opened.facts);
    let judge = |(service, main): &(ServiceId, PathBuf)| {
        let mut loaded = loaded.iter().map(|one| one.instance());
        let loaded = loaded.find(|one| (one.service, &one.main) == (*service, main));
        Touched {
            service: *service,
            main: main.clone(),
            checker: match loaded {
                Some(one) => doubts::about_checker(system, facts, one, sources),
                None => doubts::about_main_file(system, facts, *service, main),
            },
            pid_file: loaded.map(|one| doubts::about_pid_file(system, facts, one)).unwrap_or_default(),
        }
    };
    instances.iter().map(judge).collect()
}

impl Servers {
    /// The commands for these instances; an error where root would run one on the word of others. What the user names is
    /// run in any case. `without_check`: what can't be tested is applied all the same.
    pub(super) fn new(
        opened: &Opened,
        arguments: &Arguments,
        instances: &[Touched],
        without_check: bool,
    ) -> Result<Servers> {
        let checks = given("--check-with", &arguments.check_with)?;
        let reloads = given("--reload-with", &arguments.reload_with)?;
        let mut servers = Servers {
            checks: BTreeSet::new(),
            untested: BTreeMap::new(),
            withheld: Vec::new(),
            reloads: BTreeSet::new(),
            patience: Duration::from_secs(arguments.check_timeout),
            reload: arguments.reload,
            is_here: opened.own_root,
        };
        for Touched { service, main, checker, pid_file } in instances {
            let Some(product) = services::of(*service) else { continue };
            let commands = host::reload(&opened.system, &opened.facts, product, main);
            let own = |text: &str| CommandLine::own(text).map_err(|e| anyhow!("{text}: {e}"));
            let shown = main.display();
            match (checks.contains_key(service.0), opened.no_exec) {
                (true, _) => {}
                (false, None) if checker.is_empty() => {
                    let options = host::start_options(&opened.system, &opened.facts, product, main);
                    servers.checks.insert(own(&commands.test)?.with_options(options));
                }
                (false, None) if without_check => {
                    let why = format!("what {shown} makes its checker do was written by others too");
                    servers.untested.insert(service.0, why);
                }
                (false, None) => return Err(doubtful("checker", "--check-with", service.0, main, checker)),
                (false, Some(why)) => drop(servers.untested.insert(service.0, why.to_owned())),
            }
            let doubts = if commands.by_manager { checker.clone() } else { both(checker, pid_file) };
            match (reloads.contains_key(service.0), opened.no_exec) {
                (true, _) => {}
                (false, Some(why)) if arguments.reload => {
                    bail!("--reload: {why}; say how with --reload-with {}=COMMAND", service.0)
                }
                (false, None) if arguments.reload && !doubts.is_empty() => {
                    return Err(doubtful("reload", "--reload-with", service.0, main, &doubts));
                }
                // A command for root to paste is a command that root runs.
                (false, _) if opened.look && !doubts.is_empty() => {
                    let (path, who) =
                        doubts.first_key_value().map_or((main, String::new()), |(p, w)| (p, described(w)));
                    servers.withheld.push(format!("{shown}: {who} can write {}", path.display()));
                }
                (false, _) if opened.look => drop(servers.reloads.insert((service.0, own(&commands.command)?))),
                (false, _) => {}
            }
        }
        // What the user names is run, whether an instance of that service was recognised or not.
        servers.checks.extend(checks.into_values());
        let given = services::names().into_iter().filter_map(|name| Some((name, reloads.get(name)?.clone())));
        servers.reloads.extend(given);
        Ok(servers)
    }

    /// Runs the checkers.
    pub(super) fn check(&self) -> Checked {
        Checked(self.checks.iter().map(|command| (command.clone(), run_command(command, self.patience))).collect())
    }

    /// Why nothing tests the result of some service; none where all are tested.
    pub(super) fn untested(&self) -> Option<String> {
        if self.checks.is_empty() && self.untested.is_empty() {
            return Some(NOT_USUAL.to_owned());
        }
        let reasons = self.untested.iter().map(|(service, why)| format!("{service} ({why})"));
        let reasons: Vec<String> = reasons.collect();
        (!reasons.is_empty()).then(|| reasons.join(", "))
    }

    /// Where the commands have to be run, for people: those of an image are for another machine or container.
    pub(super) fn place(&self) -> &'static str {
        if self.is_here { "" } else { ", where the servers of this image run" }
    }

    /// The commands that make it effective, for people.
    pub(super) fn reload_commands(&self) -> Vec<String> {
        self.reloads.iter().map(|(service, command)| format!("{service}: {}", command.text())).collect()
    }

    /// The commands that make it effective.
    pub(super) fn reload_lines(&self) -> Vec<String> {
        self.reloads.iter().map(|(_, command)| command.text()).collect()
    }

    /// What is not reloaded because others could make that do something else, for people.
    pub(super) fn withheld(&self) -> impl Iterator<Item = String> {
        self.withheld
            .iter()
            .map(|why| format!("not reloaded, and no command is shown: {why}; have the server reloaded by who runs it"))
    }

    /// Reloads all; the error is what the first one said that failed.
    pub(super) fn run_reloads(&self, done: &mut dyn FnMut(String)) -> Result<(), Message> {
        for (_, command) in &self.reloads {
            let ran = run_command(command, self.patience);
            if !ran.is_success() {
                return Err(words(command, &ran));
            }
            done(command.text());
        }
        Ok(())
    }
}

impl Checked {
    /// The checkers that do not accept it, with their own words.
    pub(super) fn failures(&self) -> Vec<Message> {
        let failed = self.0.iter().filter(|(_, ran)| !ran.is_success());
        failed.map(|(command, ran)| words(command, ran)).collect()
    }

    /// Each checker, and whether it accepts it.
    pub(super) fn words(&self) -> impl Iterator<Item = (String, bool)> {
        self.0.iter().map(|(command, ran)| (command.text(), ran.is_success()))
    }

    /// The checkers that accept it.
    pub(super) fn accepting(&self) -> Vec<String> {
        self.0.iter().filter(|(_, ran)| ran.is_success()).map(|(command, _)| command.text()).collect()
    }

    /// What fails now and did not before, with the checkers' words. One that failed before may say again what it
    /// said then.
    pub(super) fn new_failures(&self, before: &Checked) -> Vec<Message> {
        let mut failures = Vec::new();
        for (command, now) in self.0.iter().filter(|(_, ran)| !ran.is_success()) {
            let then = before.0.iter().find(|(other, _)| other == command).map(|(_, ran)| ran);
            let same = then.is_some_and(|then| {
                then.ending == now.ending && complaints(&now.said).is_subset(&complaints(&then.said))
            });
            if !same {
                failures.push(words(command, now));
            }
        }
        failures
    }
}

fn both(one: &Doubts, other: &Doubts) -> Doubts {
    one.iter().chain(other).map(|(path, who)| (path.clone(), who.clone())).collect()
}

/// So many of the paths that others can write are named.
const NAMED: usize = 5;

/// Why root runs nothing for a configuration, and what can be done instead.
fn doubtful(what: &str, option: &str, service: &str, main: &Path, doubts: &Doubts) -> anyhow::Error {
    let user = user_name(own_user());
    let first = format!(
        "{}: others can write what the {what} of {service} acts on, so it is not run as {user}:",
        main.display()
    );
    let line = |(path, who): (&PathBuf, &Writers)| format!("    {}: {}", path.display(), described(who));
    let more = doubts.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!("    and {more} more"));
    let help = format!(
        "help: name the command with {option} {service}=COMMAND (it is run as given){}; or leave this configuration out by \
         naming the others (tlsmend fix PATH){}",
        owner(doubts).map_or_else(String::new, |owner| format!("; run this as {owner}")),
        if option == "--check-with" { "; or have it untested with --without-check" } else { "" }
    );
    let lines = std::iter::once(first).chain(doubts.iter().take(NAMED).map(line)).chain(more);
    anyhow::Error::new(Message::of(lines.chain([help, "nothing was changed".to_owned()])))
}

/// The only user whose word it would be.
fn owner(doubts: &Doubts) -> Option<String> {
    let all = doubts.values().cloned().fold(Writers::default(), Writers::and);
    let mut users = all.users();
    let only = users.next().filter(|_| !all.is_everybody() && all.groups().next().is_none());
    only.filter(|_| users.next().is_none()).map(|user| user_name(*user))
}

/// A command, how it ended and what it said.
fn words(command: &CommandLine, ran: &Ran) -> Message {
    // Indented, so that no line of theirs looks like one of ours.
    let said: Vec<String> = ran.said.lines().filter(|l| !l.trim().is_empty()).map(|l| format!("    {l}")).collect();
    let colon = if said.is_empty() { "" } else { ":" };
    Message::from(format!("`{}` {}{colon}", command.text(), ran.ending())).then(Message::of(said))
}

/// What a checker complains about: its lines, without what is different each time (times, numbers of processes).
fn complaints(said: &str) -> BTreeSet<String> {
    let plain = |line: &str| {
        let words = line.split_whitespace().filter(|word| {
            let volatile = |b: u8| b.is_ascii_digit() || b"/:.#[],".contains(&b);
            !word.bytes().all(volatile)
        });
        words.collect::<Vec<_>>().join(" ")
    };
    said.lines().map(plain).filter(|line| !line.is_empty()).collect()
}

/// `SERVICE=COMMAND`
fn given(option: &str, texts: &[String]) -> Result<BTreeMap<String, CommandLine>> {
    let mut commands = BTreeMap::new();
    for text in texts {
        let wrong = |why: &str| anyhow!("{option} {text}: {why}");
        let (service, command) = text.split_once('=').ok_or_else(|| wrong("it has to be SERVICE=COMMAND"))?;
        let names = services::names();
        if !names.contains(&service) {
            let names = names.join(", ");
            return Err(wrong(&format!("there is no service {service}; they are {names}")));
        }
        let command = CommandLine::given(command).map_err(|why| wrong(&why))?;
        if commands.insert(service.to_owned(), command).is_some() {
            return Err(wrong(&format!("there is one for {service} already")));
        }
    }
    Ok(commands)
}

/// The instances that a journal names.
pub(super) fn named(instances: &[crate::transaction::Instance]) -> Vec<(ServiceId, PathBuf)> {
    let known = |name: &str| services::all().iter().find(|service| service.id().0 == name).map(|service| service.id());
    instances.iter().filter_map(|one| Some((known(&one.service)?, one.main.path()?))).collect()
}

/// The same for a journal.
pub(super) fn to_journal(instances: &[(ServiceId, PathBuf)]) -> Vec<crate::transaction::Instance> {
    let one = |(service, main): &(ServiceId, PathBuf)| crate::transaction::Instance {
        service: service.0.to_owned(),
        main: crate::transaction::Name::of(Path::new(main)),
    };
    instances.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_compared_without_times() {
        let then = "2026/01/31 12:00:00 [emerg] 12#12: unknown directive \"x\" in /etc/nginx/nginx.conf:3\n";
        let now = then.replace("12", "13");
        assert_eq!(complaints(then), complaints(&now));
        assert_ne!(complaints(then), complaints("[emerg] unknown directive \"y\" in /etc/nginx/nginx.conf:3\n"));
    }

    #[test]
    fn commands_are_given_by_service() {
        let texts = |texts: &[&str]| given("--check-with", &texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        assert_eq!(texts(&["nginx=/x -t", "apache=y"]).expect("both").len(), 2);
        for (wrong, why) in [("nginx", "SERVICE=COMMAND"), ("ngnix=x", "no service"), ("nginx= ", "names no program")] {
            let error = texts(&[wrong]).expect_err("is refused").to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
