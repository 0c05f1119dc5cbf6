"""The action of GitHub: its steps run here as its runner would run them, with a `gh` that writes down what it is asked."""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
import unittest
from pathlib import Path

from runner import PROJECT, commands_obeyed, program, run_action, search_path, stand_in

BAD = "server {\n    listen 443 ssl;\n    server_name a.example;\n    ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n}\n"
GOOD = BAD.replace("TLSv1 ", "")
MARK = "<!-- tlsmend audit -->"


class Action(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.repository, self.answers = self.folder / "repository", self.folder / "bin/answers"
        self.repository.mkdir()
        self.answers.mkdir(parents=True)
        shutil.copy(PROJECT / "tests/ci/gh", self.folder / "bin/gh")
        self.path = search_path(self.folder / "bin", program())
        self.github = {
            "repository": "group/configuration",
            "token": "a-token",
            "event_name": "pull_request",
            "action_repository": "somebody/tlsmend",
            "event": {"pull_request": {"number": 7, "head": {"repo": {"full_name": "group/configuration"}}}},
        }

    def write(self, name, text):
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_it(self, **inputs):
        inputs = {"binary": "tlsmend"} | {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_action(self.repository, inputs, self.github, self.folder / "temporary", self.path)

    def asked(self, method=None):
        log = self.answers / "asked"
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [one for one in lines if method is None or method in one["arguments"]]


class Gate(Action):
    def test_a_finding_fails_the_job_and_is_shown_everywhere(self):
        self.write("sites/a.conf", BAD)
        run = self.run_it()
        self.assertEqual((run.status, run.outputs["status"]), (1, "1"), run.log)
        errors = [line for line in commands_obeyed(run.log) if line.startswith("::error file=sites/a.conf,line=4")]
        self.assertEqual(len(errors), 1, run.log)
        ((action, given),) = run.used
        self.assertTrue(action.startswith("github/codeql-action/upload-sarif@"))
        results = json.loads(Path(given["sarif_file"]).read_text())["runs"][0]["results"]
        self.assertEqual([one["ruleId"] for one in results], ["forbidden-version"])
        (comment,) = self.asked("POST")
        self.assertIn("repos/group/configuration/issues/7/comments", comment["arguments"])
        self.assertTrue(comment["body"].startswith(MARK))
        self.assertIn("\n```diff\n--- a/sites/a.conf\n", comment["body"])
        self.assertEqual(comment["body"], run.summary)
        applied = subprocess.run(["git", "apply", run.outputs["patch"]], cwd=self.repository)
        self.assertEqual(applied.returncode, 0)
        self.assertEqual((self.repository / "sites/a.conf").read_text(), GOOD)

    def test_without_findings_it_passes_and_says_nothing(self):
        self.write("sites/a.conf", GOOD)
        run = self.run_it()
        self.assertEqual((run.status, self.asked("POST"), self.asked("PATCH")), (0, [], []), run.log)

    def test_the_comment_of_an_earlier_run_is_replaced_and_nobody_elses(self):
        ours = {"id": 12, "body": MARK + "\nold", "user": {"type": "Bot"}}
        others = {"id": 11, "body": MARK + "\nmine", "user": {"type": "User"}}
        (self.answers / "comments.json").write_text(json.dumps([others, ours]))
        self.write("sites/a.conf", GOOD)
        self.assertEqual(self.run_it().status, 0)
        (comment,) = self.asked("PATCH")
        self.assertIn("repos/group/configuration/issues/comments/12", comment["arguments"])
        self.assertEqual(self.asked("POST"), [])

    def test_strangers_and_tokens_that_may_not_write_fail_nothing(self):
        self.write("sites/a.conf", GOOD)
        (self.answers / "refuses").touch()
        (self.answers / "comments.json").write_text(json.dumps([{"id": 1, "body": MARK, "user": {"type": "Bot"}}]))
        run = self.run_it()
        self.assertEqual(run.status, 0, run.log)
        self.assertIn("::notice title=tlsmend::the token may not comment", run.log)
        (self.answers / "asked").unlink()
        self.github["event"]["pull_request"]["head"]["repo"]["full_name"] = "stranger/configuration"
        run = self.run_it()
        self.assertEqual((run.status, run.used, self.asked()), (0, [], []), run.log)

    def test_a_push_uploads_and_has_nothing_to_comment_on(self):
        self.write("sites/a.conf", BAD)
        self.github |= {"event_name": "push", "event": {}}
        run = self.run_it()
        self.assertEqual((run.status, len(run.used), self.asked()), (1, 1, []), run.log)
        self.assertEqual(self.run_it(upload_sarif="false").used, [])

    def test_baselines_severities_and_arguments_are_passed_on(self):
        self.write("a b/a.conf", BAD)
        self.write("c.conf", GOOD)
        audit = [str(program()), "audit", "--no-exec", "--exit-zero", "--write-baseline", "known.json", "a b", "c.conf"]
        subprocess.run(audit, cwd=self.repository, check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(self.run_it(paths="a b\r\n\r\nc.conf\n", baseline="known.json").status, 0)
        self.assertEqual(self.run_it(paths="a b").status, 1)
        self.write("policy.yaml", "severity: {forbidden-version: low}\n")
        self.assertEqual(self.run_it(arguments="--policy\npolicy.yaml\n").status, 0)
        self.assertEqual(self.run_it(arguments="--policy=policy.yaml", fail_on="low").status, 1)

    def test_what_could_not_run_or_is_not_known_does_not_pass(self):
        self.write("sites/a.conf", GOOD.replace("    ssl_protocols TLSv1.2 TLSv1.3;\n", ""))
        self.assertEqual(self.run_it().status, 3)
        self.assertEqual(self.run_it(paths="gone").status, 2)
        self.assertEqual(self.run_it(paths=" \n").status, 2)
        self.assertEqual(self.run_it(arguments="--no-such-option").status, 2)


class Harm(Action):
    """A pull request is written by a stranger: names of branches and files, and all that is in the files."""

    def test_names_and_texts_are_no_scripts_options_or_commands(self):
        names = ["$(touch pwned).conf", "`touch pwned`.conf", "a;touch pwned.conf", "--output=pwned.conf", "a b'\".conf"]
        for at, name in enumerate(names + ["::error::pwned.conf", "x\n::error::pwned\n.conf"]):
            self.write(f"sites/{name}", BAD.replace("a.example", f"a{at}.example"))
        self.write(
            "sites/z.conf",
            BAD.replace("a.example", "'\n::error::pwned\n::add-mask::e\n##[error]pwned\n'").replace(
                "    ssl", "\n# ::set-output name=status::0\n    ssl"
            ),
        )
        run = self.run_it(paths="sites")
        self.assertIn(run.status, (1, 3), run.log)
        self.assertEqual([path for path in self.folder.rglob("pwned*") if path.parent != self.repository / "sites"], [])
        for command in commands_obeyed(run.log):
            self.assertRegex(command, r"^::(error|warning|notice) file=sites/|^::(error|warning|notice) title=", run.log)
            self.assertNotIn("##[", command.split("::")[1])
        self.assertEqual(set(run.outputs), {"status", "speaks", "folder", "sarif", "patch", "report"})

    def test_nothing_gets_out_of_the_fence_of_the_patch(self):
        # A patch has three lines around what it changes.
        text = "#````\n</details>#\n# pwned @everyone <img src=x> \u202e\u200b\x1b[31m\n"
        self.write("a.conf", BAD.replace("    ssl_protocols", text.replace("</d", "#</d") + "    ssl_protocols"))
        self.assertEqual(self.run_it().status, 1)
        (comment,) = self.asked("POST")
        lines = comment["body"].splitlines()
        begin = lines.index("`````diff")
        end = lines.index("`````", begin)
        self.assertEqual(lines[end + 1 :], ["", "</details>"])
        inside = "\n".join(lines[begin:end])
        self.assertIn("# pwned @everyone", inside)
        self.assertNotIn("pwned", "\n".join(lines[:begin] + lines[end:]))
        for hidden in "\u202e\u200b\x1b":
            self.assertNotIn(hidden, comment["body"])

    def test_secrets_are_not_in_the_comment(self):
        secret = "AKIAIOSFODNN7EXAMPLE"
        header = f'    proxy_set_header X-Api-Key "{secret}";\n'
        self.write("a.conf", BAD.replace("    ssl_protocols", f"{header}    ssl_protocols"))
        run = self.run_it()
        (comment,) = self.asked("POST")
        self.assertIn("X-Api-Key", comment["body"])
        self.assertNotIn(secret, comment["body"])
        self.assertNotIn(secret, run.log)
        self.assertIn(secret, Path(run.outputs["patch"]).read_text(), "the patch has to apply")

    def test_a_comment_has_room_on_github(self):
        for at in range(250):
            self.write(f"sites/{at:04}.conf", BAD.replace("a.example", f"a{at}.example"))
        self.assertEqual(self.run_it().status, 1)
        (comment,) = self.asked("POST")
        self.assertLess(len(comment["body"]), 65536)
        self.assertTrue(comment["body"].rstrip().endswith("</details>") or "no room" in comment["body"])


class Install(Action):
    """The release: its checksum and its attestation have to be right."""

    def release(self):
        name = f"tlsmend-{self.version}-x86_64-linux"
        folder = self.answers / "release"
        folder.mkdir()
        archive = folder / f"{name}.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(stand_in(self.folder / "packed"), f"{name}/tlsmend")
        (folder / "SHA256SUMS").write_text(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n")
        return folder

    def setUp(self):
        super().setUp()
        if subprocess.run(["uname", "-m"], capture_output=True, text=True).stdout.strip() != "x86_64":
            self.skipTest("left out: the release that is made up here is for x86_64")
        self.write("a.conf", GOOD)
        self.version = tomllib.loads((PROJECT / "Cargo.toml").read_text())["package"]["version"]

    def test_the_release_that_the_action_belongs_to_is_installed(self):
        self.release()
        run = self.run_it(binary="")
        self.assertEqual(run.status, 0, run.log)
        self.assertEqual(Path(run.steps["install"]["outputs"]["binary"]).name, "tlsmend")
        (release,) = self.asked("release")
        self.assertEqual(release["arguments"][:5], ["release", "download", f"v{self.version}", "--repo", "somebody/tlsmend"])
        self.assertEqual(len(self.asked("attestation")), 1)

    def test_what_was_changed_on_the_way_is_not_run(self):
        folder = self.release()
        with next(folder.glob("*.tar.gz")).open("ab") as archive:
            archive.write(b"x")
        run = self.run_it(binary="")
        self.assertEqual(run.status, 2, run.log)
        self.assertIn("the checksum of", run.log)
        self.assertEqual(self.asked("attestation"), [])

    def test_an_archive_that_the_list_does_not_name_is_not_run(self):
        (self.release() / "SHA256SUMS").write_text(f"{'0' * 64}  another.tar.gz\n")
        self.assertEqual(self.run_it(binary="").status, 2)

    def test_what_nobody_attests_is_not_run(self):
        self.release()
        (self.answers / "not-attested").touch()
        run = self.run_it(binary="")
        self.assertEqual(run.status, 2, run.log)
        self.assertIn("it is not attested", run.log)

    def test_versions_and_repositories_are_checked_before_anything_is_asked(self):
        for wrong in [{"version": "main"}, {"version": "1.2.3; x"}, {"repository": "../x/y"}, {"repository": "x"}]:
            self.assertEqual(self.run_it(binary="", **wrong).status, 2)
        self.github["action_repository"] = ""
        self.assertEqual(self.run_it(binary="").status, 2)
        self.assertEqual(self.run_it(binary="no-such-program").status, 2)
        self.assertEqual(self.asked(), [])


if __name__ == "__main__":
    unittest.main()
