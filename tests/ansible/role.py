"""The role and the playbook of a fleet."""

import json
import os
import pathlib
import subprocess
import unittest

from place import PROGRAM, Case, contents, look


class Role(Case):
    def test_ten_roots_by_one_playbook_twice(self):
        fixtures = ["debian", "rhel", "alpine", "waived", "compliant", "rhel", "alpine", "rhel", "alpine", "compliant"]
        for number, fixture in enumerate(fixtures):
            self.add_host(f"web{number}", fixture)
        counter = self.folder / "reloads"
        reload = self.script("reload", f'echo "$1" >> {counter}\n')
        fix = [
            self.role_play(
                tlsmend_state="fixed",
                tlsmend_reports="",
                tlsmend_reload_commands=[f"{reload} {{{{ inventory_hostname }}}}"],
                tlsmend_on_incomplete="warn",
            )
        ]
        first = self.play(fix)
        self.assertEqual(first.status, 0, first.text)
        bad = [f"web{number}" for number, fixture in enumerate(fixtures) if fixture != "compliant"]
        self.assertEqual(sorted(counter.read_text().split()), bad)
        audits = [first.result("Audit", name) for name in self.hosts]
        findings = [one for audit in audits for one in audit["findings"] if one["standing"] == "open"]
        self.assertEqual([one for one in findings if one["severity"] == "high"], [])
        roots = {name: contents(root) for name, root in self.hosts.items()}

        second = self.play(fix)
        self.assertEqual(second.status, 0, second.text)
        self.assertEqual(second.changed(), [])
        self.assertEqual(sorted(counter.read_text().split()), bad)
        self.assertEqual({name: contents(root) for name, root in self.hosts.items()}, roots)

    def test_the_page_says_who_is_exposed_and_who_is_missing(self):
        page, reports = self.folder / "fleet.html", self.folder / "reports"
        lie = 'case "$one" in --host=*) one=--host=exposed;; esac'
        liar = self.script("liar", f'for one; do {lie}; set -- "$@" "$one"; shift; done\nexec {PROGRAM} "$@"\n')
        # The page fixes nothing, whatever the inventory says.
        self.add_host("exposed", "debian", tlsmend_state="fixed")
        self.add_host("compliant", "compliant")
        self.add_host("gone", "debian", program="/nowhere/tlsmend")
        self.add_host("liar", "compliant", program=str(liar))
        self.add_host("large", "debian", tlsmend_report_limit=1000)
        # What is known of other days must not speak for today.
        reports.mkdir()
        for name in "gone", "liar", "large":
            with open(reports / f"{name}.json", "w") as file:
                subprocess.run(
                    [PROGRAM, "audit", "--root", self.hosts["compliant"], "--host", name, "--format=json"], stdout=file
                )
        options = ["-e", json.dumps(self.fleet_variables(page))]
        played = self.play("tlsmend.tlsmend.fleet", *options)
        self.assertEqual(played.status, 2, played.text)
        self.assertTrue(played.has_failed("Fail where hosts are missing", "localhost"))
        fleet = self.fleet()
        ended = {name: host["status"] for name, host in fleet.items()}
        self.assertEqual(ended, {"compliant": "compliant", "exposed": "findings"})
        self.assertEqual(fleet["exposed"]["counts"]["exposed"], 4)
        unread = json.loads((self.folder / "fleet.json").read_text())["unread"]
        self.assertEqual([pathlib.Path(one["file"]).stem for one in unread], ["gone", "large", "liar"])
        self.assertEqual(sorted(path.stem for path in reports.iterdir()), ["compliant", "exposed"])
        self.assertIn("exposed", page.read_text())
        self.assertIn("report of another host", played.text)
        self.assertIn("tlsmend_report_limit", played.text)

        text = page.read_text()
        played = self.play("tlsmend.tlsmend.fleet", "-l", "compliant,exposed,localhost", *options)
        self.assertEqual((played.changed(), page.read_text()), ([], text), played.text)

        played = self.play("tlsmend.tlsmend.fleet", "-l", "gone,localhost", *options)
        self.assertEqual(played.status, 2, played.text)
        self.assertFalse(page.exists())

    @unittest.skipUnless(os.geteuid() == 0, "left out: only root can give a file to root")
    def test_installs_a_copy_and_a_policy_and_fails_after_the_reload(self):
        self.add_host("web", "debian")
        counter, policy = self.folder / "reloads", self.folder / "policy.yaml"
        policy.write_text("forbid: [SSLv3, TLSv1, TLSv1.1, TLSv1.2]\nrequire: [TLSv1.3]\n")
        book = [
            self.role_play(
                tlsmend_install="copy",
                tlsmend_binary=str(PROGRAM),
                tlsmend_binary_path=str(self.folder / "bin/tlsmend"),
                tlsmend_executable=str(self.folder / "bin/tlsmend"),
                tlsmend_policy=str(policy),
                tlsmend_policy_path=str(self.folder / "etc/policy.yaml"),
                tlsmend_state="fixed",
                tlsmend_rules=["missing-version"],
                tlsmend_reload_commands=[f"touch {counter}"],
            )
        ]
        (self.folder / "bin").mkdir()
        self.play(book, "--check")
        self.assertFalse((self.folder / "etc").exists())
        played = self.play(book)
        self.assertEqual(played.status, 2, played.text)
        self.assertTrue(played.has_failed("Audit", "web"))
        self.assertTrue(counter.exists())
        counter.unlink()
        played = self.play(book)
        self.assertEqual(played.status, 2, played.text)
        self.assertEqual(played.changed(), [])
        self.assertFalse(counter.exists())

    def test_check_mode_and_wrong_variables(self):
        root = self.add_host("web", "debian")
        before = look(root)
        played = self.play([self.role_play(tlsmend_state="fixed")], "--check")
        self.assertEqual(played.status, 0, played.text)
        self.assertEqual(played.changed(), [("web", "Fix")])
        self.assertEqual(look(root), before)

        # Made up so that no service manager knows its servers, and nothing of this machine is reloaded.
        self.add_host("web", "waived")
        played = self.play([self.role_play(tlsmend_state="fixed")])
        self.assertEqual(played.status, 2, played.text)
        self.assertEqual(played.result("Fix", "web")["services"], [])
        self.assertTrue(played.has_failed("Fail where a server still has the old files", "web"))
        self.assertIn("nginx -s reload", played.text)
        played = self.play([self.role_play(tlsmend_state="mended")])
        self.assertEqual(played.status, 2, played.text)
        self.assertIn("value of tlsmend_state must be one of", played.text)
