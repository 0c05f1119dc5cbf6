//! The main files that command lines name, and the directives that they add.

use super::build::Build;
use super::facts::{Fact, Facts, Obstacle, Software, Standing, Start};
use super::options::Options;
use super::product::{Product, Products, product};
use crate::instance::{CommandLine, MainFile, ServiceId};
use crate::system::{Kind, System, leads_to, normalize};
use crate::trust::Writers;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Works out what the command lines of the facts mean: main files, directives, names.
pub(crate) fn add(system: &dyn System, facts: &mut Facts, products: Products<'_>) {
    let mut builds = Builds::new(system, products);
    let mut files: Vec<(Standing, MainFile)> = Vec::new();
    let mut problems: Vec<Obstacle> = Vec::new();
    let starts = std::mem::take(&mut facts.starts);
    for start in starts.iter().filter(|start| start.standing != Standing::Contained) {
        let Some(product) = product(products, start.service) else { continue };
        let options = options(start, product);
        let build = builds.of(start).or_else(|| facts.of(start.service).build.value.clone());
        match main_file(&options, build.as_ref()) {
            Ok(Some(path)) => {
                let letters = &product.program().options;
                let letter = if options.main.is_some() { letters.main } else { letters.prefix };
                let source = format!("-{letter} of {}", start.source);
                let command_line = Some(CommandLine { directives: options.directives, defines: options.defines });
                let (unit, named_by) = (start.unit.clone(), start.named_by.clone());
                // It is theirs to name only what they can read; the server that runs may be able to all the same.
                if !named_by.is_empty() && system.is_hidden_from(&path, &named_by).unwrap_or(true) {
                    let path = path.display();
                    let what = format!(
                        "{}: {path} is not read: it is named by {named_by}, who may not be able to read it",
                        start.source
                    );
                    problems.push(Obstacle::of(start.service, what));
                    continue;
                }
                let (service, is_in_use) = (start.service, start.is_proven);
                let file = MainFile { service, path, source, unit, named_by, is_in_use, command_line };
                files.push((start.standing, file));
            }
            Ok(None) => {}
            Err(problem) => problems.push(Obstacle::of(start.service, format!("{}: {problem}", start.source))),
        }
    }
    for product in products {
        let (service, software) = (product.id(), facts.of(product.id()));
        let Some(path) = software.build.value.as_ref().map(Build::usual_main) else { continue };
        let of_it = |start: &&Start| start.service == service && start.is_proven;
        let is_in_use = starts.iter().filter(of_it).any(|start| names_no_main(&options(start, *product)));
        if system.kind(&path).is_ok_and(|kind| kind == Kind::File) {
            let source = format!("built into {}", software.build.source);
            let named_by = Writers::default();
            let file = MainFile { service, path, source, unit: None, named_by, is_in_use, command_line: None };
            files.push((Standing::Named, file));
        }
    }
    let mut merged: Vec<(Standing, MainFile)> = Vec::new();
    let mut places: HashMap<(ServiceId, PathBuf), usize> = HashMap::new();
    for (standing, file) in files {
        let place = *places.entry((file.service, file.path.clone())).or_insert(merged.len());
        match merged.get_mut(place) {
            Some((known_standing, known)) => {
                // What others say of a main file that root's servers have counts for nothing.
                if !file.named_by.is_empty() && known.named_by.is_empty() {
                    continue;
                }
                if file.named_by.is_empty() && !known.named_by.is_empty() {
                    (*known_standing, *known) = (standing, file);
                    continue;
                }
                known.is_in_use |= file.is_in_use;
                // A running server does not say which unit started it, but a unit with the same main file does.
                known.unit = known.unit.take().or(file.unit);
                let both_run = (*known_standing, standing) == (Standing::Running, Standing::Running);
                if both_run && known.command_line != file.command_line {
                    let path = file.path.display();
                    let what = format!("{path}: {} and {} say different things", known.source, file.source);
                    problems.push(Obstacle::of(known.service, what));
                }
            }
            None => merged.push((standing, file)),
        }
    }
    facts.main_files = merged.into_iter().map(|(_, file)| file).collect();
    for product in products {
        let found = settle_usual(*product, facts.of_mut(product.id()), &starts);
        problems.extend(found.into_iter().map(|what| Obstacle::of(product.id(), what)));
    }
    facts.problems.extend(problems);
    facts.starts = starts;
}

