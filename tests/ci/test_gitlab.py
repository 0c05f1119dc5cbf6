"""The component of GitLab: the script of its job, run by the shell."""

import hashlib
import json
import subprocess
import tarfile
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from runner import gitlab_job, program, run_gitlab_job, search_path, stand_in

BAD = "server {\n    listen 443 ssl;\n    server_name a.example;\n    ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n}\n"
GOOD = BAD.replace("TLSv1 ", "")


class Component(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.repository = self.folder / "repository"
        self.repository.mkdir()
        self.path = search_path(self.folder / "bin", program())

    def write(self, name, text):
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_it(self, **inputs):
        inputs = {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_gitlab_job(self.repository, inputs, self.path)

    def test_a_finding_fails_the_job_and_is_shown_beside_its_line(self):
        self.write("sites/a.conf", BAD)
        status, log = self.run_it()
        self.assertEqual(status, 1, log)
        self.assertIn("high[forbidden-version]", log)
        (finding,) = json.loads((self.repository / "tls.json").read_text())
        self.assertEqual(finding["location"], {"path": "sites/a.conf", "lines": {"begin": 4, "end": 4}})
        self.assertEqual((finding["check_name"], finding["severity"]), ("forbidden-version", "critical"))
        failures = ElementTree.parse(self.repository / "tls.xml").getroot().iter("failure")
        self.assertEqual(len(list(failures)), 2, "with the name, and without one")
        subprocess.run(["git", "apply", "tls.patch"], cwd=self.repository, check=True)
        self.assertEqual((self.repository / "sites/a.conf").read_text(), GOOD)
        self.assertEqual(self.run_it()[0], 0)

    def test_all_that_the_job_names_is_written(self):
        artifacts = gitlab_job({})["artifacts"]
        self.write("a.conf", GOOD)
        self.assertEqual(self.run_it()[0], 0)
        for name in artifacts["paths"] + list(artifacts["reports"].values()):
            self.assertTrue((self.repository / name).exists(), name)

    def test_lists_baselines_and_severities_are_passed_on(self):
        self.write("a b/a.conf", BAD)
        self.write("c.conf", GOOD)
        audit = [str(program()), "audit", "--no-exec", "--exit-zero", "--write-baseline", "known.json", "a b", "c.conf"]
        subprocess.run(audit, cwd=self.repository, check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(self.run_it(paths="a b; c.conf", baseline="known.json")[0], 0)
        self.assertEqual(self.run_it(paths="a b;c.conf")[0], 1)
        self.write("policy.yaml", "severity: {forbidden-version: low}\n")
        self.assertEqual(self.run_it(arguments="--policy=policy.yaml; --exclude=a name")[0], 0)
        self.assertEqual(self.run_it(arguments="--policy=policy.yaml", fail_on="low")[0], 1)

    def test_what_could_not_run_or_is_not_known_does_not_pass(self):
        self.write("a.conf", GOOD.replace("    ssl_protocols TLSv1.2 TLSv1.3;\n", ""))
        self.assertEqual(self.run_it()[0], 3)
        self.assertEqual(self.run_it(paths="gone")[0], 2)
        self.assertEqual(self.run_it(arguments="--no-such-option")[0], 2)

    def test_names_and_texts_are_no_scripts(self):
        for name in ["$(touch pwned).conf", "`touch pwned`.conf", "*;touch pwned.conf", "--output=pwned.conf"]:
            self.write(f"sites/{name}", BAD.replace("a.example", "'$(touch pwned)'"))
        self.assertEqual(self.run_it(paths="sites;$(touch pwned)*")[0], 2, "no such path")
        self.assertEqual(self.run_it(paths="sites")[0], 1)
        self.assertEqual([path for path in self.folder.rglob("pwned*") if path.parent.name != "sites"], [])

    def test_a_release_is_run_if_it_hashes_to_what_the_pipeline_knows(self):
        machine = subprocess.run(["uname", "-m"], capture_output=True, text=True).stdout.strip()
        archive = self.folder / f"tlsmend-1.2.3-{machine}-linux.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(stand_in(self.folder / "packed"), "tlsmend-1.2.3/tlsmend")
        fetch = self.folder / "bin/wget"
        fetch.write_text('#!/bin/sh\n# wget -q -O FILE ADDRESS\ncp "$4" "$3"\n')
        fetch.chmod(0o755)
        (self.folder / "bin/tlsmend").unlink()
        self.write("a.conf", GOOD)
        release = {"download": str(self.folder), "version": "1.2.3"}
        status, log = self.run_it(**release, sha256=hashlib.sha256(archive.read_bytes()).hexdigest())
        self.assertEqual(status, 0, log)
        status, log = self.run_it(**release, sha256="0" * 64)
        self.assertNotEqual(status, 0)
        self.assertNotIn("no findings", log)
        self.assertNotEqual(self.run_it(**release)[0], 0, "a hash is not optional")


if __name__ == "__main__":
    unittest.main()
