#!/usr/bin/env python3
"""Times `tlsmend probe` beside sslscan, nmap, sslyze and testssl.sh, at real servers of nginx, and prints a table.

    cargo build --release && benches/probe_beside_others.py [--rounds 5] [--program target/release/tlsmend] [--only B]

All run in a network namespace of their own (root is needed for it), by turns; the kernel counts the connections. Tools
that are not installed are left out. Server A accepts all that OpenSSL can do, the others have Mozilla's intermediate
configuration (5.6): B with an RSA certificate and DH parameters, C without those, D with an ECDSA certificate alone.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

INTERMEDIATE = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"
)
MODERN = f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {INTERMEDIATE}; ssl_prefer_server_ciphers off;"
RSA = "ssl_certificate rsa.pem; ssl_certificate_key rsa.key;"
ECDSA = "ssl_certificate ecdsa.pem; ssl_certificate_key ecdsa.key;"
DH = "ssl_dhparam dh.pem;"
SERVERS = {
    "A": f"ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:COMPLEMENTOFALL:@SECLEVEL=0; {RSA} {ECDSA} {DH}",
    "B": f"{MODERN} {RSA} {DH}",
    "C": f"{MODERN} {RSA}",
    "D": f"{MODERN} {ECDSA}",
}
FIRST_PORT = 18441


def tools(program):
    """Name, command without the target, and whether it is asked for the whole: a slow one has one round."""
    sslscan = "sslscan --no-heartbleed --no-renegotiation --no-fallback --no-compression --no-groups"
    sslscan += " --no-check-certificate --no-cipher-details --no-colour --ipv4"
    sslyze = "sslyze --sslv2 --sslv3 --tlsv1 --tlsv1_1 --tlsv1_2 --tlsv1_3"
    return {
        "tlsmend probe": [program, "probe", "--exit-zero", "{target}"],
        "tlsmend probe --ciphers": [program, "probe", "--ciphers", "--exit-zero", "{target}"],
        "sslscan": [*sslscan.split(), "{target}"],
        "nmap": "nmap -n -Pn --script ssl-enum-ciphers -p {port} 127.0.0.1".split(),
        "sslyze": [*sslyze.split(), "{target}"],
        "testssl -E": "testssl --warnings off --color 0 -E {target}".split(),
    }


def connections():
    """The connections that servers of this namespace have accepted so far (PassiveOpens)."""
    names, values = (line.split() for line in pathlib.Path("/proc/net/snmp").read_text().splitlines() if "Tcp:" in line)
    return int(values[names.index("PassiveOpens")])


def certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    new = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    openssl(*new, "-newkey", "rsa:2048", "-keyout", "rsa.key", "-out", "rsa.pem")
    openssl(*new, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "ecdsa.key", "-out", "ecdsa.pem")
    openssl("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", "dh.pem")


def start(folder, ports):
    """One nginx with one worker for all servers; it stays in the foreground, so that it ends with us."""
    certificates(folder)
    places = "".join(f"{kind}_temp_path {kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    sites = "".join(f"server {{ listen 127.0.0.1:{ports[name]} ssl; {text} }}\n" for name, text in SERVERS.items())
    configuration = f"daemon off; pid nginx.pid; events {{}} http {{ access_log off; {places}\n{sites}}}"
    (folder / "nginx.conf").write_text(configuration)
    command = ["nginx", "-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        if (folder / "nginx.pid").exists() and server.poll() is None:
            time.sleep(0.3)
            return server
        time.sleep(0.05)
    sys.exit((folder / "error.log").read_text() or "nginx did not start")


def measure(commands, port, rounds):
    """Milliseconds and connections of each command, of all rounds."""
    found = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            # A minute each.
            if name.startswith("testssl") and number > 0:
                continue
            target = f"127.0.0.1:{port}"
            before, begun = connections(), time.perf_counter()
            words = [word.format(target=target, port=port) for word in command]
            subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            took = (time.perf_counter() - begun) * 1000
            found[name].append((took, connections() - before))
    return found


def report(server, found):
    print(f"\nserver {server}\n\n| | median | from | to | connections |\n|---|---|---|---|---|")
    medians = {}
    for name, runs in found.items():
        times = [took for took, _ in runs]
        medians[name] = statistics.median(times)
        print(f"| {name} | {medians[name]:.1f} ms | {min(times):.1f} | {max(times):.1f} | {runs[-1][1]} |")
    others = [median for name, median in medians.items() if not name.startswith("tlsmend")]
    if others:
        print(f"\nfastest other / tlsmend probe --ciphers: {min(others) / medians['tlsmend probe --ciphers']:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--program", default="target/release/tlsmend")
    parser.add_argument("--only", choices=SERVERS, help="one server")
    parser.add_argument("--without", action="append", default=[], help="a tool that is left out")
    arguments = parser.parse_args()
    if os.environ.get("TLSMEND_BENCH_NAMESPACE") is None:
        os.environ["TLSMEND_BENCH_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    commands = tools(str(pathlib.Path(arguments.program).resolve()))
    for name in [name for name in commands if name.split()[0] in arguments.without]:
        del commands[name]
    for name in [name for name, command in commands.items() if shutil.which(command[0]) is None]:
        print(f"left out: {name} (not installed)")
        del commands[name]
    ports = {name: FIRST_PORT + number for number, name in enumerate(SERVERS)}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        server = start(pathlib.Path(folder), ports)
        try:
            for name in [arguments.only] if arguments.only else SERVERS:
                report(name, measure(commands, ports[name], arguments.rounds))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
