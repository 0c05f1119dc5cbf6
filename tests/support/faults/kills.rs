//! The program, killed at any moment: while it fixes, while it takes that back, and while it ends what was killed before.

use super::super::support::random::Random;
use super::estate::{Ended, Ends, Estate, What, ended};
use super::rounds;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a command, and kills it after a while. What it had said by then.
fn killed(mut command: Command, after: Duration) -> Ended {
    let mut child = command.stderr(Stdio::piped()).spawn().expect("the program");
    std::thread::sleep(after);
    let _over_already = child.kill();
    ended(child.wait_with_output().expect("ends"))
}

/// A moment before a run of that length would end, or right after.
fn moment(random: &mut Random, whole: Duration) -> Duration {
    whole.mul_f64(1.1 * random.below(10_000) as f64 / 10_000.0)
}

/// How long an undisturbed run takes here.
fn length(what: What) -> Duration {
    let lengths = (0..3).map(|_| {
        let estate = Estate::new();
        if what != What::Fix {
            estate.run(What::Fix);
        }
        let start = Instant::now();
        estate.run(what);
        start.elapsed()
    });
    lengths.min().expect("three")
}

pub fn killed_at_any_moment() {
    let ends = Ends::of_a_fix();
    let lengths = [What::Fix, What::Rollback, What::Recover].map(length);
    rounds::each("random kills", 25, |_, random| {
        let estate = Estate::new();
        let what = if random.percent(30) { What::Rollback } else { What::Fix };
        if what == What::Rollback {
            assert!(matches!(estate.run(What::Fix).status, Some(0 | 3)));
        }
        let first = killed(estate.command(what), moment(random, lengths[usize::from(what == What::Rollback)]));
        not_read(&estate);
        let mut said = vec![first.err];
        for _ in 0..random.below(3) {
            said.push(killed(estate.command(What::Recover), moment(random, lengths[2])).err);
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
    let last = said.iter().rev().find(|text| text.contains("was interrupted; "));
    if let Some(last) = last {
        assert_eq!(last.contains("; finished: "), is_done, "{told}");
        assert_eq!(last.contains("; undone: "), !is_done, "{told}");
    }
}
