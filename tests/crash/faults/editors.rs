//! Three fixes at the same time, of one state directory or of three, and somebody who edits files meanwhile.

use super::estate::{Ends, Estate, What, ended};
use super::rounds;
use crate::support::random::Random;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

const EDITED: [&str; 6] = [
    "etc/nginx/sites/s0",
    "etc/nginx/conf.d/a.conf",
    "etc/apache2/sites/v0.conf",
    "etc/nginx/nginx.conf",
    "etc/nginx/sites/s1",
    "etc/apache2/all/h0",
];

/// How an editor saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Saves {
    /// At the end of the file, as it is.
    Appending,
    /// Into a new file, which gets the name.
    Renaming,
    /// Over the file.
    Rewriting,
}

/// An edit that was made: its text, the file, and how it was saved.
type Edit = (String, &'static str, Saves);

/// Makes an edit; none: the file can't be edited.
fn edit(estate: &Estate, random: &mut Random, number: usize) -> Option<Edit> {
    let file = *random.pick(&EDITED);
    let saves = *random.pick(&[Saves::Appending, Saves::Renaming, Saves::Rewriting]);
    let mark = format!("# an edit, number {number}\n");
    let path = estate.path(file);
    match saves {
        Saves::Appending => {
            let mut open = fs::OpenOptions::new().append(true).open(&path).ok()?;
            open.write_all(mark.as_bytes()).ok()?;
        }
        Saves::Renaming | Saves::Rewriting => {
            let text = fs::read_to_string(&path).ok()? + &mark;
            if saves == Saves::Renaming {
                // A name that nothing includes.
                let new = estate.path("var/new");
                fs::write(&new, text).and_then(|()| fs::rename(&new, &path)).ok()?;
            } else {
                fs::write(&path, text).ok()?;
            }
        }
    }
    Some((mark, file, saves))
}

fn pause(random: &mut Random, most: u64) {
    std::thread::sleep(Duration::from_micros(random.below(most as usize * 1000) as u64));
}

/// The files below a folder that hold a text.
fn holding(folder: &Path, text: &str) -> usize {
    let entries = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let holds = |path: &Path| fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(text));
    entries.filter(|entry| entry.file_type().is_file() && holds(entry.path())).count()
}

pub fn several_runs_and_an_editor() {
    let ends = Ends::of_a_fix();
    rounds::each("concurrent runs and editors", 15, |_, random| {
        let estate = Estate::new();
        let apart = random.percent(50);
        let folders: Vec<Option<PathBuf>> =
            (0..3).map(|number| apart.then(|| estate.path(&format!("state-{number}")))).collect();
        let command = |what: What, folder: &Option<PathBuf>| {
            let mut command = estate.command(what);
            command.args(folder.iter().flat_map(|folder| [Path::new("--state-dir"), folder]));
            command.stderr(Stdio::piped());
            command
        };
        let mut running: Vec<Child> = Vec::new();
        for folder in &folders {
            running.push(command(What::Fix, folder).spawn().expect("the program"));
            pause(random, 10);
        }
        let mut edits: Vec<Edit> = Vec::new();
        if random.percent(60) {
            for number in 0..3 {
                pause(random, 150);
                edits.extend(edit(&estate, random, number));
            }
        }
        let mut told = String::new();
        for child in running {
            let run = ended(&child.wait_with_output().expect("ends"));
            let status = run.status.expect("it ends by itself");
            assert!((0..=3).contains(&status), "status {status}: {}", run.err);
            told += &run.err;
        }
        for folder in folders.iter().take(if apart { 3 } else { 1 }) {
            told += &ended(&command(What::Recover, folder).output().expect("the program")).err;
        }
        assert_eq!(estate.strays(), [] as [PathBuf; 0], "{told}");
        kept(&estate, &edits, &told);
        match (edits.is_empty(), apart) {
            (true, _) => format!("no edit, {}", if ends.of(&estate, &told) { "new" } else { "old" }),
            (false, _) => "edited".to_owned(),
        }
    });
}

/// Every edit is in its file, or kept beside a journal. Two edits of one file may undo each other, as editors do.
fn kept(estate: &Estate, edits: &[Edit], told: &str) {
    for (mark, file, saves) in edits {
        let alone = edits.iter().filter(|(_, other, _)| other == file).count() == 1;
        if alone {
            assert!(holding(&estate.path("."), mark.trim()) > 0, "{file}: {saves:?}: the edit is lost\n{told}");
        }
    }
}
