//! What is a secret by its looks, wherever it stands and whatever it is called.

use regex::bytes::{Captures, Regex};
use std::ops::Range;
use std::sync::LazyLock;

/// Beginnings of tokens that their issuers chose so that they are recognised, with the fewest letters that follow.
/// Where two begin alike the longer one stands first.
const PREFIXES: [(&str, usize); 85] = [
    // Code and packages.
    ("github_pat_", 8),
    ("ghp_", 8),
    ("gho_", 8),
    ("ghu_", 8),
    ("ghs_", 8),
    ("ghr_", 8),
    ("glpat-", 8),
    ("gldt-", 8),
    ("glrt-", 8),
    ("glcbt-", 8),
    ("glptt-", 8),
    ("glft-", 8),
    ("glsoat-", 8),
    ("glimt-", 8),
    ("glagent-", 8),
    ("ATATT3", 8),
    ("ATBB", 16),
    ("ATCTT3", 8),
    ("npm_", 12),
    ("pypi-", 12),
    ("rubygems_", 12),
    ("dckr_pat_", 8),
    ("dckr_oat_", 8),
    ("sgp_", 16),
    ("sntrys_", 8),
    ("sntryu_", 8),
    ("NuGet-", 32),
    // Clouds.
    ("AKIA", 16),
    ("ASIA", 16),
    ("ABIA", 16),
    ("ACCA", 16),
    ("AIza", 16),
    ("ya29.", 8),
    ("GOCSPX-", 8),
    ("LTAI", 16),
    ("AKID", 24),
    ("dop_v1_", 8),
    ("doo_v1_", 8),
    ("dor_v1_", 8),
    ("hcp.", 24),
    ("atlasv1.", 8),
    ("hvs.", 16),
    ("hvb.", 16),
    ("hvr.", 16),
    ("tskey-", 8),
    ("fo1_", 16),
    ("FlyV1 ", 8),
    ("nfp_", 16),
    ("nfc_", 24),
    ("vcp_", 16),
    ("dapi", 32),
    ("pul-", 32),
    ("cfut_", 16),
    ("cfat_", 16),
    // Payments, mails, chats.
    ("sk_live_", 4),
    ("sk_test_", 4),
    ("rk_live_", 4),
    ("rk_test_", 4),
    ("whsec_", 8),
    ("sq0atp-", 8),
    ("sq0csp-", 8),
    ("EAAA", 32),
    ("shpat_", 8),
    ("shpss_", 8),
    ("shpca_", 8),
    ("shppa_", 8),
    ("xox", 10),
    ("xapp-", 8),
    ("xwfp-", 8),
    ("SG.", 16),
    ("xkeysib-", 8),
    ("xsmtpsib-", 8),
    ("key-", 32),
    ("PMAK-", 8),
    ("lin_api_", 8),
    // Models, metrics, others.
    ("sk-", 20),
    ("hf_", 12),
    ("gsk_", 16),
    ("r8_", 16),
    ("pplx-", 16),
    ("glc_", 16),
    ("glsa_", 8),
    ("NRAK-", 8),
    ("secret_", 16),
    // A key in the place of a file.
    ("data:", 8),
];

/// Services whose addresses are secrets: who knows one may send there. What follows is the secret.
const WEBHOOKS: [&str; 12] = [
    r"hooks\.slack\.com/[a-z]+/",
    r"discord(?:app)?\.com/api/webhooks/",
    r"\.webhook\.office\.com/",
    r"outlook\.office(?:365)?\.com/webhook/",
    r"api\.telegram\.org/(?:file/)?bot",
    r"hooks\.zapier\.com/hooks/catch/",
    r"maker\.ifttt\.com/trigger/[^/\s]+/(?:json/)?with/key/",
    r"hc-ping\.com/",
    r"chat\.googleapis\.com/v1/spaces/",
    r"hook\.(?:[a-z0-9]+\.)?make\.com/",
    r"mattermost[a-z0-9.-]+/hooks/",
    r"events\.pagerduty\.com/integration/",
];

static KNOWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let one = |(prefix, least): &(&str, usize)| format!("{}[A-Za-z0-9_./+=-]{{{least},}}", regex::escape(prefix));
    let prefixes = PREFIXES.iter().map(one).collect::<Vec<_>>().join("|");
    let hooks = WEBHOOKS.join("|");
    Regex::new(&format!(
        r#"(?x-u)
        (?: ^ | [^A-Za-z0-9_] ) (?P<token> (?-x:{prefixes}) )
        | AGE-SECRET-KEY-1 (?P<age> [0-9A-Z]{{16,}} )
        | (?i: (?-x:{hooks}) ) (?P<hook> [^\s"'<>;?,]+ )
        | / (?: (?i: (?:web)?hooks? | callback | token | secret | apikey | key ) ) / (?P<path> [A-Za-z0-9_-]{{8,}} ) (?: [^A-Za-z0-9_.-] | $ )
        | (?P<crypt> \$ (?: apr1 | 1 | 2[abxy]? | 5 | 6 | y | 7 | argon2[a-z]{{1,2}} | scrypt | pbkdf2[a-z0-9-]* ) \$ [A-Za-z0-9./$,=+-]{{12,}} )
        | \{{ (?: S?SHA | S?SHA256 | S?SHA512 | S?MD5 ) \}} (?P<ldap> [A-Za-z0-9+/=]{{12,}} )
        "#
    ))
    .ok()
});

/// A long run of letters and digits.
static RUN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("(?-u)[A-Za-z0-9]{20,}").ok());

/// What stands before the hash of something that everybody may see: `sha256:`, `sha384-`.
static HASH: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?i-u)(?:sha|md)-?\d{1,3}[:=_-]"?'?\z"#).ok());

/// Collects them.
pub(super) fn tokens(text: &[u8], found: &mut Vec<Range<usize>>) {
    for captures in KNOWN.iter().flat_map(|regex| regex.captures_iter(text)) {
        found.extend(known(text, &captures));
    }
    let runs = RUN.iter().flat_map(|regex| regex.find_iter(text)).map(|run| run.range());
    found.extend(runs.filter(|run| is_random(&text[run.clone()]) && stands_alone(text, run)));
}

fn known(text: &[u8], captures: &Captures<'_>) -> Option<Range<usize>> {
    if let Some(path) = captures.name("path") {
        return super::ordinary::looks_random(&text[path.range()]).then(|| path.range());
    }
    let token = ["token", "age", "hook", "crypt", "ldap"].iter().find_map(|name| captures.name(name))?;
    // A word in small letters that only begins alike: `secret_management_service`.
    let tells = |b: &u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    (captures.name("token").is_none() || token.as_bytes().iter().any(tells)).then(|| token.range())
}

/// A hexadecimal number of 128 bits or more, or letters of both sizes and digits without an order.
fn is_random(run: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| run.iter().filter(|b| is(b)).count();
    let digits = count(u8::is_ascii_digit);
    let hex = run.len() >= 32 && digits >= 4 && digits < run.len() && run.iter().all(u8::is_ascii_hexdigit);
    hex || (digits >= 3 && count(u8::is_ascii_uppercase) >= 3 && count(u8::is_ascii_lowercase) >= 3)
}

/// Is a run no part of the name of a host or a file, and not the hash of something?
fn stands_alone(text: &[u8], run: &Range<usize>) -> bool {
    /// Names are looked at no farther.
    const NEAR: usize = 64;
    let part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'-' | b'_' | b'.' | b'/');
    let after = text[run.end..].iter().take(NEAR).take_while(part);
    let before = text[..run.start].iter().rev().take(NEAR).take_while(part);
    let of_a_name = |b: &u8| matches!(b, b'.' | b'/');
    let near = &text[run.start.saturating_sub(16)..run.start];
    // A full stop at the end of a sentence is none of a name.
    let after: Vec<u8> = after.copied().collect();
    let after = after.strip_suffix(b".").unwrap_or(&after);
    !after.iter().any(of_a_name) && !before.into_iter().any(of_a_name) && !HASH.iter().any(|hash| hash.is_match(near))
}
