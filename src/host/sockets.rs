//! Who listens at an address: sockets and processes, as /proc has them.

use super::owner::{Owner, Owners};
use super::process::LONGEST_COMMAND;
use super::product::Products;
use crate::system::{System, trusted};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::SystemTime;

/// More processes than this are not looked at.
const MOST_PROCESSES: usize = 50_000;
/// So many open files of one process are looked at, those with the lowest numbers: servers open their sockets first.
const MOST_OF_ONE: usize = 1 << 14;
/// So many of all processes of one user; root and the user of this process have more room.
const MOST_OF_USER: usize = 100_000;
const MOST_OF_OWN: usize = 4_000_000;
/// A socket that listens, in /proc/net/tcp.
const LISTENS: &str = "0A";

/// The listening sockets of this machine.
#[derive(Debug, Default)]
pub struct Sockets {
    listening: Vec<(SocketAddr, u64)>,
    own_v6: Vec<Ipv6Addr>,
    owners: BTreeMap<u64, Vec<Owner>>,
    /// The open files of all processes can be seen, not only those of this user.
    sees_all: bool,
    /// A user whose open files were not all looked at, where so the owner of a socket may have been missed.
    too_many: Option<u32>,
}

impl Sockets {
    /// Reads them. Processes of other users are visible to root only.
    pub fn read(system: &dyn System, products: Products<'_>, now: SystemTime) -> Sockets {
        let bare = Sockets::without_owners(system);
        let wanted: BTreeSet<u64> = bare.listening.iter().map(|(_, inode)| *inode).collect();
        let (owners, too_many) = owners(system, products, &wanted, now);
        let too_many = too_many.filter(|_| wanted.iter().any(|inode| !owners.contains_key(inode)));
        let sees_all = system.list(Path::new("/proc/1/fd")).is_ok();
        Sockets { owners, sees_all, too_many, ..bare }
    }

    /// Reads where anybody listens, without looking at all processes.
    pub fn without_owners(system: &dyn System) -> Sockets {
        let mut listening = Vec::new();
        for file in ["tcp", "tcp6"] {
            // The network of this thread, which may be another one than that of the process.
            let path = Path::new("/proc/thread-self/net").join(file);
            let bytes = system.read(&path).unwrap_or_default();
            listening.extend(String::from_utf8_lossy(&bytes).lines().filter_map(parse_line));
        }
        let bytes = system.read(Path::new("/proc/thread-self/net/if_inet6")).unwrap_or_default();
        let own_v6 = String::from_utf8_lossy(&bytes).lines().filter_map(own_v6).collect();
        Sockets { listening, own_v6, ..Sockets::default() }
    }

    /// Does somebody listen at just this address, and so at no other by the same socket?
    pub fn has(&self, address: SocketAddr) -> bool {
        self.listening().any(|at| at.port() == address.port() && at.ip().to_canonical() == address.ip().to_canonical())
    }

    /// Why it is not known who listens at some address, as a lowercase fragment.
    pub fn left_out(&self) -> Option<String> {
        let user = self.too_many?;
        Some(format!(
            "who listens at some addresses is not known: user {user} has more than {MOST_OF_USER} open files (or \
             {MOST_OF_ONE} in one process), and not all of them were looked at"
        ))
    }

    /// The addresses that are listened at, whoever does.
    pub fn listening(&self) -> impl Iterator<Item = SocketAddr> {
        self.listening.iter().map(|(address, _)| *address)
    }

    /// The IPv6 addresses of this machine that need no interface beside them.
    pub fn own_v6(&self) -> &[Ipv6Addr] {
        &self.own_v6
    }

    /// All processes that listen somewhere; one with several sockets several times.
    pub fn owners(&self) -> impl Iterator<Item = &Owner> {
        self.owners.values().flatten()
    }

    /// The processes that listen at an address. `None`: nobody does, or nobody knows who does.
    pub fn of(&self, address: SocketAddr) -> Option<&[Owner]> {
        self.owners.get(&self.socket(address)?).map(Vec::as_slice)
    }

    /// Does a process listen at an address that can't be seen here, where all are seen that are of this machine or container?
    pub fn is_hidden(&self, address: SocketAddr) -> bool {
        // Sockets of the kernel's own have no number.
        let socket = self.socket(address).filter(|inode| *inode != 0);
        self.sees_all && self.too_many.is_none() && socket.is_some_and(|inode| !self.owners.contains_key(&inode))
    }

