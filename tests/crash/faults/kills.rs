//! The program, killed at any moment: while it fixes, while it takes that back, and while it ends what was killed before.

use super::estate::{Ended, Ends, Estate, What, ended};
use super::rounds;
use crate::support::random::Random;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long undisturbed runs take here.
struct Lengths {
    /// From the start to the end.
    whole: Duration,
    /// From when the transaction has its folder to the end.
    writing: Duration,
}

/// When a run is killed.
enum Moment {
    AfterStart(Duration),
    /// After the folder of its transaction is there.
    AfterFolder(Duration),
}

/// Takes this thread before others, where it may: a moment is met only by who is not late. What it starts is not meant.
fn take_precedence() -> bool {
    rustix::process::setpriority_process(None, -AHEAD).is_ok()
}

const AHEAD: i32 = 10;

/// A command, with the rights to the processor that others have.
fn usual(estate: &Estate, what: What, ahead: bool) -> Command {
    if !ahead {
        return estate.command(what);
    }
    let mut command = Command::new("nice");
    command.args(["-n", &AHEAD.to_string()]).arg(rounds::program()).args(estate.arguments(what)).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Waits until a run has made the folder of its transaction, or is over.
fn folder(estate: &Estate, known: usize, child: &mut Child) {
    while estate.transactions() == known && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Runs a command, and kills it. What it had said by then.
fn killed(estate: &Estate, what: What, moment: &Moment, ahead: bool) -> Ended {
    let known = estate.transactions();
    let mut child = usual(estate, what, ahead).stderr(Stdio::piped()).spawn().expect("the program");
    match moment {
        Moment::AfterStart(pause) => std::thread::sleep(*pause),
        Moment::AfterFolder(pause) => {
            folder(estate, known, &mut child);
            std::thread::sleep(*pause);
        }
    }
    let _over_already = child.kill();
    ended(&child.wait_with_output().expect("ends"))
}

/// A moment of a run: any one, or one while it writes, the earlier the likelier, since this process is late itself when
/// others are at work. Now and then the run is over by then.
fn moment(random: &mut Random, lengths: &Lengths, what: What) -> Moment {
    let part = f64::from(random.below(10_000) as u32) / 10_000.0;
    if what != What::Recover && random.percent(60) {
        Moment::AfterFolder(lengths.writing.mul_f64(part * part))
    } else {
        Moment::AfterStart(lengths.whole.mul_f64(1.1 * part))
    }
}

/// The shortest of three runs.
fn lengths(what: What, ahead: bool) -> Lengths {
    let lengths = (0..3).map(|_| {
        let estate = Estate::new();
        if what != What::Fix {
            estate.run(What::Fix);
        }
        let known = estate.transactions();
        let start = Instant::now();
        let mut child = usual(&estate, what, ahead).stderr(Stdio::null()).spawn().expect("the program");
        folder(&estate, known, &mut child);
        let made = Instant::now();
        child.wait().expect("ends");
        (start.elapsed(), made.elapsed())
    });
    let (whole, writing): (Vec<Duration>, Vec<Duration>) = lengths.unzip();
    let shortest = |all: Vec<Duration>| all.into_iter().min().expect("three");
    Lengths { whole: shortest(whole), writing: shortest(writing) }
}

pub fn killed_at_any_moment() {
    let ends = Ends::of_a_fix();
    let ahead = take_precedence();
    let lengths = [What::Fix, What::Rollback, What::Recover].map(|what| lengths(what, ahead));
    rounds::each("random kills", 40, |_, random| {
        let estate = Estate::new();
        let what = if random.percent(30) { What::Rollback } else { What::Fix };
        if what == What::Rollback {
            assert!(matches!(estate.run(What::Fix).status, Some(0 | 3)));
        }
        let first = killed(&estate, what, &moment(random, &lengths[usize::from(what == What::Rollback)], what), ahead);
        not_read(&estate);
        let mut said = vec![first.err];
        for _ in 0..random.below(3) {
            said.push(killed(&estate, What::Recover, &moment(random, &lengths[2], What::Recover), ahead).err);
        }
        said.push(estate.recover().err);
        let is_new = ends.of(&estate, &said.join("\n--\n"));
        true_of(&estate, what, is_new, &said);
        // Whatever it was, the next fix does all of it.
        if random.percent(20) {
            let next = estate.run(What::Fix);
            assert!(matches!(next.status, Some(0 | 3)), "{}", next.err);
            assert!(ends.of(&estate, &next.err), "a fix after a kill: {}", next.err);
        }
        let how = if first.status.is_none() { "killed" } else { "ended before" };
        format!("{what:?} {how}, {}", if is_new { "new" } else { "old" })
    });
}

/// Of this folder Apache reads hidden files too: at no moment may one of ours lie in it.
fn not_read(estate: &Estate) {
    let strays = estate.strays();
    assert!(strays.iter().all(|path| !path.starts_with(estate.path("etc/apache2/all"))), "{strays:?}");
}

/// What the journal and the run that ended it say is what is on the disk.
pub fn true_of(estate: &Estate, what: What, is_new: bool, said: &[String]) {
    let is_done = if what == What::Rollback { !is_new } else { is_new };
    let told = said.join("\n--\n");
    // The newest transaction of a rollback may be the fix that was done before.
    if let Some(done) = estate.says_done()
        && what == What::Fix
    {
        assert_eq!(done, is_done, "the journal says something else\n{told}");
    }
    let last = said.iter().rev().find(|text| text.contains("an earlier run ("));
    if let Some(last) = last {
        assert_eq!(last.contains("; finished: "), is_done, "{told}");
        assert_eq!(last.contains("; undone: "), !is_done, "{told}");
    }
}
