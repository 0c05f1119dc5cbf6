//! Each command of `SSL_CONF_cmd` with good and bad values, as the machine's own OpenSSL takes or refuses it.

use crate::support::needs;

use std::process::Command;
use tlsmend::openssl::{Caller, Library, Refused};
use tlsmend::release::Release;

/// Carries commands out, one a line (flags, name, value, with tabs), and prints what the library gives back.
const PROGRAM: &str = r"
import ctypes, sys
lib = ctypes.CDLL('libssl.so.3')
pointer = ctypes.c_void_p
for name in 'SSL_CTX_new', 'SSL_CONF_CTX_new', 'TLS_method':
    getattr(lib, name).restype = pointer
lib.OpenSSL_version.restype = ctypes.c_char_p
print(lib.OpenSSL_version(0).decode().split()[1])
for line in sys.argv[1].splitlines():
    flags, name, value = line.split('\t')
    context, commands = pointer(lib.SSL_CTX_new(pointer(lib.TLS_method()))), pointer(lib.SSL_CONF_CTX_new())
    lib.SSL_CONF_CTX_set_flags(commands, int(flags))
    lib.SSL_CONF_CTX_set_ssl_ctx(commands, context)
    print(lib.SSL_CONF_cmd(commands, name.encode(), value.encode()))
    lib.SSL_CONF_CTX_free(commands)
    lib.SSL_CTX_free(context)
";

const VALUES: &[(&str, &[&str])] = &[
    ("SignatureAlgorithms", &["RSA+SHA256", "rsa_pkcs1_sha256", "RSA+SHA256:rsa_pkcs1_sha256", "", "bogus", "?bogus"]),
    ("ClientSignatureAlgorithms", &["ECDSA+SHA256", "bogus"]),
    ("Curves", &["X25519", "p-256"]),
    ("Groups", &["P-256:X448", "P-256:bogus", "P-256:P-256", "", "ffdhe2048"]),
    ("ECDHParameters", &["P-256", "X25519", "P-256:P-384", "automatic", "+Automatic", "auto", "bogus", ""]),
    ("CipherString", &["ALL", "bogus:AES", "bogus", ""]),
    ("Ciphersuites", &["", "TLS_AES_128_GCM_SHA256", "bogus:TLS_AES_128_GCM_SHA256", "bogus"]),
    ("Protocol", &["-DTLSv1", "all", " -TLSv1 , TLSv1.1 ", "- TLSv1", "TLSv1.3,", "", "bogus"]),
    ("MinProtocol", &["TLSv1", "tlsv1", "DTLSv1.2", "DTLSv1.3", "SSLv2", "SSLv3", "None", ""]),
    ("MaxProtocol", &["TLSv1.2", "none"]),
    (
        "Options",
        &[
            "SessionTicket",
            "EmptyFragments",
            "Bugs",
            "Compression",
            "ServerPreference",
            "NoResumptionOnRenegotiation",
            "DHSingle",
            "ECDHSingle",
            "UnsafeLegacyRenegotiation",
            "UnsafeLegacyServerConnect",
            "ClientRenegotiation",
            "EncryptThenMac",
            "NoRenegotiation",
            "AllowNoDHEKEX",
            "PreferNoDHEKEX",
            "PrioritizeChaCha",
            "MiddleboxCompat",
            "AntiReplay",
            "ExtendedMasterSecret",
            "CANames",
            "KTLS",
            "StrictCertCheck",
            "TxCertificateCompression",
            "RxCertificateCompression",
            "KTLSTxZerocopySendfile",
            "IgnoreUnexpectedEOF",
            "-bugs, +KTLS",
            "Bugs,",
            "",
            "- Bugs",
        ],
    ),
    ("VerifyMode", &["Peer", "Request", "Require", "Once", "RequestPostHandshake", "RequirePostHandshake", "None", ""]),
    ("RecordPadding", &["512", "x", "16384", "16385", "-1", "4294967296", "512,64", "20000", ""]),
    ("NumTickets", &["2", "0", "x", "-1"]),
    ("ChainCAPath", &["/nowhere"]),
    ("VerifyCAPath", &["/nowhere"]),
    ("AntiReplay", &["on"]),
    ("Cookies", &["on"]),
    ("RxCertificateCompression", &["on"]),
    ("min_protocol", &["TLSv1"]),
    ("bugs", &["on"]),
];

#[test]
fn the_library_takes_and_refuses_what_is_said() {
    if !needs::has(&["python3"]) {
        return;
    }
    // SSL_CONF_FLAG_FILE, _CLIENT, _SERVER and _CERTIFICATE.
    let flags = |caller: Caller| {
        2 + 4 * u32::from(caller.is_client) + 8 * u32::from(caller.is_server) + 0x20 * u32::from(caller.takes_files)
    };
    let client = Caller { is_server: false, is_client: true, takes_files: false };
    let callers = [Caller::BOTH_SIDES, Caller::SERVER, client];
    let all = || callers.into_iter().flat_map(|caller| VALUES.iter().map(move |(name, values)| (caller, name, values)));
    let commands: Vec<(Caller, &str, &str)> =
        all().flat_map(|(caller, name, values)| values.iter().map(move |value| (caller, *name, *value))).collect();
    let lines: Vec<String> =
        commands.iter().map(|(caller, name, value)| format!("{}\t{name}\t{value}\n", flags(*caller))).collect();
    let mut python = Command::new("python3");
    python.args(["-c", PROGRAM, &lines.concat()]).env("OPENSSL_CONF", "/dev/null");
    let output = python.output().expect("python3");
    let answers = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut answers = answers.lines();
    let mut library = Library::unknown();
    library.release = answers.next().and_then(Release::parse);
    assert!(library.release.is_some(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut wrong, mut sure) = (Vec::new(), 0);
    for ((caller, name, value), answer) in commands.iter().zip(answers) {
        let is_taken = answer.parse::<i32>().is_ok_and(|answer| answer > 0);
        let said = library.refuse_command(name, value, *caller);
        sure += usize::from(!matches!(said, Err(Refused::Unknown)));
        if matches!(said, Err(Refused::Invalid(_))) == is_taken && !matches!(said, Err(Refused::Unknown)) {
            wrong.push(format!("{name} = {value:?} for {caller:?}: the library says {answer}, tlsmend {said:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
    assert!(sure * 10 > commands.len() * 9, "{sure} of {}", commands.len());
}
