//! A policy is valid and says what it demands, or it has complaints with places in its text.

use tlsmend::policy::Policy;
use tlsmend::tls::VersionSet;

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match (Policy::parse(text, "p.yaml"), Policy::parse(text, "p.yaml")) {
        (Ok(policy), Ok(again)) => {
            assert_eq!(policy.base.forbid, again.base.forbid);
            assert!(!VersionSet::TLS.is_subset(policy.base.forbid), "nothing is left to use");
            assert!(policy.base.forbid.and(policy.base.require).is_empty(), "required and forbidden");
        }
        (Err(errors), Err(again)) => {
            assert!(!errors.is_empty(), "not valid, and no complaint");
            assert_eq!(format!("{errors:?}"), format!("{again:?}"));
            let lines: Vec<&str> = text.split('\n').collect();
            for error in errors {
                let line = (error.line as usize).checked_sub(1).and_then(|at| lines.get(at));
                let line = line.unwrap_or_else(|| panic!("line {} of {}", error.line, lines.len()));
                let columns = line.chars().count() + 1;
                assert!((1..=columns).contains(&(error.column as usize)), "{error}: of {columns} columns");
                assert!(!error.message.is_empty(), "a complaint without words");
                assert!(error.excerpt.contains("p.yaml"), "{error}: an excerpt of something else");
            }
        }
        _ => panic!("the same policy is valid and not valid"),
    }
}
