"""What the tests of the collection have in common: a place for all that Ansible writes, hosts, and playbooks."""

import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
PROGRAM = pathlib.Path(os.environ.get("TLSMEND_PROGRAM", TARGET / "debug/tlsmend")).resolve()


def find_ansible():
    """The directory of an ansible-playbook that runs: a shim of a Python that is gone does not."""
    if "TLSMEND_ANSIBLE" in os.environ:
        return os.environ["TLSMEND_ANSIBLE"]
    # Even to tell its version it writes to its home.
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "ANSIBLE_HOME": home}
        for folder in os.environ["PATH"].split(os.pathsep) + ["/usr/bin"]:
            program = os.path.join(folder, "ansible-playbook")
            if not os.access(program, os.X_OK):
                continue
            if subprocess.run([program, "--version"], env=environment, capture_output=True).returncode == 0:
                return folder
    return None


ANSIBLE = find_ansible()


class Workplace:
    """A temporary directory with everything that Ansible reads and writes, and hosts."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tlsmend-ansible."))
        (self.path / "home").mkdir()
        (self.path / "ansible.cfg").touch()
        self.environment = {
            "PATH": f"{ANSIBLE}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.path / "home"),
            "ANSIBLE_HOME": str(self.path / "home/.ansible"),
            "ANSIBLE_LOCAL_TEMP": str(self.path / "home/local"),
            "ANSIBLE_REMOTE_TMP": str(self.path / "home/remote"),
            "ANSIBLE_CONFIG": str(self.path / "ansible.cfg"),
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
            "ANSIBLE_COLLECTIONS_PATH": str(self.path / "collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(REPOSITORY / "tests/ansible/callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORKS": "4",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
        }

    def run(self, argv):
        return subprocess.run(argv, env=self.environment, cwd=self.path, capture_output=True, text=True, timeout=300)

    def install_collection(self):
        """From the archive that would be published, so that a file that this leaves out is missed."""
        self.galaxy("build", str(REPOSITORY / "ansible"), "--output-path", str(self.path))
        archive = next(self.path.glob("tlsmend-tlsmend-*.tar.gz"))
        self.galaxy("install", str(archive), "--offline")

    def galaxy(self, *arguments):
        done = self.run(["ansible-galaxy", "collection", *arguments])
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)


class Played:
    """What a playbook did."""

    def __init__(self, done, lines):
        self.status = done.returncode
        self.text = done.stdout + done.stderr
        self.lines = lines

    def result(self, task, host):
        """The result of a task on a host."""
        return next(one["result"] for one in self.lines if one["task"] == task and one["host"] == host)

    def has_failed(self, task, host):
        return any(one["outcome"] == "failed" for one in self.lines if one["task"] == task and one["host"] == host)

    def changed(self):
        return sorted({(one["host"], one["task"]) for one in self.lines if one["result"].get("changed")})


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def look(folder):
    """All that a directory holds: contents, modes, links and times."""
    seen = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else digest(path) if path.is_file() else None
        seen[str(path.relative_to(folder))] = (stat.filemode(status.st_mode), status.st_mtime_ns, content)
    return seen


def contents(folder):
    """The files of a host, without the history that fix keeps."""
    return {name: content for name, (_, _, content) in look(folder).items() if content and "/tlsmend/" not in name}


class Case(unittest.TestCase):
    maxDiff = 4000
    place = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.place.path))
        self.record = self.folder / "record"
        self.hosts = {}
        self.variables = {}

    def add_host(self, name, fixture, **variables):
        root = self.folder / "roots" / name
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(REPOSITORY / "fixtures/hosts" / fixture, root, symlinks=True)
        self.hosts[name] = root
        self.variables[name] = variables
        return root

    def script(self, name, text):
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def write_inventory(self):
        hosts = {
            name: {
                "ansible_connection": "local",
                "ansible_python_interpreter": "/usr/bin/python3",
                "root": str(root),
                "program": str(PROGRAM),
                "tlsmend_root": str(root),
                "tlsmend_executable": "{{ program }}",
                **self.variables[name],
            }
            for name, root in self.hosts.items()
        }
        path = self.folder / "inventory.json"
        path.write_text(json.dumps({"all": {"hosts": hosts}}))
        return path

    def play(self, plays, *options):
        """Runs plays (JSON is YAML), or a playbook of the collection by its name."""
        self.record.unlink(missing_ok=True)
        book = plays
        if not isinstance(plays, str):
            book = self.folder / "book.yml"
            book.write_text(json.dumps(plays))
        self.place.environment["TLSMEND_RECORD"] = str(self.record)
        done = self.place.run(["ansible-playbook", "-i", str(self.write_inventory()), str(book), *options])
        lines = [json.loads(line) for line in self.record.read_text().splitlines()] if self.record.exists() else []
        return Played(done, lines)

    def module(self, name="tls", notify=None, **parameters):
        task = {
            "name": name,
            "tlsmend.tlsmend.tlsmend": {"root": "{{ root }}", "executable": "{{ program }}", **parameters},
        }
        return dict(task, notify=notify) if notify else task

    def one_play(self, *tasks, handlers=()):
        return [{"hosts": "all", "gather_facts": False, "tasks": list(tasks), "handlers": list(handlers)}]

    def role_play(self, **variables):
        return {
            "hosts": "all",
            "gather_facts": False,
            "roles": ["tlsmend.tlsmend.tlsmend"],
            "vars": {
                "tlsmend_reports": str(self.folder / "reports"),
                **variables,
            },
        }

    def fleet_variables(self, page):
        return {
            "ansible_become": False,
            "tlsmend_fleet_executable": str(PROGRAM),
            "tlsmend_reports": str(self.folder / "reports"),
            "tlsmend_fleet_formats": {"html": str(page), "json": str(self.folder / "fleet.json")},
        }

    def fleet(self):
        document = json.loads((self.folder / "fleet.json").read_text())
        return {host["host"]: host for host in document["hosts"]}

    def patch_of(self, root):
        done = subprocess.run([PROGRAM, "diff", "--root", root], capture_output=True)
        return done.stdout
