"""The hooks of pre-commit, in a repository of their own; `language: system`, since the other builds tlsmend first."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from runner import PROJECT, program, search_path

BAD = "server {\n    listen 443 ssl;\n    server_name a.example;\n    ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n}\n"
GOOD = BAD.replace("TLSv1 ", "")


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@a.example", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def hook_repository(folder):
    """A repository that holds the hooks and nothing else: what `repo:` of a configuration names."""
    folder.mkdir()
    shutil.copy(PROJECT / ".pre-commit-hooks.yaml", folder)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "hooks")
    git(folder, "tag", "v0.1.0")
    return folder


@unittest.skipUnless(shutil.which("pre-commit"), "left out: pre-commit is not installed")
class Hook(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.hooks = hook_repository(self.folder / "hooks")
        self.repository = self.folder / "repository"
        self.repository.mkdir()
        self.environment = {
            "PATH": search_path(self.folder / "bin", program()),
            "HOME": str(self.folder),
            "PRE_COMMIT_HOME": str(self.folder / "cache"),
            "LANG": "C.UTF-8",
        }
        git(self.repository, "init", "-q")
        self.write("nginx/sites/old.conf", GOOD)
        git(self.repository, "add", "-A")
        git(self.repository, "commit", "-q", "-m", "first")

    def write(self, name, text):
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, *more):
        """What the hook says of a commit of all that changed; the status of `pre-commit` and what it printed."""
        git(self.repository, "add", "-A")
        done = subprocess.run(
            ["pre-commit", "try-repo", str(self.hooks), "tlsmend-system", "--color=never", *more],
            cwd=self.repository, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        return done.returncode, done.stdout

    def test_a_good_commit_passes(self):
        self.write("nginx/sites/new.conf", GOOD)
        status, log = self.commit()
        self.assertEqual(status, 0, log)
        self.assertIn("Passed", log)

    def test_tlsv1_is_refused_with_its_line(self):
        self.write("nginx/sites/new.conf", BAD)
        status, log = self.commit()
        self.assertEqual(status, 1, log)
        self.assertIn("--> nginx/sites/new.conf:4:19", log)
        self.assertIn("+     ssl_protocols TLSv1.2 TLSv1.3;", log)

    def test_only_what_is_committed_is_judged(self):
        self.write("nginx/sites/bad.conf", BAD)
        git(self.repository, "add", "-A")
        git(self.repository, "commit", "-q", "-m", "it was so")
        self.write("nginx/sites/new.conf", GOOD)
        self.assertEqual(self.commit()[0], 0)
        self.assertEqual(self.commit("--all-files")[0], 1)

    def test_deleted_and_renamed_files(self):
        (self.repository / "nginx/sites/old.conf").unlink()
        status, log = self.commit()
        self.assertEqual(status, 0, log)
        self.assertIn("no files to check", log)
        git(self.repository, "reset", "-q", "--hard")
        git(self.repository, "mv", "nginx/sites/old.conf", "nginx/sites/renamed.conf")
        self.assertEqual(self.commit()[0], 0)
        self.write("nginx/sites/renamed.conf", BAD)
        status, log = self.commit()
        self.assertEqual(status, 1, log)
        self.assertIn("renamed.conf:4", log)

    def test_names_with_blanks_and_signs(self):
        for name in ["a b.conf", "$(touch pwned).conf", "ä'\".conf", "::error::.conf"]:
            self.write(f"nginx/{name}", GOOD)
        status, log = self.commit()
        self.assertEqual(status, 0, log)
        self.write("nginx/a b.conf", BAD)
        status, log = self.commit()
        self.assertEqual(status, 1, log)
        self.assertIn("nginx/a b.conf:4", log)
        self.assertEqual(list(self.folder.rglob("pwned")), [])

    def test_a_name_is_no_option(self):
        self.write("--output=out/nginx/a.conf", GOOD)
        self.write("out/nginx/kept.conf", GOOD)
        self.write("nginx/bad.conf", BAD)
        status, log = self.commit()
        self.assertEqual(status, 1, log)
        self.assertIn("nginx/bad.conf:4", log)
        self.assertFalse((self.repository / "out/nginx/a.conf").exists())

    def test_files_beside_configurations_stop_nothing(self):
        for name in ["README.md", "mime.types", "fastcgi_params", "site.conf.j2"]:
            self.write(f"nginx/{name}", "Use `ssl_protocols TLSv1.2;`\n")
        self.write("x/a.conf", "Use `ssl_protocols TLSv1.2;`\n")
        status, log = self.commit()
        self.assertEqual(status, 0, log)
        site = "<VirtualHost *:443>\n    SSLEngine on\n    SSLProtocol all\n</VirtualHost>\n"
        self.write("etc/apache2/sites-available/shop", site)
        self.assertEqual(self.commit()[0], 1)

    def test_what_the_rest_of_a_site_decides_is_not_guessed(self):
        self.write("nginx/sites/new.conf", GOOD.replace("    ssl_protocols TLSv1.2 TLSv1.3;\n", ""))
        status, log = self.commit()
        self.assertEqual(status, 1, log)
        self.assertIn("exit code: 3", log)


if __name__ == "__main__":
    unittest.main()
