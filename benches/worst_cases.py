#!/usr/bin/env python3
"""Times tlsmend on input that is large in one way or another, twice: the second time it is twice as large.

    cargo build --release && benches/worst_cases.py [--program target/release/tlsmend] [--size 50000] [--only PART]

Prints the processor time and the memory of both runs and the ratio of the times, which is about 2 where the work grows
with the input and about 4 where it grows with its square. Ends with 1 if a ratio is over 3 (of runs of a second or more).
No root is needed; nothing but a temporary directory is written.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

FORMATS = ["text", "json", "html", "sarif", "github", "gitlab", "junit", "prometheus", "markdown"]
KNOWN = ["nginx=1.29.2", "openssl=3.0.17", "apache=2.4.57", "distribution=debian"]
APACHE = "Listen 443\nLoadModule ssl_module x\n"


def server(name, more=""):
    return (
        f"server {{ listen 443 ssl; ssl_certificate x; ssl_certificate_key y; server_name n{name}.test; {more} }}"
    )


def nginx(root, text):
    write(root / "etc/nginx/nginx.conf", "events {}\nhttp {\n" + text + "\n}\n")


def apache(root, text):
    write(root / "etc/apache2/apache2.conf", APACHE + text)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def one_line(root, size):
    nginx(root, " ".join(server(name, "ssl_protocols TLSv1;") for name in range(size)))


def many_lines(root, size):
    nginx(root, "\n".join(server(name, "\nssl_protocols TLSv1;\n") for name in range(size)))


def waived(root, size):
    size = min(size // 10, 18_000)
    nginx(root, "\n".join(server(name) for name in range(size)))
    line = "  - {{rule: [missing-version, implicit-default], match: {{server-name: n{}.test}}, reason: x}}\n"
    write(root / "policy.yaml", "waivers:\n" + "".join(line.format(name) for name in range(size)))


def comments(root, size):
    mark = "# tlsmend: allow forbidden-version: x\n"
    nginx(root, "\n".join(server(name, f"\n{mark}ssl_protocols TLSv1;\n") for name in range(size)))


def repeated(root, size):
    nginx(root, "ssl_protocols TLSv1;\n" * size + server(0))


def upstreams(root, size):
    one = "location /{0} {{ proxy_pass https://b{0}; proxy_ssl_protocols TLSv1; }}\n"
    nginx(root, "server { listen 443 ssl; " + "".join(one.format(name) for name in range(size)) + "}")


def virtual_hosts(root, size):
    one = "<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile x\nSSLProtocol all\nServerName n{}\n</VirtualHost>\n"
    apache(root, "".join(one.format(name) for name in range(size)))


def conditions(root, size):
    body = "<IfDefine !x>\n" * size + "SSLProtocol all\n" + "</IfDefine>\n" * size
    apache(root, f"<VirtualHost *:443>\nSSLEngine on\n{body}</VirtualHost>\n")


def proxies(root, size):
    one = "<Proxy https://b{0}/>\nSSLProxyProtocol all\n</Proxy>\nProxyPass /{0} https://b{0}/\n"
    body = "".join(one.format(name) for name in range(size))
    apache(root, f"<VirtualHost *:443>\nSSLEngine on\nSSLProxyEngine on\n{body}</VirtualHost>\n")


def patterns(root, size):
    size //= 5
    for name in range(size):
        write(root / f"etc/nginx/extra/n{name}-x.conf", "# nothing\n")
    nginx(root, "".join(f"include extra/n{name}-*.conf;\n" for name in range(size)) + server(0))


CASES = [
    (one_line, [["audit", "--format", one] for one in FORMATS] + [["diff"]]),
    (many_lines, [["audit", "--format", one] for one in FORMATS] + [["diff"]]),
    (waived, [["audit", "--policy", "policy.yaml"], ["diff", "--policy", "policy.yaml"]]),
    (comments, [["audit"], ["diff"]]),
    (repeated, [["audit"], ["audit", "--format", "sarif"], ["diff"]]),
    (upstreams, [["audit"], ["diff"]]),
    (virtual_hosts, [["audit"], ["diff"]]),
    (conditions, [["audit"], ["diff"]]),
    (proxies, [["audit"], ["diff"]]),
    (patterns, [["audit"], ["diff"]]),
]


def measure(program, root, command):
    """Processor time in seconds, and the largest memory in MiB."""
    command = [str(root / word) if word == "policy.yaml" else word for word in command]
    known = [word for one in KNOWN for word in ("--assume", one)]
    process = subprocess.Popen(
        [program, *command, "--root", str(root), *known],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        sys.exit(f"{' '.join(command)} ends with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss >> 10


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/tlsmend")
    parser.add_argument("--size", type=int, default=50_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    program = shutil.which(options.program) or sys.exit(f"{options.program} is not there")
    bad = False
    print(f"{'input':14} {'command':26} {'size':>7} {'s':>6} {'MiB':>5} {'double: s':>9} {'MiB':>5} {'ratio':>5}")
    for case, commands in CASES:
        if options.only not in case.__name__:
            continue
        with tempfile.TemporaryDirectory() as folder:
            roots = [pathlib.Path(folder) / str(times) for times in (1, 2)]
            for times, root in zip((1, 2), roots):
                case(root, times * options.size)
            for command in commands:
                (one, small), (two, large) = [measure(program, root, command) for root in roots]
                ratio = two / max(one, 0.01)
                bad |= ratio > 3 and two >= 1
                name = case.__name__
                print(
                    f"{name:14} {' '.join(command):26} {options.size:7} {one:6.2f} {small:5} {two:9.2f} {large:5} {ratio:5.1f}",
                    flush=True,
                )
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