/// What counts for the usual main file comes from the command lines that name no other. Gives what is in doubt or not read.
fn settle_usual(product: &dyn Product, software: &mut Software, starts: &[Start]) -> Vec<String> {
    let spec = product.program();
    let own = starts.iter().filter(|start| start.service == product.id() && is_hosts_own(start));
    let own: Vec<(&Start, Options)> = own.map(|start| (start, options(start, product))).collect();
    let usual = || own.iter().filter(|(_, options)| names_no_main(options));
    let mut problems = Vec::new();
    // Which one counts: a running one, the one of the usual unit.
    let rank = |start: &Start| {
        let unit = spec.units.first().map(|name| format!("/{name}.service")).unwrap_or_default();
        (start.standing, start.standing == Standing::Named && !start.source.contains(&unit))
    };
    if spec.options.reads_directives
        && let Some((_, options)) = usual().min_by_key(|(start, _)| rank(start))
    {
        software.directives = options.directives.join(" ");
    }
    let mut running = usual().filter(|(start, _)| start.standing == Standing::Running);
    if spec.options.defines.is_some()
        && let Some((first, options)) = running.next()
    {
        if running.any(|(_, other)| other.defines != options.defines) {
            let program = spec.settings.program;
            problems.push(format!("running {program}s have different names (-D): say with --define which count"));
        } else {
            software.defines = Fact::known(options.defines.clone(), first.source.clone());
        }
    }
    for (start, options) in &own {
        problems.extend(product.unread(options).into_iter().map(|text| format!("{}: {text}", start.source)));
    }
    problems
}

/// The options, besides the main file, that the server of an instance is started with and that decide what its
/// configuration means: the prefix, directives, names. Those of a running server first.
pub fn start_options(system: &dyn System, facts: &Facts, product: &'static dyn Product, main: &Path) -> Vec<String> {
    let (service, letters) = (product.id(), &product.program().options);
    let products = [product];
    let mut builds = Builds::new(system, &products);
    let is_it = |path: &Path| leads_to(system, path, main);
    let mut reads = |start: &&Start| {
        let build = builds.of(start).or_else(|| facts.of(service).build.value.clone());
        match main_file(&options(start, product), build.as_ref()) {
            Ok(Some(path)) => is_it(&path),
            Ok(None) => build.is_some_and(|build| is_it(&build.usual_main())),
            Err(_) => false,
        }
    };
    // They become a part of a command that root runs: what only looks like a server has no say.
    let mut starts = facts.starts.iter().filter(|start| start.service == service && start.is_proven);
    let mut words = Vec::new();
    let Some(found) = starts.find(&mut reads).map(|start| options(start, product)) else { return words };
    words.extend(found.prefix.into_iter().flat_map(|path| [format!("-{}", letters.prefix), path]));
    if letters.reads_directives && !found.directives.is_empty() {
        words.extend([format!("-{}", letters.directives), found.directives.join(" ")]);
    }
    let defines = letters.defines.into_iter().flat_map(|letter| found.defines.iter().map(move |name| (letter, name)));
    words.extend(defines.flat_map(|(letter, name)| [format!("-{letter}"), name.clone()]));
    words
}

/// Is that a server of the host itself, and not another user's?
fn is_hosts_own(start: &Start) -> bool {
    start.standing != Standing::Contained && start.named_by.is_empty()
}

fn names_no_main(options: &Options) -> bool {
    options.main.is_none() && options.prefix.is_none()
}

/// The options of a command line.
pub(super) fn options(start: &Start, product: &dyn Product) -> Options {
    Options::read(start.words.get(1..).unwrap_or_default(), &product.program().options)
}

/// The main file that options name; `None`: they name none.
pub(super) fn main_file(options: &Options, build: Option<&Build>) -> Result<Option<PathBuf>, String> {
    if names_no_main(options) {
        return Ok(None);
    }
    let unknown = "how the program was built is not known";
    let file = match (&options.main, build) {
        (Some(file), _) => PathBuf::from(file),
        (None, Some(build)) => build.main.clone(),
        (None, None) => return Err(format!("the main file can't be told: {unknown}")),
    };
    if file.is_absolute() {
        return Ok(Some(normalize(&file)));
    }
    let prefix = match (&options.prefix, build) {
        (Some(prefix), _) => PathBuf::from(prefix),
        (None, Some(build)) => build.prefix.clone(),
        (None, None) => return Err(format!("where {} lies can't be told: {unknown}", file.display())),
    };
    if !prefix.is_absolute() {
        return Err(format!("where {} lies can't be told: {} is a relative path", file.display(), prefix.display()));
    }
    Ok(Some(normalize(&prefix.join(file))))
}

/// How the programs that are started were built; reads each once.
pub(super) struct Builds<'a> {
    system: &'a dyn System,
    products: Products<'a>,
    known: BTreeMap<String, Option<Build>>,
}

