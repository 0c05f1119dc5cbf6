//! The `tlsmend` program.

fn main() {}
