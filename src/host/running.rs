//! The servers that run, by their processes.
//!
//! Anybody can start thousands of processes with whatever titles, so what is kept of those that are on others' word is
//! limited, and what is left out is said.

use super::evidence;
use super::facts::{Standing, Start};
use super::process::{LONGEST_COMMAND, Process};
use super::product::{Product, Products};
use crate::instance::ServiceId;
use crate::system::System;
use crate::trust::Writers;
use std::collections::BTreeMap;
use std::path::Path;

/// More processes than any host has.
const MOST_PROCESSES: usize = 1 << 20;
/// So many different command lines of processes on others' word are kept.
const MOST_OF_OTHERS: usize = 1000;
/// So many bytes of them in all.
const MOST_BYTES_OF_OTHERS: usize = 4 << 20;

/// The servers that run.
#[derive(Debug, Default)]
pub(super) struct Running {
    /// The command lines, each once. Those of others than root and the user come last, and not at all where they say the
    /// same as a server of theirs, whose workers they may be.
    pub(super) starts: Vec<Start>,
    /// What was left out, as lowercase fragments.
    pub(super) left_out: Vec<String>,
}

/// What tells one command line from another, in the order in which they count.
type LineRank = (Standing, Writers, bool, ServiceId, Vec<String>);

/// The running servers of a host.
pub(super) fn by_processes(system: &dyn System, products: Products<'_>) -> Running {
    let mut found: BTreeMap<LineRank, u32> = BTreeMap::new();
    let (mut of_others, mut bytes_of_others) = (0, 0);
    let (mut long, mut many) = (Omitted::default(), Omitted::default());
    let entries = system.list(Path::new("/proc")).unwrap_or_default();
    let mut numbers: Vec<u32> = entries.iter().filter_map(|entry| entry.name.to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    for number in numbers.into_iter().take(MOST_PROCESSES) {
        let Some(process) = Process::look_at_server(system, products, number) else { continue };
        let Some(command) = &process.command else {
            long.add(number);
            continue;
        };
        let Some((product, words)) = server(products, command) else { continue };
        let Some(evidence) = evidence::of_process(system, &process, product) else { continue };
        let is_others = !evidence.word_of.is_empty() || evidence.is_elsewhere;
        let standing = if evidence.is_elsewhere { Standing::Contained } else { Standing::Running };
        let line = (standing, evidence.word_of, !evidence.is_proven, product.id(), words);
        if is_others && !found.contains_key(&line) {
            (of_others, bytes_of_others) = (of_others + 1, bytes_of_others + command.len());
            if of_others > MOST_OF_OTHERS || bytes_of_others > MOST_BYTES_OF_OTHERS {
                many.add(number);
                continue;
            }
        }
        found.entry(line).or_insert(number);
    }
    Running { starts: starts(found), left_out: left_out(&long, &many) }
}

fn starts(found: BTreeMap<LineRank, u32>) -> Vec<Start> {
    let mut starts: Vec<Start> = Vec::new();
    for ((standing, named_by, unproven, service, words), number) in found {
        let same = |known: &Start| (known.standing, known.service) == (standing, service) && known.words == words;
        if starts.iter().any(same) {
            continue;
        }
        let source = format!("process {number}");
        starts.push(Start { service, words, source, standing, unit: None, named_by, is_proven: !unproven });
    }
    starts
}

/// Processes that were left out.
#[derive(Debug, Default)]
struct Omitted {
    first: Option<u32>,
    others: usize,
}

impl Omitted {
    fn add(&mut self, number: u32) {
        match self.first {
            None => self.first = Some(number),
            Some(_) => self.others += 1,
        }
    }

    /// `process 7 and 2 others`; none: there is none.
    fn named(&self) -> Option<String> {
        let first = self.first?;
        Some(match self.others {
            0 => format!("process {first}"),
            1 => format!("process {first} and 1 other"),
            others => format!("process {first} and {others} others"),
        })
    }
}

fn left_out(long: &Omitted, many: &Omitted) -> Vec<String> {
    let long = long.named().map(|who| {
        let most = LONGEST_COMMAND >> 10;
        format!("{who}: the command line is longer than {most} KiB, so it is not known what this server reads")
    });
    let many = many.named().map(|who| {
        let (bytes, lines) = (MOST_BYTES_OF_OTHERS >> 20, MOST_OF_OTHERS);
        format!(
            "{who}: not looked at: of the servers of other users and containers, at most {lines} command lines \
             ({bytes} MiB) are read"
        )
    });
    long.into_iter().chain(many).collect()
}

/// The software and the command of a process, if it is the first one of a server.
pub(super) fn server(products: Products<'_>, cmdline: &[u8]) -> Option<(&'static dyn Product, Vec<String>)> {
    products.iter().find_map(|product| Some((*product, product.command_of(cmdline)?)))
}

#[cfg(test)]
mod tests {
    use super::super::process::tests::add_process;
    use super::*;
    use crate::services;
    use crate::system::MemorySystem;

    fn by_processes(system: &dyn System) -> Running {
        super::by_processes(system, &services::products())
    }

    fn shown(starts: &[Start]) -> Vec<String> {
        starts.iter().map(|s| format!("{} {:?} {} ({})", s.service, s.standing, s.words.join("|"), s.source)).collect()
    }

    #[test]
    fn processes() {
        let mut system = MemorySystem::with_files([("/proc/self/cmdline", "tlsmend\0")]);
        let (nginx, httpd) = ("/usr/sbin/nginx", "/usr/sbin/apache2");
        for (number, command, program, user) in [
            (7, "nginx: master process /usr/sbin/nginx -c /srv/x.conf\0\0\0", nginx, 0),
            (8, "nginx: worker process", nginx, 33),
            (12, "/usr/sbin/apache2\0-k\0start\0-D\0X Y\0", httpd, 0),
            // A worker: another user, and the same words.
            (13, "/usr/sbin/apache2\0-k\0start\0-D\0X Y\0", httpd, 33),
            (14, "/usr/sbin/apache2\0-t\0", httpd, 0),
            (20, "nginx: master process nginx -g daemon off;", nginx, 0),
            (21, "vi\0/etc/nginx/nginx.conf\0", "/usr/bin/vi", 0),
            // What anybody can do.
            (30, "nginx: master process /usr/sbin/nginx -c /home/x/n.conf", "/usr/bin/cat", 1000),
            (31, "nginx: master process /usr/sbin/nginx -g load_module x;", "/usr/bin/sudo", 0),
            (32, "/usr/sbin/apache2\0-f\0/home/x/h.conf\0", "/usr/bin/cat", 1000),
            // A server of a user's own.
            (33, "nginx: master process nginx -c /home/x/own.conf", nginx, 1000),
        ] {
            add_process(&mut system, number, command, program, user);
        }
        system.add_file("/proc/20/status", "Uid:\t0\t0\t0\t0\nNSpid:\t20\t1\n");
        let starts = by_processes(&system).starts;
        assert_eq!(
            shown(&starts),
            [
                "apache Running /usr/sbin/apache2|-k|start|-D|X Y (process 12)",
                "nginx Running /usr/sbin/nginx|-c|/srv/x.conf (process 7)",
                "nginx Running nginx|-c|/home/x/own.conf (process 33)",
                "nginx Contained nginx|-g|daemon off; (process 20)",
            ]
        );
        let worth: Vec<(String, bool)> = starts.iter().map(|s| (s.named_by.to_string(), s.is_proven)).collect();
        let nobody = String::new;
        assert_eq!(worth, [(nobody(), true), (nobody(), true), ("user 1000".to_owned(), false), (nobody(), false)]);
    }

    /// Whoever fills the list fills it with their own words only.
    #[test]
    fn what_others_run_is_limited_and_what_is_left_out_is_said() {
        let mut system = MemorySystem::with_files([("/usr/sbin/nginx", "")]);
        let title = |number: u32, more: &str| format!("nginx: master process nginx -c /home/x/{number}.conf {more}");
        for number in 10..1200 {
            add_process(&mut system, number, &title(number, ""), "/usr/sbin/nginx", 1000);
        }
        add_process(&mut system, 5000, "nginx: master process nginx -c /srv/own.conf", "/usr/sbin/nginx", 0);
        let running = by_processes(&system);
        assert_eq!(running.starts.len(), MOST_OF_OTHERS + 1);
        assert_eq!(running.starts[0].source, "process 5000");
        assert_eq!(running.left_out.len(), 1);
        assert!(
            running.left_out[0].starts_with("process 1010 and 189 others: not looked at"),
            "{:?}",
            running.left_out
        );

        let mut system = MemorySystem::with_files([("/usr/sbin/nginx", "")]);
        let long = "x".repeat(LONGEST_COMMAND as usize - 100);
        for number in 10..60 {
            add_process(&mut system, number, &title(number, &long), "/usr/sbin/nginx", 1000);
        }
        for number in 60..62 {
            add_process(&mut system, number, &title(number, &(long.clone() + &long)), "/usr/sbin/nginx", 1000);
        }
        let running = by_processes(&system);
        let bytes: usize = running.starts.iter().map(|start| start.text().len()).sum();
        assert!(bytes <= MOST_BYTES_OF_OTHERS && running.starts.len() > 30, "{bytes} {}", running.starts.len());
        assert!(running.left_out[0].starts_with("process 60 and 1 other: the command line is longer"));
        assert!(running.left_out[1].starts_with("process 42 and 17 others"), "{:?}", running.left_out);
    }
}