impl<'a> Builds<'a> {
    pub(super) fn new(system: &'a dyn System, products: Products<'a>) -> Builds<'a> {
        Builds { system, products, known: BTreeMap::new() }
    }

    pub(super) fn of(&mut self, start: &Start) -> Option<Build> {
        let path = start.words.first().filter(|path| path.starts_with('/'))?;
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let product = product(self.products, start.service)?;
        let build = self.system.read(Path::new(path)).ok().and_then(|file| product.build(&file));
        self.known.insert(path.clone(), build.clone());
        build
    }
}

#[cfg(test)]
mod tests {
    use super::super::Given;
    use super::super::process::tests::add_process;
    use super::*;
    use crate::host::elf::tests::sample;
    use crate::services::nginx::Nginx;
    use crate::services::{self, apache, nginx};
    use crate::system::MemorySystem;

    fn shown(system: &MemorySystem) -> (Vec<String>, Facts) {
        let facts = super::super::gather(system, &Given { processes: true, ..Given::default() }, &services::products());
        let one = |f: &MainFile| format!("{} {} ({})", f.service, f.path.display(), f.source);
        (facts.main_files.iter().map(one).collect(), facts)
    }

    #[test]
    fn what_units_name() {
        let built = b"\0nginx/1.26.0\0configure arguments: --prefix=/opt/n --with-http_ssl_module\0";
        let mut system = MemorySystem::with_files([("/usr/sbin/nginx", sample(&[], built))]);
        let unit = |command: &str| format!("[Service]\nExecStart={command}\n");
        system.add_file("/etc/systemd/system/a.service", unit("/usr/sbin/nginx -c shop.conf"));
        system.add_file("/etc/systemd/system/b.service", unit("/usr/sbin/nginx -p /srv/b/"));
        system.add_file("/etc/systemd/system/c.service", unit("/none/nginx -c shop.conf"));
        system.add_file("/etc/systemd/system/d.service", unit("/usr/sbin/httpd -d /srv/d -f web.conf -D X"));
        system.add_file("/etc/systemd/system/nginx.service", unit("/usr/sbin/nginx -g 'pcre_jit on;'"));
        let (files, facts) = shown(&system);
        assert_eq!(
            files,
            [
                "nginx /opt/n/shop.conf (-c of /etc/systemd/system/a.service)",
                "nginx /srv/b/conf/nginx.conf (-p of /etc/systemd/system/b.service)",
                // The installed program stands for one that is not there.
                "apache /srv/d/web.conf (-f of /etc/systemd/system/d.service)",
            ]
        );
        assert_eq!(facts.of(nginx::ID).directives, "pcre_jit on;");
        assert_eq!(facts.problems, []);
        system.add_file("/opt/n/conf/nginx.conf", "events {}\n");
        assert_eq!(shown(&system).0[3], "nginx /opt/n/conf/nginx.conf (built into /usr/sbin/nginx)");
    }

    #[test]
    fn what_a_checker_has_to_be_told_too() {
        let unit = |command: &str| format!("[Service]\nExecStart={command}\n");
        let mut system = MemorySystem::with_files([("/srv/d/web.conf", "")]);
        system.add_file("/srv/b/x.conf", "");
        system
            .add_file("/etc/systemd/system/b.service", unit("/usr/sbin/nginx -p /srv/b/ -c x.conf -g 'a on; b off;'"));
        system.add_file("/etc/systemd/system/d.service", unit("/usr/sbin/httpd -d /srv/d -f web.conf -D X -D Y"));
        let (_, facts) = shown(&system);
        let of = |service, main: &str| {
            start_options(&system, &facts, services::of(ServiceId(service)).expect("a service"), Path::new(main))
                .join("|")
        };
        assert_eq!(of("nginx", "/srv/b/x.conf"), "-p|/srv/b/|-g|a on; b off;");
        assert_eq!(of("apache", "/srv/d/web.conf"), "-d|/srv/d|-D|X|-D|Y");
        assert_eq!(of("nginx", "/etc/nginx/nginx.conf"), "");
    }

    #[test]
    fn what_can_not_be_told_is_said() {
        let unit = "[Service]\nExecStart=/usr/sbin/nginx -c shop.conf\n";
        let system = MemorySystem::with_files([
            ("/etc/systemd/system/a.service", unit),
            (
                "/etc/systemd/system/b.service",
                "[Service]\nExecStart=/usr/sbin/httpd -C 'SSLProtocol all' -C 'User x'\n",
            ),
        ]);
        let (files, facts) = shown(&system);
        assert_eq!(files, [] as [&str; 0]);
        let problems: Vec<&str> = facts.problems.iter().map(|problem| problem.what.as_str()).collect();
        assert_eq!(
            problems,
            [
                "/etc/systemd/system/a.service: where shop.conf lies can't be told: how the program was built is not known",
                "/etc/systemd/system/b.service: the directive \"SSLProtocol all\" is not read",
            ]
        );
    }