    /// The socket that takes connections to an address, by its inode.
    fn socket(&self, address: SocketAddr) -> Option<u64> {
        let here = self.listening.iter().filter(|(a, _)| a.port() == address.port());
        let exact = here.clone().find(|(a, _)| a.ip().to_canonical() == address.ip().to_canonical());
        let wildcard = |v6: bool| here.clone().find(move |(a, _)| a.ip().is_unspecified() && a.is_ipv6() == v6);
        let (_, inode) = match address.ip().to_canonical() {
            IpAddr::V4(_) => exact.or_else(|| wildcard(false)).or_else(|| wildcard(true))?,
            IpAddr::V6(_) => exact.or_else(|| wildcard(true))?,
        };
        Some(*inode)
    }
}

/// A line of /proc/net/tcp: the address and the inode of a socket that listens.
fn parse_line(line: &str) -> Option<(SocketAddr, u64)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    if *words.get(3)? != LISTENS {
        return None;
    }
    let (ip, port) = words.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(ip.get(at * 8..at * 8 + 8)?, 16).ok();
    // The words are as they lie in memory.
    let ip = match ip.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?.to_ne_bytes())),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?].map(u32::to_ne_bytes);
            IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?))
        }
        _ => return None,
    };
    Some((SocketAddr::new(ip, port), words.get(9)?.parse().ok()?))
}

/// A line of /proc/net/if_inet6: an address, if it is valid everywhere (neither loopback nor of one link).
fn own_v6(line: &str) -> Option<Ipv6Addr> {
    let mut words = line.split_ascii_whitespace();
    let address = u128::from_str_radix(words.next()?, 16).ok()?;
    (words.nth(2)? == "00").then(|| Ipv6Addr::from(address))
}

/// The processes that have these sockets, and a user of whom not all was looked at.
fn owners(
    system: &dyn System,
    products: Products<'_>,
    wanted: &BTreeSet<u64>,
    now: SystemTime,
) -> (BTreeMap<u64, Vec<Owner>>, Option<u32>) {
    let mut found: BTreeMap<u64, Vec<Owner>> = BTreeMap::new();
    let mut parents: BTreeSet<u32> = BTreeSet::new();
    let mut look = Owners::new(system, products, now);
    let mut room = FileRoom::default();
    let entries = system.list(Path::new("/proc")).unwrap_or_default();
    let numbers = entries.iter().filter_map(|entry| entry.name.to_str()?.parse::<u32>().ok());
    for number in numbers.take(MOST_PROCESSES) {
        let folder = Path::new("/proc").join(number.to_string());
        let descriptors = folder.join("fd");
        let mut inodes: BTreeSet<u64> = BTreeSet::new();
        for descriptor in room.descriptors(system, &folder) {
            let Ok(target) = system.link(&descriptors.join(descriptor.to_string())) else { continue };
            let text = target.to_string_lossy();
            let inode = text.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')?.parse().ok());
            inodes.extend(inode.filter(|inode| wanted.contains(inode)));
        }
        if inodes.is_empty() {
            continue;
        }
        let Some((owner, parent)) = look.of(number) else { continue };
        parents.extend(parent);
        for inode in inodes {
            found.entry(inode).or_default().push(owner.clone());
        }
    }
    // Who started another one that listens leaves the clients to it, and lives on when it is replaced.
    for owner in found.values_mut().flatten() {
        owner.worker = owner.worker && !parents.contains(&owner.process);
    }
    (found, room.too_many)
}

/// How many open files are still looked at. Any user can have millions, so each has room of their own.
#[derive(Default)]
struct FileRoom {
    /// How many were looked at, by user.
    seen: BTreeMap<u32, usize>,
    too_many: Option<u32>,
}

