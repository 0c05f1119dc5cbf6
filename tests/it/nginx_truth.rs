//! nginx: every answer equals what the real server gave.

use crate::support;
use crate::support::needs;

use support::table;
use tlsmend::services::nginx::Nginx;

#[test]
fn answers_equal_what_nginx_did() {
    if !needs::has(&["nginx"]) {
        return;
    }
    let score = table::run("nginx", &Nginx);
    let summary = format!(
        "{} of {} endpoints agree, {} of {} broken configurations are noticed",
        score.agree, score.endpoints, score.noticed, score.invalid
    );
    assert!(score.complaints.is_empty(), "{}\n{summary}", score.complaints.concat());
    assert_eq!((score.endpoints, score.invalid), (642, 429), "{summary}");
}
