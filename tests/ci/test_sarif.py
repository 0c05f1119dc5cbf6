"""SARIF as Microsoft's validator wants it, with what code scanning refuses besides.

`npm install @microsoft/sarif-multitool-linux` brings it; SARIF_MULTITOOL names the program where it is not in the PATH."""

import json
import os
import shutil
import subprocess
import tempfile
import tomllib
import unittest
from pathlib import Path

from runner import PROJECT

MULTITOOL = os.environ.get("SARIF_MULTITOOL") or shutil.which("Sarif.Multitool")


@unittest.skipUnless(MULTITOOL, "left out: the SARIF multitool is not installed")
class Validator(unittest.TestCase):
    def complaints(self, path):
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "complaints"
            rules = ["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning"]
            subprocess.run([MULTITOOL, "validate", path, *rules, "--output", output], check=True, stdout=subprocess.DEVNULL)
            results = json.loads(output.read_text(encoding="utf-8-sig"))["runs"][0].get("results", [])
        return sorted({result["ruleId"] for result in results})

    def test_there_is_no_warning_but_for_an_address_that_the_project_does_not_have(self):
        has_address = "repository" in tomllib.loads((PROJECT / "Cargo.toml").read_text())["package"]
        for name in ["debian", "probe", "verify"]:
            wrong = self.complaints(PROJECT / f"tests/golden/{name}.sarif")
            self.assertEqual(wrong, [] if has_address else ["SARIF2005"], name)


if __name__ == "__main__":
    unittest.main()
