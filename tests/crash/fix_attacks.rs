//! What the owner of one site, who may write in one included folder, can make root's `fix` do: nothing outside of it.

use crate::support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use support::workshop::{Run, Workshop};

/// The owner of the site.
const OWNER: u32 = 1234;

/// A root with a server that includes the folder of a site owner; somebody else's file and a secret lie outside.
fn host() -> Workshop {
    let shop = Workshop::new();
    shop.write("etc/nginx/nginx.conf", "events {}\nhttp {\n    include /srv/site/*.conf;\n}\n");
    shop.write("srv/other/tls.conf", "ssl_protocols TLSv1 TLSv1.2;\n");
    shop.write("srv/secret", "ssl_protocols TLSv1 hunter2;\nroot:$6$hunter2:\n");
    fs::set_permissions(shop.path("srv/secret"), fs::Permissions::from_mode(0o600)).expect("chmod");
    shop.write("srv/site/own.conf", "ssl_protocols TLSv1.1 TLSv1.2;\n");
    for path in ["srv/site", "srv/site/own.conf"] {
        chown(shop.path(path), Some(OWNER), Some(OWNER)).expect("chown");
    }
    shop
}

/// A link in the site's folder, by its owner.
fn link(shop: &Workshop, name: &str, target: &str) {
    let path = shop.path("srv/site").join(name);
    symlink(target, &path).expect("links");
    std::os::unix::fs::lchown(&path, Some(OWNER), Some(OWNER)).expect("chown");
}

fn run(shop: &Workshop, command: &str) -> Run {
    let root = shop.path(".").display().to_string();
    let options: &[&str] = if command == "fix" { &["--yes"] } else { &[] };
    let assumed = ["--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17"];
    let all = [&[command, "--root", &root][..], &assumed, options].concat();
    if command == "fix" { shop.tlsmend(&all) } else { shop.plain(&all) }
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[test]
fn a_link_of_the_owner_leads_to_no_change_and_to_no_secret() {
    if !is_root() {
        // Only root can give links to somebody, and only root can be made to do what they can't.
        return;
    }
    let shop = host();
    link(&shop, "a.conf", "/srv/other/tls.conf");
    link(&shop, "b.conf", "/srv/secret");
    link(&shop, "c.conf", "own.conf");
    let before = (shop.read("srv/other/tls.conf"), shop.read("srv/secret"));
    for command in ["audit", "diff", "fix"] {
        let run = run(&shop, command);
        assert!(!run.screen().contains("hunter2"), "{}", run.screen());
        insta::assert_snapshot!(format!("attack_{command}"), run.screen());
    }
    assert_eq!((shop.read("srv/other/tls.conf"), shop.read("srv/secret")), before);
    // Nor a link of theirs to a link of somebody else, who owns what that leads to.
    symlink("/srv/secret", shop.path("srv/other/current")).expect("a link");
    for path in ["srv/other/current", "srv/secret"] {
        std::os::unix::fs::lchown(shop.path(path), Some(OWNER + 1), Some(OWNER + 1)).expect("lchown");
    }
    fs::remove_file(shop.path("srv/site/b.conf")).expect("removes");
    link(&shop, "b.conf", "/srv/other/current");
    let chain = run(&shop, "fix");
    assert!(!chain.screen().contains("hunter2"), "{}", chain.screen());
    assert!(chain.screen().contains("b.conf, a link of user"), "{}", chain.screen());
    assert_eq!((shop.read("srv/other/tls.conf"), shop.read("srv/secret")), before);
    // Their own file is theirs, and is mended.
    assert_eq!(shop.read("srv/site/own.conf"), "ssl_protocols TLSv1.2 TLSv1.3;\n");
    let meta = fs::metadata(shop.path("srv/site/own.conf")).expect("is there");
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&meta), OWNER);
}

#[test]
fn a_second_name_for_the_file_of_another_is_refused() {
    if !is_root() {
        return;
    }
    let shop = host();
    fs::remove_file(shop.path("srv/site/own.conf")).expect("removes");
    fs::hard_link(shop.path("srv/other/tls.conf"), shop.path("srv/site/own.conf")).expect("links");
    let run = run(&shop, "fix");
    assert_eq!(run.status, 2, "{}", run.screen());
    assert!(run.err.contains("it has several names (hard links), in a folder that others can write to"), "{}", run.err);
    assert_eq!(shop.read("srv/other/tls.conf"), "ssl_protocols TLSv1 TLSv1.2;\n");
}

/// The owner swaps their folder, and a file in it, for links to another place as fast as they can while fixes run.
#[test]
fn swapping_while_it_runs_leads_nowhere() {
    if !is_root() {
        return;
    }
    let shop = host();
    shop.write("srv/other/own.conf", "ssl_protocols TLSv1.1 TLSv1.2;\n");
    let before = shop.read("srv/other/own.conf");
    let (folder, aside, other) = (shop.path("srv/site"), shop.path("srv/aside"), shop.path("srv/other"));
    let over = AtomicBool::new(false);
    let mut statuses = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut swaps = 0;
            while !over.load(Ordering::SeqCst) {
                fs::rename(&folder, &aside).expect("aside");
                symlink(&other, &folder).expect("links");
                swaps += 1;
                fs::remove_file(&folder).expect("removes");
                fs::rename(&aside, &folder).expect("back");
                if swaps % 3 == 0 {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
        });
        for _ in 0..40 {
            statuses.push(run(&shop, "fix").status);
        }
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(shop.read("srv/other/own.conf"), before, "{statuses:?}");
    assert!(statuses.iter().all(|status| (0..=3).contains(status)), "{statuses:?}");
    let names: Vec<_> = fs::read_dir(&other).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(Path::new(&folder).is_dir());
}
