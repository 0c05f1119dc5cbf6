//! What a text of a policy looks like, as regular expressions in the syntax of JavaScript: what `scope`, `exceptions`,
//! `reader` and `waiver` accept.

use crate::policy::error::UNFIT;

/// A text that is not empty.
pub(super) fn text() -> String {
    format!("^[^{UNFIT}]*[^\\s{UNFIT}][^{UNFIT}]*$")
}

/// A date that exists, `2027-01-31`.
pub(super) fn date() -> String {
    let long = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])";
    let short = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)";
    let february = "02-(?:0[1-9]|1[0-9]|2[0-8])";
    let leap = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
    format!("^(?:[0-9]{{4}}-(?:{long}|{short}|{february})|{leap}-02-29)$")
}

/// A server name; the empty one is a client that sends none.
pub(super) fn name() -> String {
    let any = format!("[^\\s.:/,;@{UNFIT}]");
    let first = format!("[^\\s.:/,;@~\\[{UNFIT}]");
    let plain = format!("(?!\\*\\.$)(?:\\.{any}+|{first}{any}*)(?:\\.{any}+)*\\.?");
    let bracketed = format!("(?!.*\\.\\.)\\[[^\\s/,;@{UNFIT}]*");
    format!("^(?:|~[^{UNFIT}]+|{plain}|{bracketed})$")
}

/// A pattern for paths, but for what is in its brackets and braces.
pub(super) fn path() -> String {
    let other = format!("[^/{UNFIT}]");
    let segment = format!("(?:[^/.{UNFIT}]{other}*|\\.[^/.{UNFIT}]{other}*|\\.\\.{other}+)");
    format!("^(?!\\s)(?![\\s\\S]*\\s$)/?{segment}(?:/{segment})*$")
}

/// An address.
pub(super) fn address() -> String {
    let port = "0*(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})";
    let v4 = four();
    let v6 = six(&v4);
    let bits4 = "0*(?:3[0-2]|[12]?[0-9])";
    let bits6 = "0*(?:12[0-8]|1[01][0-9]|[1-9]?[0-9])";
    // What the configuration writes, and no address: a URL or a variable, a name with or without a port.
    let odd = format!("[^\\s*{UNFIT}]");
    let host = format!("[^\\s*:/\\[\\]{UNFIT}]");
    let letter = format!("[^\\s*:/\\[\\]0-9.{UNFIT}]");
    let rest = format!("[^\\s*:{UNFIT}]");
    let zone = format!("\\[[^\\s*\\]%{UNFIT}]*%[^\\s*\\]{UNFIT}]*\\]");
    let all = [
        format!("\\*(?::{port})?"),
        format!("unix:[^{UNFIT}]*"),
        format!("{v4}(?:/{bits4})?(?::{port})?"),
        format!("{v6}(?:/{bits6})?"),
        format!("(?:\\[{v6}(?:/{bits6})?\\]|\\[{v4}(?:/{bits4})?\\]|{zone})(?::{port})?"),
        format!("{odd}*(?:://|\\$){odd}*"),
        format!("{host}*{letter}{host}*(?::{port}(?:/{rest}*)?|/{rest}*(?::{rest}*)?)?"),
    ];
    format!("^(?:{})$", all.join("|"))
}

/// An address of IPv4.
fn four() -> String {
    let byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    format!("(?:{byte}\\.){{3}}{byte}")
}

/// An address of IPv6 (RFC 3986, 3.2.2).
fn six(four: &str) -> String {
    let h = "[0-9A-Fa-f]{1,4}";
    let last = format!("(?:{h}:{h}|{four})");
    let mut forms = vec![format!("(?:{h}:){{6}}{last}")];
    for after in (0..=5_usize).rev() {
        let before = match 5 - after {
            0 => String::new(),
            more => format!("(?:(?:{h}:){{0,{}}}{h})?", more - 1),
        };
        forms.push(format!("{before}::(?:{h}:){{{after}}}{last}"));
    }
    forms.push(format!("(?:(?:{h}:){{0,5}}{h})?::{h}"));
    forms.push(format!("(?:(?:{h}:){{0,6}}{h})?::"));
    format!("(?:{})", forms.join("|"))
}
