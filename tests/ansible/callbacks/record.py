"""Writes each result of a playbook as a line of JSON, for the tests."""

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record"

    def write(self, outcome, result):
        line = dict(
            host=result._host.get_name(),
            task=result._task.get_name().split(" : ")[-1],
            action=result._task.action,
            outcome=outcome,
            result=result._result,
        )
        with open(os.environ["TLSMEND_RECORD"], "a") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result, **kwargs):
        self.write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False, **kwargs):
        self.write("failed", result)

    def v2_runner_on_skipped(self, result, **kwargs):
        self.write("skipped", result)

    def v2_runner_on_unreachable(self, result, **kwargs):
        self.write("unreachable", result)
