"""What the runners of GitHub and GitLab do with `action.yml` and `templates/audit/template.yml`, as far as it matters here:
they put values into them, and run their scripts with the variables that they name."""

import os
import re
import subprocess
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]


class Expression:
    """The part of GitHub's expressions that action.yml has: names, texts in quotes, `==`, `!=`, `&&`, `||` and brackets."""

    TOKENS = re.compile(r"\s*(?:('[^']*')|([A-Za-z_][A-Za-z0-9_.-]*)|(==|!=|&&|\|\||[()]))")
    PYTHON = {"&&": "and", "||": "or", "==": "==", "!=": "!=", "(": "(", ")": ")"}

    def __init__(self, contexts):
        self.contexts = contexts

    def look_up(self, name):
        value = self.contexts
        for part in name.split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        return value

    def evaluate(self, text):
        words, at, text = [], 0, text.strip()
        while at < len(text):
            token = self.TOKENS.match(text, at)
            assert token, f"not understood: {text[at:]}"
            at, (quoted, name, sign) = token.end(), token.groups()
            words.append(repr(quoted[1:-1]) if quoted else self.PYTHON[sign] if sign else repr(self.look_up(name)))
        return eval(" ".join(words), {"__builtins__": {}})  # literals and signs, nothing else

    def fill(self, text):
        return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(self.evaluate(found[1])), str(text))


def commands_obeyed(log):
    """The lines of a log that GitHub's runner takes for commands."""
    obeyed, stopped = [], None
    for line in log.splitlines():
        line = line.strip()
        if stopped:
            stopped = None if line == f"::{stopped}::" else stopped
        elif line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::")
        elif re.match(r"::[a-z-]+[ :]", line) or "##[" in line:
            obeyed.append(line)
    return obeyed


class Run:
    """What came of a run: its exit status, its log, the outputs of its steps, its summary, the actions that it would use."""

    def __init__(self):
        self.status, self.log, self.steps, self.summary, self.used = 0, "", {}, "", []

    @property
    def outputs(self):
        return self.steps.get("audit", {}).get("outputs", {})


def run_action(repository, inputs, github, temporary, path):
    """Runs action.yml in a checkout of a repository, `path` being where programs are looked for."""
    action = yaml.safe_load((PROJECT / "action.yml").read_text())
    unknown = inputs.keys() - action["inputs"].keys()
    assert not unknown, f"no such inputs: {unknown}"
    run, contexts = Run(), {"github": github}
    expression = Expression(contexts)
    defaults = {name: expression.fill(given["default"]) for name, given in action["inputs"].items()}
    contexts |= {"inputs": defaults | inputs, "steps": run.steps}
    temporary.mkdir(parents=True, exist_ok=True)
    for at, step in enumerate(action["runs"]["steps"]):
        if "if" in step and not expression.evaluate(step["if"]):
            continue
        if "uses" in step:
            run.used.append((step["uses"], {key: expression.fill(value) for key, value in step["with"].items()}))
            continue
        assert "${{" not in step["run"], f"text of others in a script: {step['run']}"
        output, summary = temporary / f"output-{at}", temporary / f"summary-{at}"
        output.write_text("")
        summary.write_text("")
        environment = {name: expression.fill(value) for name, value in step["env"].items()} | {
            "PATH": path,
            "HOME": str(temporary),
            "LANG": "C.UTF-8",
            "GITHUB_ACTION_PATH": str(PROJECT),
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(temporary),
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(shell, cwd=repository, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        run.log += done.stdout.decode(errors="replace")
        run.summary += summary.read_text()
        outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
        if "id" in step:
            run.steps[step["id"]] = {"outputs": outputs}
        if done.returncode:
            run.status = done.returncode
            break
    return run


def gitlab_job(inputs):
    """The job that GitLab makes of the component: inputs are put into its text, before that is read."""
    header, body = (PROJECT / "templates/audit/template.yml").read_text().split("\n---\n", 1)
    known = yaml.safe_load(header)["spec"]["inputs"]
    unknown = inputs.keys() - known.keys()
    assert not unknown, f"no such inputs: {unknown}"
    values = {name: given["default"] for name, given in known.items()} | inputs
    body = re.sub(r"\$\[\[ inputs\.([a-z0-9-]+) \]\]", lambda found: str(values[found[1]]), body)
    (job,) = yaml.safe_load(body).values()
    return job


def run_gitlab_job(repository, inputs, path):
    """Runs the script of the job; its status and its log."""
    job = gitlab_job(inputs)
    environment = job["variables"] | {"PATH": path, "LANG": "C.UTF-8"}
    script = "\n".join(job["script"])
    assert "$[[" not in script
    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=repository, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode, done.stdout.decode(errors="replace")


def program():
    """The tlsmend that is tried: the one that TLSMEND_PROGRAM names."""
    return Path(os.environ["TLSMEND_PROGRAM"]).resolve()


def stand_in(path):
    """A small program that runs the one that is tried: for archives, since that one takes long to pack."""
    path.write_text(f'#!/bin/sh\nexec {program()} "$@"\n')
    path.chmod(0o755)
    return path


def search_path(folder, *programs):
    """A folder with links to programs, before the usual ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in programs:
        link = folder / one.name
        link.symlink_to(one)
    return f"{folder}:{os.environ['PATH']}"
