//! The truth cases can be read, all of them.

use crate::support;
use crate::support::needs;

use support::case;
use tlsmend::system::System;

#[test]
fn every_case_reads_and_has_its_main_file() {
    if !needs::has(&["nginx"]) {
        return;
    }
    for (folder, count) in [("nginx", 884), ("apache", 1295), ("apache-2.4.41", 18)] {
        let cases = case::all(folder);
        assert_eq!(cases.len(), count, "cases in {folder}");
        for case in cases {
            let main = case.main_file();
            assert!(case.system().read(&main).is_ok(), "{}: {} is missing", case.name, main.display());
        }
    }
}
