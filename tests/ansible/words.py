"""What the collection makes of the words of a host."""

import importlib.util
import json
import unittest

from place import REPOSITORY


class Words(unittest.TestCase):
    """What module_utils makes of a host's words. It imports nothing of Ansible."""

    @classmethod
    def setUpClass(cls):
        path = REPOSITORY / "ansible/plugins/module_utils/program.py"
        spec = importlib.util.spec_from_file_location("program", path)
        cls.program = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(cls.program)

    def test_only_a_service_manager_and_a_plain_name_are_a_service(self):
        for command, name in (
            ("systemctl reload nginx", "nginx"),
            ("systemctl reload nginx@shop.service", "nginx@shop.service"),
            ("rc-service apache2 reload", "apache2"),
            ("service apache24 reload", "apache24"),
            ("systemctl reload --root=/tmp/evil", None),
            ("systemctl reload -Hevil", None),
            ("systemctl reload nginx sshd", None),
            ("systemctl reload nginx\n", None),
            ("systemctl reload nginx;reboot", None),
            ("service ../../tmp/evil reload", None),
            ("/tmp/systemctl reload nginx", None),
            ("nginx -s reload", None),
            ("", None),
        ):
            with self.subTest(command=command):
                self.assertEqual(self.program.name_service(command), name)

    def test_a_result_is_harmless_and_has_a_limit(self):
        result = self.program.Result()
        result.put("text", "a\x1b[2J\nb\u202e\ud800" + "x" * 10000)
        self.assertTrue(result.values["text"].startswith("a<U+001B>[2J<U+000A>b<U+202E><U+D800>x"))
        self.assertLess(len(result.values["text"]), 4200)
        self.assertFalse(result.values["truncated"])
        result.put("deep", {"k\x07": [{"list": ["y" * 5000] * 2000}] * 2000})
        self.assertIn("k<U+0007>", result.values["deep"])
        self.assertTrue(result.values["truncated"])
        self.assertLess(len(json.dumps(result.values)), 5000000)