impl FileRoom {
    /// The numbers of the open files of a process that are looked at.
    fn descriptors(&mut self, system: &dyn System, folder: &Path) -> Vec<u32> {
        let Some(user) = user_of(system, folder) else { return Vec::new() };
        let most = if trusted().is_user(user) { MOST_OF_OWN } else { MOST_OF_USER };
        let seen = self.seen.entry(user).or_default();
        if *seen >= most {
            self.too_many.get_or_insert(user);
            return Vec::new();
        }
        let entries = system.list(&folder.join("fd")).unwrap_or_default();
        *seen += entries.len();
        let mut numbers: Vec<u32> = entries.iter().filter_map(|entry| entry.name.to_str()?.parse().ok()).collect();
        numbers.sort_unstable();
        if numbers.len() > MOST_OF_ONE {
            self.too_many.get_or_insert(user);
            numbers.truncate(MOST_OF_ONE);
        }
        numbers
    }
}

/// The user whose rights a process has.
fn user_of(system: &dyn System, folder: &Path) -> Option<u32> {
    let status = system.read_at_most(&folder.join("status"), LONGEST_COMMAND).ok()?;
    let status = String::from_utf8_lossy(&status);
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Whose;
    use crate::instance::ServiceId;
    use crate::services;
    use crate::system::MemorySystem;
    use crate::trust::Writers;
    use std::time::Duration;

    fn read(system: &dyn System, now: SystemTime) -> Sockets {
        Sockets::read(system, &services::products(), now)
    }

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn machine() -> MemorySystem {
        let row = |ip: &str, state: &str, inode: u32| {
            format!(
                "   0: {ip}:01BB 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 x\n"
            )
        };
        let tcp = [HEAD.to_owned(), row("00000000", "0A", 11), row("0100007F", "0A", 12), row("0200007F", "01", 13)];
        let tcp6 = [
            HEAD.to_owned(),
            row("00000000000000000000000001000000", "0A", 14),
            row("00000000000000000000000002000000", "0A", 15),
        ];
        let mut system = MemorySystem::with_files([
            ("/proc/thread-self/net/tcp", tcp.concat()),
            ("/proc/thread-self/net/tcp6", tcp6.concat()),
            (
                "/proc/thread-self/net/if_inet6",
                "00000000000000000000000000000001 01 80 10 80 lo\n\
                 20010db8000000000000000000000007 02 40 00 80 eth0\n\
                 fe800000000000000000000000000007 02 40 20 80 eth0\n"
                    .to_owned(),
            ),
            ("/proc/uptime", "1000.50 7.00\n".to_owned()),
            ("/proc/7/stat", format!("7 (a) b) S 1 {} 90050 0", "0 ".repeat(17))),
            ("/proc/7/cmdline", "nginx: master process nginx".to_owned()),
            ("/proc/8/stat", format!("8 (nginx) S 1 {} 99050 0", "0 ".repeat(17))),
            ("/proc/8/cmdline", "nginx: worker process".to_owned()),
            ("/proc/10/stat", format!("10 (apache2) S 1 {} 90050 0", "0 ".repeat(17))),
            ("/proc/11/stat", format!("11 (apache2) S 10 {} 99050 0", "0 ".repeat(17))),
            ("/proc/12/stat", format!("12 (apache2) S 10 {} 99050 0", "0 ".repeat(17))),
        ]);
        for (process, inode) in [(7, 11), (8, 11), (9, 12), (9, 14), (10, 15), (11, 15), (12, 15)] {
            system.add_link(format!("/proc/{process}/fd/{inode}"), format!("socket:[{inode}]"));
        }
        for (process, program) in [
            (7, "/usr/sbin/nginx (deleted)"),
            (8, "/usr/sbin/nginx"),
            (9, "/usr/bin/stunnel"),
            (10, "/usr/sbin/apache2"),
            (11, "/usr/sbin/apache2"),
            (12, "/usr/sbin/apache2"),
        ] {
            system.add_link(format!("/proc/{process}/exe"), program);
            system.add_file(format!("/proc/{process}/status"), "Uid:\t0\t0\t0\t0\n");
            if process > 8 {
                system.add_file(format!("/proc/{process}/cmdline"), "");
            }
        }
        system
    }

    #[test]
    fn owners_of_addresses() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(5000);
        let sockets = read(&machine(), now);
        let of = |address: &str| -> Vec<u32> {
            let owners = sockets.of(address.parse().expect("an address")).unwrap_or_default();
            owners.iter().map(|owner| owner.process).collect()
        };
        assert_eq!(of("192.0.2.1:443"), [7, 8]);
        assert_eq!(of("127.0.0.1:443"), [9], "an address of its own hides the others");
        assert_eq!(of("[::1]:443"), [9]);
        assert_eq!(of("[2001:db8::1]:443"), [0; 0]);
        assert_eq!(of("127.0.0.1:80"), [0; 0]);
        assert_eq!(sockets.own_v6(), ["2001:db8::7".parse::<Ipv6Addr>().expect("an address")]);
        assert!(sockets.listening().any(|one| one.to_string() == "127.0.0.1:443"));
    }

    #[test]
    fn what_owners_are() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(5000);
        let sockets = read(&machine(), now);
        let owners = sockets.of("192.0.2.1:443".parse().expect("an address")).expect("owners");
        let (nginx, apache) = (ServiceId("nginx"), ServiceId("apache"));
        assert!(owners.iter().all(|owner| owner.is_of(nginx) && !owner.is_of(apache)));
        assert_eq!(owners.iter().map(|owner| owner.worker).collect::<Vec<_>>(), [false, true]);
        assert_eq!(owners[0].started, Some(now - Duration::from_secs(100)));
        assert_eq!(owners[1].started, Some(now - Duration::from_secs(10)));
        // Apache's processes all have the same name: who has children is the master.
        let owners = sockets.of("[::2]:443".parse().expect("an address")).expect("owners");
        assert_eq!(owners.iter().map(|owner| owner.worker).collect::<Vec<_>>(), [false, true, true]);
        let other = &sockets.of("127.0.0.1:443".parse().expect("an address")).expect("an owner")[0];
        assert_eq!((other.program.as_str(), other.started), ("/usr/bin/stunnel", None));
        assert_eq!(other.whose, Whose::Unrelated);
    }

    /// Whose process it is that listens at [::2]:443, with these users, numbers, parent and program.
    fn whose(program: &str, user: u32, numbers: &str, stat: &str) -> Whose {
        let mut system = machine();
        system.add_file("/usr/sbin/nginx", "");
        system.add_file("/home/x/nginx", "");
        system.give("/home/x", 1000, 0o755);
        for process in 10..13 {
            system.add_link(format!("/proc/{process}/fd/15"), "/dev/null");
        }
        // Below another parent, a session each: a server of root's, one in a container, one of a user's.
        for (master, session, user, numbers) in [(50, 50, 0, "50"), (51, 51, 0, "51 1"), (52, 52, 1000, "52")] {
            system.add_link(format!("/proc/{master}/exe"), "/usr/sbin/nginx");
            system.add_file(format!("/proc/{master}/cmdline"), "nginx: master process nginx");
            system.add_file(format!("/proc/{master}/stat"), format!("{master} (nginx) S 1 {master} {session} 0"));
            let users = [user.to_string().as_str(); 4].join("\t");
            system.add_file(format!("/proc/{master}/status"), format!("Uid:\t{users}\nNSpid:\t{numbers}\n"));
        }
        system.add_link("/proc/60/fd/15", "socket:[15]");
        system.add_link("/proc/60/exe", program);
        system.add_file("/proc/60/cmdline", "nginx: worker process");
        system.add_file("/proc/60/stat", format!("60 (nginx) S {stat} 0"));
        let users = [user.to_string().as_str(); 4].join("\t");
        system.add_file("/proc/60/status", format!("Uid:\t{users}\nNSpid:\t{numbers}\n"));
        let sockets = read(&system, SystemTime::UNIX_EPOCH);
        let owners = sockets.of("[::2]:443".parse().expect("an address")).expect("owners");
        assert_eq!(owners.len(), 1);
        owners[0].whose.clone()
    }

    /// A name is nothing: what counts is the program, who could have written it, who runs it, and where.
    #[test]
    fn whose_a_process_is_that_listens() {
        let nginx = ServiceId("nginx");
        let (own, elsewhere) = (Whose::Own(nginx), Whose::Elsewhere(nginx));
        let others = |users: &[u32]| {
            let all = users.iter().map(|user| Writers::user(*user, trusted()));
            Whose::Others(nginx, all.fold(Writers::default(), Writers::and))
        };
        let (real, fake) = ("/usr/sbin/nginx", "/home/x/nginx");
        for (program, user, numbers, stat, expected) in [
            (real, 0, "60", "1 60 60", &own),
            (real, 0, "60 1", "1 60 60", &elsewhere),
            ("/none/here/nginx", 0, "60 1", "1 60 60", &elsewhere),
            (fake, 1000, "60", "1 60 60", &others(&[1000])),
            // Root runs it, and its owner may have put anything there.
            (fake, 0, "60", "1 60 60", &others(&[1000])),
            // The real program with files of a user's, also where they call it a container.
            (real, 1000, "60", "1 60 60", &others(&[1000])),
            (real, 1000, "60 1", "1 60 60", &others(&[1000])),
            // Workers, of root's server and of others.
            (real, 33, "60", "50 50 50", &own),
            (real, 33, "60 7", "51 51 51", &elsewhere),
            (real, 33, "60", "52 52 52", &others(&[33, 1000])),
            // Started by it is not enough: another program, or one that came to it as an orphan.
            (fake, 33, "60", "50 50 50", &others(&[33, 1000])),
            (real, 33, "60", "50 60 60", &others(&[33])),
            ("/usr/bin/nc", 0, "60", "1 60 60", &Whose::Unrelated),
        ] {
            assert_eq!(whose(program, user, numbers, stat), *expected, "{program} {user} {numbers} {stat}");
        }
    }

    /// Whoever becomes another program all the time hides nothing by it.
    #[test]
    fn a_process_that_can_not_be_looked_at_is_a_stranger() {
        let mut system = machine();
        for process in 10..13 {
            system.add_link(format!("/proc/{process}/fd/15"), "/dev/null");
        }
        system.add_link("/proc/60/fd/15", "socket:[15]");
        system.add_file("/proc/60/status", "Uid:\t7\t7\t7\t7\n");
        system.add_file("/proc/60/comm", "nginx\n");
        let sockets = read(&system, SystemTime::UNIX_EPOCH);
        let owners = sockets.of("[::2]:443".parse().expect("an address")).expect("owners");
        assert_eq!((owners[0].program.as_str(), &owners[0].whose), ("nginx", &Whose::Unrelated));
        // One that is nowhere to be seen hides only from those who see all.
        let at = "[::2]:443".parse().expect("an address");
        system.add_link("/proc/60/fd/15", "/dev/null");
        assert!(!read(&system, SystemTime::UNIX_EPOCH).is_hidden(at));
        system.add_link("/proc/1/fd/0", "/dev/null");
        let sockets = read(&system, SystemTime::UNIX_EPOCH);
        assert!(sockets.is_hidden(at) && !sockets.is_hidden("192.0.2.1:443".parse().expect("an address")));
    }

    /// Whoever has millions of open files takes the room of nobody else, and that it was not enough is said only where an
    /// owner was missed.
    #[test]
    fn open_files_of_others_are_limited() {
        let mut system = machine();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(5000);
        assert_eq!(read(&system, now).left_out(), None);
        let mut add = |process: u32, user: u32, descriptors: std::ops::Range<u32>, target: &str| {
            let folder = format!("/proc/{process}");
            system.add_file(format!("{folder}/status"), format!("Uid:\t{user}\t{user}\t{user}\t{user}\n"));
            system.add_file(format!("{folder}/cmdline"), "");
            system.add_link(format!("{folder}/exe"), "/usr/bin/x");
            descriptors.for_each(|number| system.add_link(format!("{folder}/fd/{number}"), target));
        };
        // Each more than one process may have.
        let most = MOST_OF_ONE as u32;
        for process in 100..100 + MOST_OF_USER as u32 / most + 2 {
            add(process, 1000, 0..most + 1, "/dev/null");
        }
        add(900, 1000, 0..1, "socket:[15]");
        add(901, 1001, 0..1, "socket:[15]");
        let sockets = read(&system, now);
        let owners = sockets.of("[::2]:443".parse().expect("an address")).expect("owners");
        assert_eq!(owners.iter().map(|owner| owner.process).collect::<Vec<_>>(), [10, 11, 12, 901]);
        assert_eq!(sockets.left_out(), None, "all sockets have an owner");
        for process in 10..13 {
            system.add_link(format!("/proc/{process}/fd/15"), "/dev/null");
        }
        system.add_link("/proc/901/fd/0", "/dev/null");
        let said = read(&system, now).left_out().expect("one has none");
        assert!(said.contains("user 1000"), "{said}");
    }
}
