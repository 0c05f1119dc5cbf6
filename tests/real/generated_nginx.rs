//! nginx: hosts made up by chance, on the server that is installed here (docs/testing.md).

use crate::support;
use crate::support::needs;

use support::generate_nginx::generate;
use support::generated::run;
use support::site::Software;

#[test]
fn answers_and_plans_hold_on_made_up_hosts() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    let tally = run(Software::Nginx, generate);
    let summary = tally.summary();
    assert!(tally.complaints.is_empty(), "{}\n{summary}", tally.complaints);
    println!("{summary}");
}
