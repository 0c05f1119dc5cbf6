//! A baseline that can be read is the same once more, and one that can't says why.

use tlsmend::baseline::Baseline;

pub fn run(bytes: &[u8]) {
    let read = Baseline::read(bytes);
    assert_eq!(read, Baseline::read(bytes));
    match read {
        Ok(baseline) => {
            // Of no finding at all, every known one is gone.
            let gone = baseline.apply(&mut [], &[]);
            let told = bytes.windows(4).filter(|window| *window == b"\"id\"").count();
            assert!(gone <= told, "{gone} of {told} entries");
        }
        Err(why) => assert!(!why.is_empty(), "no baseline, and no reason"),
    }
}
