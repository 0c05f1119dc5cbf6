"""The modules, beside the program itself."""

import json
import os
import pathlib
import shutil
import subprocess

from place import REPOSITORY, Case, contents, digest, look


class Module(Case):
    def test_three_roots_checked_fixed_and_left_alone(self):
        fixtures = {"web0": "debian", "web1": "rhel", "web2": "alpine"}
        for name, fixture in fixtures.items():
            self.add_host(name, fixture)
        counter = self.folder / "reloads"
        command = [str(self.script("reload", f'echo "$1" >> {counter}\n')), "{{ inventory_hostname }}"]
        # Two tasks notify, one handler runs.
        book = self.one_play(
            self.module("nginx", notify="reload", state="fixed", only=["nginx"], on_findings="warn"),
            self.module("all", notify="reload", state="fixed"),
            handlers=[{"name": "reload", "command": {"argv": command}}],
        )
        patches = {name: self.patch_of(root) for name, root in self.hosts.items()}
        before = {name: look(root) for name, root in self.hosts.items()}

        checked = self.play(book, "--check", "--diff")
        self.assertEqual(checked.status, 0, checked.text)
        self.assertEqual({name: look(root) for name, root in self.hosts.items()}, before)
        self.assertFalse(counter.exists())
        for name in self.hosts:
            result = checked.result("all", name)
            self.assertTrue(result["changed"])
            self.assertEqual(len(result["diff"]), len(result["files"]))
            shown = "".join(one["prepared"] for one in result["diff"])
            self.assertEqual(shown, patches[name].decode("utf-8", "replace").replace("\r\n", "\n"))
            self.assertIn(result["diff"][0]["prepared"], checked.text)

        fixed = self.play(book)
        self.assertEqual(fixed.status, 0, fixed.text)
        for name, root in self.hosts.items():
            patched = self.folder / "patched" / name
            shutil.copytree(REPOSITORY / "fixtures/hosts" / fixtures[name], patched, symlinks=True)
            subprocess.run(["patch", "-s", "-p1", "-d", patched], input=patches[name], check=True)
            self.assertEqual(contents(root), contents(patched))
            for task in "nginx", "all":
                result = fixed.result(task, name)
                if result["changed"]:
                    self.assertEqual(sorted(result["backup_files"]), sorted(result["files"]))
                    self.assertIn(os.path.basename(result["backup_dir"]), result["transaction"])
                for path, copy in result.get("backup_files", {}).items():
                    self.assertEqual(digest(copy), before[name][path[1:]][2])
        self.assertEqual(fixed.result("nginx", "web0")["services"], ["nginx"])
        self.assertEqual(fixed.result("all", "web1")["services"], ["httpd"])
        self.assertEqual(fixed.result("nginx", "web2")["reload_commands"], ["rc-service nginx reload"])
        self.assertEqual(sorted(counter.read_text().split()), sorted(self.hosts))

        after = {name: contents(root) for name, root in self.hosts.items()}
        second = self.play(book, "--diff")
        self.assertEqual(second.status, 0, second.text)
        self.assertEqual(second.changed(), [])
        self.assertEqual({name: contents(root) for name, root in self.hosts.items()}, after)
        self.assertEqual(sorted(counter.read_text().split()), sorted(self.hosts))

    def test_a_failed_check_restores_everything_and_the_task_fails_with_its_words(self):
        root = self.add_host("web", "debian")
        before = contents(root)
        mark, counter = self.folder / "mark", self.folder / "reloads"
        words = "nginx: [emerg] unknown directive in /etc/nginx/nginx.conf:3"
        complaint = f"printf '%s\\nPLAY RECAP *** ok' '{words}' >&2; exit 1"
        checker = self.script("checker", f"[ -e {mark} ] && {{ {complaint}; }}\ntouch {mark}\n")
        book = self.one_play(
            self.module(
                notify="reload", state="fixed", only=["nginx"], validate={"nginx": str(checker)}, on_findings="warn"
            ),
            handlers=[{"name": "reload", "command": {"argv": ["touch", str(counter)]}}],
        )
        played = self.play(book)
        self.assertEqual(played.status, 2, played.text)
        result = played.result("tls", "web")
        self.assertIn(words, result["msg"])
        self.assertIn("every file was restored", result["msg"])
        self.assertEqual(played.text.count("\nPLAY RECAP"), 1)
        self.assertEqual(result["rolled_back"]["cause"], "check-failed")
        self.assertFalse(result["changed"])
        self.assertEqual(contents(root), before)
        self.assertFalse(counter.exists())
        # The mark is still there, so now it does not accept the configuration as it is: nothing is tried.
        played = self.play(book)
        self.assertEqual(played.status, 2, played.text)
        self.assertIn(words, played.result("tls", "web")["msg"])
        self.assertEqual(contents(root), before)

    def test_a_reload_in_the_transaction(self):
        root = self.add_host("web", "debian")
        before = contents(root)
        counter = self.folder / "reloads"
        fails = self.script("fails", "echo 'bind() failed' >&2; exit 1\n")
        works = self.script("works", f"echo x >> {counter}\n")

        def book(reload):
            return self.one_play(
                self.module(
                    state="fixed",
                    only=["nginx"],
                    validate={"nginx": "/bin/true"},
                    reload=True,
                    reload_with={"nginx": str(reload)},
                    state_dir=str(self.folder / "state"),
                    on_findings="warn",
                    on_incomplete="warn",
                )
            )

        played = self.play(book(fails))
        self.assertEqual(played.status, 2, played.text)
        self.assertIn("bind() failed", played.result("tls", "web")["msg"])
        self.assertEqual(contents(root), before)
        played = self.play(book(works))
        self.assertEqual(played.status, 0, played.text)
        result = played.result("tls", "web")
        # Once for the reload that the first run left open, and once for its own files.
        self.assertEqual((result["changed"], set(result["reloaded"]), result["services"]), (True, {str(works)}, []))
        reloads = counter.read_text()
        self.assertEqual(self.play(book(works)).changed(), [])
        self.assertEqual(counter.read_text(), reloads)

    def test_findings_and_what_is_not_known_fail_or_warn(self):
        self.add_host("exposed", "debian")
        self.add_host("broken", "broken")
        root = self.add_host("unknown", "compliant")
        main = root / "etc/nginx/nginx.conf"
        main.write_text(main.read_text().replace("http {", "http {\n\tinclude /etc/nginx/gone.conf;", 1))
        self.add_host("compliant", "compliant")
        book = self.one_play(
            self.module("both"),
            self.module("findings", on_incomplete="warn"),
            self.module("incomplete", on_findings="warn"),
            self.module("neither", on_findings="warn", on_incomplete="warn"),
        )
        for task in book[0]["tasks"]:
            task["ignore_errors"] = True
        played = self.play(book)
        failed = {
            task: sorted(name for name in self.hosts if played.has_failed(task, name))
            for task in ("both", "findings", "incomplete", "neither")
        }
        self.assertEqual(
            failed,
            {
                "both": ["broken", "exposed", "unknown"],
                "findings": ["broken", "exposed"],
                "incomplete": ["broken", "unknown"],
                "neither": [],
            },
        )
        warned = {name: len(played.result("neither", name).get("warnings", [])) for name in self.hosts}
        self.assertEqual(warned, dict(exposed=1, broken=2, unknown=1, compliant=0))
        unknown = played.result("neither", "unknown")
        self.assertTrue(unknown["incomplete"])
        self.assertIn("gone.conf", unknown["warnings"][0])
        first = "findings at or above medium: TLSv1.2 is not offered (/etc/apache2/sites-available/customer.example"
        self.assertTrue(played.result("both", "exposed")["msg"].startswith(first))
        self.assertEqual(played.changed(), [])

    def test_what_is_left_after_a_fix_fails_once_the_handlers_are_safe(self):
        self.add_host("web", "broken")
        counter = self.folder / "reloads"
        book = self.one_play(
            self.module(notify="reload", state="fixed"),
            handlers=[{"name": "reload", "command": {"argv": ["touch", str(counter)]}}],
        )
        played = self.play(book)
        self.assertEqual(played.status, 0, played.text)
        self.assertTrue(counter.exists())
        warnings = "\n".join(played.result("tls", "web")["warnings"])
        self.assertIn("findings at or above medium: TLSv1.3 is not offered", warnings)
        played = self.play(book)
        self.assertEqual(played.status, 2, played.text)
        self.assertEqual(played.changed(), [])

    def test_nothing_that_a_site_owner_writes_acts_on_the_controller(self):
        root = self.add_host("web", "debian")
        mark = self.folder / "mark"
        sites = root / "etc/nginx/sites-enabled"
        hostile = f"{{{{ lookup('pipe', 'touch {mark}') }}}}"
        names = ["zz\x1b[2J\nPLAY RECAP ***", "zz\u202e-site", hostile.replace("/", "_"), "zz\x9b31m"]
        for number, name in enumerate(names):
            (sites / name).write_text(
                f'# \x1b]0;title\x07 \u202e {hostile}\nserver {{\n\tlisten 127.0.0.1:{9500 + number} ssl;\n'
                f'\tserver_name "{hostile}" \x1b[31mred.example;\n\tproxy_set_header Authorization "Bearer abc123secret";\n'
                "\tssl_protocols TLSv1;\n}\n"
            )
        played = self.play(
            self.one_play(
                dict(self.module("fix", state="fixed"), register="tls"),
                {"name": "say", "debug": {"msg": "{{ tls.msg }} {{ tls.files }} {{ tls.findings_fixed }}"}},
                dict(self.module("audit", on_findings="warn", on_incomplete="warn"), register="tls"),
                {"name": "say", "debug": {"var": "tls"}},
                {"name": "look", "tlsmend.tlsmend.tlsmend_info": {"root": "{{ root }}", "executable": "{{ program }}"}},
            ),
            "--diff",
            "-vvv",
        )
        self.assertEqual(played.status, 0, played.text)
        self.assertFalse(mark.exists())
        fixed = [path for path in played.result("fix", "web")["files"] if "sites-enabled/" in path]
        self.assertEqual(len(fixed), len(names))
        for character in "\x1b\x07\x9b\u202e":
            self.assertNotIn(character, played.text)
        self.assertNotIn("abc123secret", played.text)
        self.assertEqual(played.text.count("\nPLAY RECAP"), 1)
        self.assertIn("<U+001B>", played.text)

    def test_a_result_has_a_limit(self):
        root = self.add_host("web", "debian")
        (root / "etc/nginx/conf.d/many.conf").write_text(
            "".join(
                f"server {{ listen 127.0.0.1:{10000 + number} ssl; server_name a{number}.example;\n"
                f"ssl_protocols TLSv1 TLSv1.2; # {'x' * 200}\n}}\n"
                for number in range(1500)
            )
        )
        played = self.play(self.one_play(self.module(state="fixed")), "--check", "--diff")
        result = played.result("tls", "web")
        self.assertTrue(result["truncated"])
        self.assertEqual(len(result["findings_fixed"]), 1000)
        self.assertIn("its diff is left out", "".join(one["prepared"] for one in result["diff"]))
        self.assertLess(len(json.dumps(result)), 1000000)

    def test_parameters(self):
        self.add_host("web", "compliant")
        old = self.script("old", "echo '{\"schema\": \"tlsmend/audit/9\"}'\n")
        cases = [
            (dict(state="mended"), "value of state must be one of"),
            (dict(executable="no-such-program"), "Failed to find required executable"),
            (dict(executable=str(old)), "tlsmend/audit/9 instead of tlsmend/audit/1"),
            (dict(policy="/nowhere.yaml"), "/nowhere.yaml"),
            (dict(policy="/nowhere.yaml", profile="pci-dss-4"), "mutually exclusive"),
            (dict(state="fixed", report="/tmp/x"), "only for state=audited"),
            (dict(paths=["--version"]), "--version"),
            (dict(state="fixed", rules=["no-such-rule"]), "no-such-rule"),
        ]
        tasks = [
            dict(self.module(str(number), **parameters), ignore_errors=True)
            for number, (parameters, _) in enumerate(cases)
        ]
        played = self.play(self.one_play(*tasks))
        for number, (parameters, words) in enumerate(cases):
            with self.subTest(parameters=parameters):
                self.assertTrue(played.has_failed(str(number), "web"))
                self.assertIn(words, played.result(str(number), "web")["msg"])

    def test_info(self):
        self.add_host("web", "debian")
        task = {"name": "look", "tlsmend.tlsmend.tlsmend_info": {"root": "{{ root }}", "executable": "{{ program }}"}}
        played = self.play(self.one_play(self.module(state="fixed", only=["apache"], on_findings="warn"), task))
        self.assertEqual(played.status, 0, played.text)
        result = played.result("look", "web")
        exposed = [one for one in result["endpoints"] if one["verdict"] == "exposed"]
        self.assertEqual({one["address"] for one in exposed}, {"192.0.2.10:443"})
        self.assertEqual({one["service"] for one in exposed}, {"nginx"})
        self.assertEqual(result["facts"]["servers"][0]["version"]["value"], "1.22.1")
        self.assertEqual(result["transactions"][0]["id"], played.result("tls", "web")["transaction"])
        self.assertNotIn("ansible_facts", result)
