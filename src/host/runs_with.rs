//! The main file that a running server reads, where its command line tells.
//!
//! For telling one nginx from another at an address. What is in doubt is not told: servers in containers, below another
//! root or in another view of the file system, relative paths below a relative prefix, programs that were replaced.

use super::evidence;
use super::facts::{Standing, Start};
use super::main_files::{Builds, main_file, options};
use super::process::Process;
use super::product::Products;
use super::running::server;
use crate::system::System;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The main files of running servers; reads each process once.
pub(super) struct RunsWith<'a> {
    system: &'a dyn System,
    products: Products<'a>,
    builds: Builds<'a>,
    known: BTreeMap<u32, Option<PathBuf>>,
}

impl<'a> RunsWith<'a> {
    pub(super) fn new(system: &'a dyn System, products: Products<'a>) -> RunsWith<'a> {
        RunsWith { system, products, builds: Builds::new(system, products), known: BTreeMap::new() }
    }

    /// Of a process, or of its parent, whose worker it is: those of nginx do not say it themselves.
    pub(super) fn of(&mut self, process: &Process, parent: Option<u32>) -> Option<PathBuf> {
        let own = match self.known.get(&process.number) {
            Some(known) => known.clone(),
            None => self.read(process),
        };
        self.known.insert(process.number, own.clone());
        own.or_else(|| self.of_parent(parent?))
    }

    fn of_parent(&mut self, number: u32) -> Option<PathBuf> {
        if let Some(known) = self.known.get(&number) {
            return known.clone();
        }
        let found = Process::look_at_server(self.system, self.products, number).and_then(|process| self.read(&process));
        self.known.insert(number, found.clone());
        found
    }

    fn read(&mut self, process: &Process) -> Option<PathBuf> {
        let (product, mut words) = server(self.products, process.command.as_ref()?)?;
        let evidence = evidence::of_process(self.system, process, product)?;
        if evidence.is_elsewhere || !process.identity.shares_our_view(self.system) {
            return None;
        }
        // The program itself; one that was replaced has a name that leads nowhere.
        if let (Some(first), Some(program)) = (words.first_mut(), &process.identity.program) {
            *first = program.to_string_lossy().into_owned();
        }
        let (service, source) = (product.id(), format!("process {}", process.number));
        let (named_by, is_proven) = (evidence.word_of, evidence.is_proven);
        let start = Start { service, words, source, standing: Standing::Running, unit: None, named_by, is_proven };
        let build = self.builds.of(&start);
        match main_file(&options(&start, product), build.as_ref()) {
            Ok(Some(path)) => Some(path),
            Ok(None) => build.map(|build| build.usual_main()),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::process::tests::add_process;
    use super::*;
    use crate::host::elf::tests::sample;
    use crate::services;
    use crate::system::MemorySystem;

    #[test]
    fn what_command_lines_tell() {
        let built = b"\0nginx/1.26.0\0configure arguments: --prefix=/opt/n --conf-path=/etc/nginx/nginx.conf\0";
        let mut system = MemorySystem::with_files([("/usr/sbin/nginx", sample(&[], built))]);
        for (process, command) in [
            (2, "nginx: master process nginx -g daemon on; -c /srv/a.conf"),
            (3, "nginx: worker process"),
            (4, "nginx: master process nginx"),
            (5, "nginx: master process nginx -c b.conf"),
            (6, "nginx: master process nginx -p /srv/./c/ -c d.conf"),
            (7, "nginx: master process nginx -p c -c d.conf"),
            (8, "nginx: master process nginx -c /srv/a.conf"),
            (9, "nginx: master process nginx -c /srv/a.conf"),
            (10, "nginx: master process nginx"),
            (11, "/usr/sbin/apache2\0-k\0start\0-f\0/srv/e.conf\0"),
            (12, "/usr/sbin/apache2\0-k\0start\0"),
            (13, "stunnel\0-c\0/srv/a.conf\0"),
            (14, "nginx: master process nginx -c /srv/a.conf"),
        ] {
            let program = match process {
                10 => "/usr/sbin/nginx (deleted)",
                11 | 12 => "/usr/sbin/apache2",
                _ => "/usr/sbin/nginx",
            };
            add_process(&mut system, process, command, program, 0);
        }
        system.add_file("/proc/8/status", "Uid:\t0\t0\t0\t0\nNSpid:\t8\t1\n");
        system.add_link("/proc/9/root", "/srv/jail");
        system.add_link("/proc/14/ns/mnt", "mnt:[14]");
        let products = services::products();
        let mut all = RunsWith::new(&system, &products);
        let mut of = |process, parent| {
            let process = Process::look(&system, process).expect("a process");
            all.of(&process, parent).map(|path| path.display().to_string())
        };
        for (process, parent, main) in [
            (2, Some(1), Some("/srv/a.conf")),
            (3, Some(2), Some("/srv/a.conf")),
            (3, None, None),
            (4, None, Some("/etc/nginx/nginx.conf")),
            (5, None, Some("/opt/n/b.conf")),
            (6, None, Some("/srv/c/d.conf")),
            (7, None, None),
            (8, None, None),
            (9, None, None),
            (10, None, None),
            (11, None, Some("/srv/e.conf")),
            (12, None, None),
            (13, None, None),
            (14, None, None),
        ] {
            assert_eq!(of(process, parent).as_deref(), main, "{process}");
        }
    }
}