    #[test]
    fn running_servers_beat_units() {
        let mut system = MemorySystem::with_files([
            ("/etc/systemd/system/nginx.service", "[Service]\nExecStart=/usr/sbin/nginx -g 'daemon on;' -c /a.conf\n"),
            ("/etc/systemd/system/httpd.service", "[Service]\nExecStart=/usr/sbin/httpd -D UNIT\n"),
        ]);
        let nginx = "/usr/sbin/nginx";
        add_process(&mut system, 5, "nginx: master process /usr/sbin/nginx -g pcre_jit on; -c /b.conf\0", nginx, 0);
        add_process(&mut system, 6, "/usr/sbin/httpd\0-D\0RUNS\0", "/usr/sbin/httpd", 0);
        add_process(&mut system, 7, "nginx: master process nginx -c /c.conf\0", nginx, 0);
        system.add_file("/proc/7/status", "Uid:\t0\t0\t0\t0\nNSpid:\t7\t1\n");
        let (files, facts) = shown(&system);
        assert_eq!(
            files,
            ["nginx /b.conf (-c of process 5)", "nginx /a.conf (-c of /etc/systemd/system/nginx.service)"]
        );
        let global = |facts: &Facts, main: &str| {
            facts.command_line(ServiceId("nginx"), Path::new(main)).map(|line| line.directives.join(" "))
        };
        assert_eq!(global(&facts, "/b.conf").as_deref(), Some("pcre_jit on;"));
        assert_eq!(global(&facts, "/a.conf").as_deref(), Some("daemon on;"));
        assert_eq!((global(&facts, "/other.conf"), facts.of(nginx::ID).directives.as_str()), (None, ""));
        assert_eq!(facts.of(apache::ID).defines, Fact::known(vec!["RUNS".to_owned()], "process 6"));
        assert_eq!(facts.starts.len(), 5);
        let still = super::super::gather(&system, &Given::default(), &services::products());
        assert_eq!(still.of(apache::ID).defines.value, Some(vec!["UNIT".to_owned()]));
    }

    #[test]
    fn the_word_of_others() {
        let unit = "[Service]\nExecStart=/usr/sbin/nginx -c /a.conf\n";
        let mut system = MemorySystem::with_files([("/etc/systemd/system/a.service", unit)]);
        for file in ["/a.conf", "/home/x/own.conf", "/root/secret.conf"] {
            system.add_file(file, "");
        }
        system.give("/root", 0, 0o700);
        for (number, command, user) in [
            (5, "nginx -c /home/x/own.conf -g load_module x;", 1000),
            // What root's unit names, with more.
            (6, "nginx -c /a.conf -g load_module x;", 1000),
            // What they can't read.
            (7, "nginx -c /root/secret.conf", 1000),
            (8, "nginx -g load_module x;", 1000),
        ] {
            let command = format!("nginx: master process {command}");
            add_process(&mut system, number, &command, "/usr/sbin/nginx", user);
        }
        add_process(&mut system, 9, "/usr/sbin/httpd\0-D\0X\0", "/usr/sbin/httpd", 1000);
        let (files, facts) = shown(&system);
        assert_eq!(
            files,
            ["nginx /a.conf (-c of /etc/systemd/system/a.service)", "nginx /home/x/own.conf (-c of process 5)"]
        );
        let worth: Vec<(String, bool)> =
            facts.main_files.iter().map(|f| (f.named_by.to_string(), f.is_in_use)).collect();
        assert_eq!(worth, [(String::new(), true), ("user 1000".to_owned(), false)]);
        assert_eq!(
            (facts.of(nginx::ID).directives.as_str(), facts.of(apache::ID).defines.value.as_deref()),
            ("", None)
        );
        for main in ["/a.conf", "/home/x/own.conf", "/etc/nginx/nginx.conf"] {
            let options = start_options(&system, &facts, &Nginx, Path::new(main));
            assert_eq!(options, [] as [&str; 0], "{main}");
        }
        let named = |main: &str| facts.is_in_use(&system, ServiceId("nginx"), Path::new(main));
        assert!(named("/a.conf") && !named("/home/x/own.conf"));
    }
}
