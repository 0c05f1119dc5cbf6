//! `fix` and `rollback` under what chance does to them: kills, failing calls, full disks, swapped links, editors and other
//! runs; and any arguments. Few rounds unless the environment asks for more (docs/testing.md).

use crate::faults;
use crate::support::needs;

#[test]
fn killed_at_any_moment() {
    faults::kills::killed_at_any_moment();
}

#[test]
fn failing_at_random() {
    if !needs::has(&["strace"]) {
        return;
    }
    faults::injections::failing_at_random();
}

#[test]
fn full_at_any_point() {
    faults::disks::full_at_any_point();
}

#[test]
fn what_can_not_be_written() {
    faults::disks::what_can_not_be_written();
}

#[test]
fn swapped_while_it_runs() {
    faults::links::swapped_while_it_runs();
}

#[test]
fn several_runs_and_an_editor() {
    faults::editors::several_runs_and_an_editor();
}

#[test]
fn any_arguments() {
    faults::arguments::any_arguments();
}
