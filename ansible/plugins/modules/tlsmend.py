#!/usr/bin/python
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: tlsmend
short_description: Audit or fix the TLS protocol versions of nginx and Apache
description:
  - Reads the configuration of the web servers of a host as they read it, and works out which TLS versions a client is
    given at each address, and which lines decide that.
  - With O(state=fixed), changes the fewest words that make the host comply with the policy, as one transaction. The
    server's own checker tests the result; if it does not accept that, every file is restored and the task fails.
  - The module runs the program C(tlsmend) on the managed host, and hands on what that says. It downloads nothing.
author:
  - The tlsmend contributors (!UNKNOWN)
version_added: 0.1.0
extends_documentation_fragment:
  - tlsmend.tlsmend.host
attributes:
  check_mode:
    description: Nothing is changed. C(changed) tells whether a run would change something.
    support: full
  diff_mode:
    description: A diff for each file. Passwords and tokens that are recognized in it are masked.
    support: full
options:
  state:
    description:
      - V(audited) reads only.
      - V(fixed) fixes what can be fixed.
    type: str
    choices: [audited, fixed]
    default: audited
  on_findings:
    description:
      - What to do where findings at or above O(fail_on) are left.
      - A run that changes files, and leaves it to handlers to reload the servers, only warns. Ansible does not notify the
        handlers of a task that fails, so the servers would never get the new files. The next run fails.
    type: str
    choices: [fail, warn]
    default: fail
  on_incomplete:
    description:
      - What to do where something could not be read or decided, or where nothing tested the change.
      - A run that changes files and leaves the reload to handlers only warns, as for O(on_findings).
    type: str
    choices: [fail, warn]
    default: fail
  only:
    description:
      - The servers to fix, such as V(nginx). Without any, all.
      - For O(state=fixed).
    type: list
    elements: str
    default: []
  rules:
    description:
      - The rules whose findings are fixed, such as V(forbidden-version). Without any, all.
      - For O(state=fixed).
    type: list
    elements: str
    default: []
  fix_level:
    description:
      - V(safe) gives no endpoint other versions but those that the findings are about.
      - For O(state=fixed).
    type: str
    choices: [safe, unsafe]
    default: safe
  include_managed:
    description:
      - Also change files that Ansible, Puppet, cPanel, certbot and others generate, and will overwrite.
      - For a file that comes from a template of yours, change the template.
      - For O(state=fixed).
    type: bool
    default: false
  fix_waived:
    description:
      - Also fix what is waived.
      - For O(state=fixed).
    type: bool
    default: false
  validate:
    description:
      - The command that tests the configuration, for each server, such as C(nginx=docker exec web nginx -t).
      - It tests the whole configuration in its place, before and after the change, and runs without a shell. Without
        one, the server's own checker does that. Unlike in other modules, no C(%s) stands for a file.
      - For O(state=fixed).
    type: dict
    default: {}
  without_check:
    description:
      - Also fix where the checker does not accept the configuration as it is. Then it must not say anything new.
      - For O(state=fixed).
    type: bool
    default: false
  reload:
    description:
      - Reload the servers in the same transaction, instead of by a handler. Handshakes before and after tell whether
        clients get what the files promise. If not, or if the reload fails, every file is restored.
      - For O(state=fixed).
    type: bool
    default: false
  reload_with:
    description:
      - The command that reloads, for each server, for O(reload=true). It runs without a shell.
    type: dict
    default: {}
  verify:
    description:
      - Whether O(reload=true) makes handshakes.
    type: bool
    default: true
  timeout:
    description:
      - How long a checker or a reload may take, in seconds.
      - For O(state=fixed).
    type: int
    default: 30
  state_dir:
    description:
      - The directory for the lock, the journals and the backups. By default C(/var/lib/tlsmend), below O(root).
      - For O(state=fixed).
    type: path
  baseline:
    description:
      - A file on the managed host. Findings that are in it do not count.
      - For O(state=audited).
    type: path
  host:
    description:
      - The name of the host in the report. By default that of its C(/etc/hostname).
      - For O(state=audited).
    type: str
  report:
    description:
      - A file on the managed host, into which the whole report is written as JSON, to be fetched and merged.
      - In check mode it is not written.
      - For O(state=audited).
    type: path
seealso:
  - module: tlsmend.tlsmend.tlsmend_info
notes:
  - To read all files and to change them, the module needs root, by C(become).
  - What is recognized as a secret is masked in the diff, and in all other results. That is a net, not a wall. Where a
    configuration holds secrets, and logs are read by others, set C(diff) to V(false) or C(no_log) to V(true) for the task.
  - Control, direction and invisible characters in names and lines of the host are written out as C(<U+001B>). Lists
    have at most 1000 entries, a diff at most 104448 characters; RV(truncated) says whether anything was cut off.
"""

EXAMPLES = r"""
- name: Fail if a client would be given an old version
  tlsmend.tlsmend.tlsmend:
  become: true

- name: Fix nginx and Apache
  tlsmend.tlsmend.tlsmend:
    state: fixed
  become: true
  register: tls
  notify: Reload the web servers

# handlers:
- name: Reload the web servers
  ansible.builtin.service:
    name: "{{ item }}"
    state: reloaded
  become: true
  loop: "{{ tls.services }}"

- name: Fix, reload and verify by handshakes, or restore everything
  tlsmend.tlsmend.tlsmend:
    state: fixed
    reload: true
  become: true

- name: Fix nginx in a container, whose files lie below /srv/web
  tlsmend.tlsmend.tlsmend:
    state: fixed
    root: /srv/web
    only: [nginx]
    validate:
      nginx: docker exec web nginx -t
  become: true
"""

RETURN = r"""
exit:
  description: How the program ended.
  returned: always
  type: dict
  sample: {"status": 1, "name": "findings"}
  contains:
    status:
      description: Its exit status.
      type: int
      returned: always
    name:
      description: The same in a word, such as V(compliant), V(findings) or V(incomplete).
      type: str
      returned: always
incomplete:
  description: Whether something could not be read or decided, or a change was not tested.
  returned: always
  type: bool
findings:
  description: The findings; with O(state=fixed) those that are left, each with the reason.
  returned: success
  type: list
  elements: dict
  sample:
    - rule: forbidden-version
      severity: high
      standing: open
      message: TLSv1 is accepted
      versions: [TLSv1]
      path: /etc/nginx/nginx.conf
      line: 12
      fingerprint: 8a940b14de6915d8829549de5ac61bbf
findings_fixed:
  description: The findings that are gone, or would be in check mode.
  returned: O(state=fixed)
  type: list
  elements: dict
files:
  description: The files that are changed, or would be in check mode.
  returned: O(state=fixed)
  type: list
  elements: str
  sample: [/etc/nginx/nginx.conf]
services:
  description: The services to reload, by the name that the service manager of the host knows.
  returned: O(state=fixed)
  type: list
  elements: str
  sample: [nginx]
reload_commands:
  description: All commands that make the servers use the files, also where no service manager is asked.
  returned: O(state=fixed)
  type: list
  elements: str
  sample: [systemctl reload nginx]
reload_by_hand:
  description: Those of RV(reload_commands) for which RV(services) has no service.
  returned: O(state=fixed)
  type: list
  elements: str
  sample: [nginx -s reload]
reloaded:
  description: The commands that reloaded servers.
  returned: O(state=fixed)
  type: list
  elements: str
transaction:
  description: The ID by which C(tlsmend rollback ID) undoes the change.
  returned: O(state=fixed), if a change was begun
  type: str
  sample: 20260131T120000Z-1
backup_dir:
  description: The directory on the managed host that holds the old files.
  returned: O(state=fixed), if a change was begun
  type: str
  sample: /var/lib/tlsmend/transactions/20260131T120000Z-1
backup_files:
  description: The copy of each old file in RV(backup_dir).
  returned: O(state=fixed), if a change was begun
  type: dict
  sample: {"/etc/nginx/nginx.conf": "/var/lib/tlsmend/transactions/20260131T120000Z-1/old-0"}
checked:
  description: What the checkers said.
  returned: O(state=fixed)
  type: list
  elements: dict
verified:
  description: What handshakes got after the reload.
  returned: O(state=fixed) and O(reload=true)
  type: dict
rolled_back:
  description: Why every file was restored, in the words of the checker, the reload or the handshakes.
  returned: O(state=fixed); null if nothing was restored
  type: dict
left_alone:
  description: Files with something to fix that were left alone, and why.
  returned: O(state=fixed)
  type: list
  elements: dict
notes:
  description: What else there is to know.
  returned: O(state=fixed)
  type: list
  elements: str
problems:
  description: What could not be read or is not valid.
  returned: success
  type: list
  elements: str
truncated:
  description: Whether a list or a diff was cut off.
  returned: always
  type: bool
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tlsmend.tlsmend.plugins.module_utils import program as tls

AUDIT_ONLY = ['baseline', 'host', 'report']


def fix_options(given):
    """The options of fix, and of diff, which shows what fix does."""
    options = ['--fix-level=' + given['fix_level']]
    options.extend('--only=' + one for one in given['only'])
    options.extend('--rule=' + one for one in given['rules'])
    options.extend(option for option, wanted in (
        ('--include-managed', given['include_managed']),
        ('--fix-waived', given['fix_waived']),
    ) if wanted)
    return options


def apply_options(given):
    """The options of fix alone."""
    options = ['--yes', '--check-timeout=%d' % given['timeout']]
    options.extend('--check-with=' + one for one in tls.pair(given['validate']))
    options.extend('--reload-with=' + one for one in tls.pair(given['reload_with']))
    if given['state_dir'] is not None:
        options.append('--state-dir=' + given['state_dir'])
    options.extend(option for option, wanted in (
        ('--without-check', given['without_check']),
        ('--reload', given['reload']),
        ('--without-verify', not given['verify']),
    ) if wanted)
    return options


def audit(module, program, result):
    """Reads only."""
    given = module.params
    options = program.host_options() + program.policy_options()
    options.extend('--%s=%s' % (option, given[option]) for option in ('baseline', 'host') if given[option] is not None)
    writes = given['report'] is not None and not module.check_mode
    before = module.sha256(given['report']) if writes else None
    if writes:
        options.append('--format=json=' + given['report'])
    document = program.run('audit', options, given['paths'])
    result.values['changed'] = writes and module.sha256(given['report']) != before

    result.put_exit(document['exit'], tls.is_open(document))
    result.put('problems', [tls.tell_problem(one) for one in tls.list_problems(document)])
    result.put('findings', [tls.shorten_finding(one) for one in document['findings']])


def fix(module, program, result):
    """Fixes, or shows in check mode what a fix would do."""
    given = module.params
    options = program.host_options() + program.policy_options() + fix_options(given)
    if module.check_mode:
        document = program.run('diff', options, given['paths'])
        done = dict(changed=len(document['files']) > 0, transaction=None, to_reload=[], reloaded=[], checked=[],
                    not_checked=None, verified=None, rolled_back=None)
    else:
        document = program.run('fix', options + apply_options(given), given['paths'])
        done = document

    result.values['changed'] = done['changed']
    result.put_exit(document['exit'], len(document['problems']) > 0 or done['not_checked'] is not None)
    for name in ('findings_fixed', 'left_alone', 'problems', 'notes'):
        result.put(name, document[name])
    result.put('findings', document['findings_left'])
    result.put('files', [file['path'] for file in document['files']])
    for name in ('checked', 'reloaded', 'verified', 'rolled_back'):
        result.put(name, done[name])
    if module._diff:
        result.put_diffs(document['files'])
    put_backups(given, done['transaction'], document['files'], result)
    put_services(module, done['to_reload'], result)
    if done['to_reload'] and not done['changed']:
        module.warn('an earlier run left open whether the servers were reloaded; see reload_commands')
    if done['not_checked'] is not None:
        module.warn('no checker tested this: %s' % tls.make_harmless(done['not_checked']))
    for sentence in (done['verified'] or {}).get('drift', []):
        module.warn(tls.make_harmless(sentence))


def put_backups(given, transaction, files, result):
    """Where the old files are, once a change was begun."""
    if transaction is None:
        return
    state_dir = given['state_dir'] or os.path.join(given['root'], 'var/lib/tlsmend')
    folder = os.path.join(state_dir, 'transactions', transaction)
    result.put('transaction', transaction)
    result.put('backup_dir', folder)
    result.put('backup_files', dict(
        (file['path'], os.path.join(folder, 'old-%d' % number)) for number, file in enumerate(files[:tls.FEW])))


def put_services(module, commands, result):
    """What is left to be reloaded. A handler can do that if a service manager knows the server."""
    by_hand = [command for command in commands if tls.name_service(command) is None]
    result.put('reload_commands', commands)
    result.put('reload_by_hand', by_hand)
    result.put('services', sorted(set(tls.name_service(command) for command in commands if command not in by_hand)))
    for command in by_hand:
        module.warn('no service manager reloads this server; to activate: %s' % tls.make_harmless(command))


def counts(finding, fail_on):
    """Does a finding make the program fail? Of one that a fix leaves, the document does not tell the verdict."""
    severities = ['note', 'low', 'medium', 'high']
    return (finding['standing'] == 'open' and 'unknown' not in (finding['rule'], finding.get('verdict'))
            and severities.index(finding['severity']) >= severities.index(fail_on))


def tell_findings(findings, fail_on):
    """The first of the findings that count, and how many more there are."""
    text = 'findings at or above %s' % fail_on
    if findings:
        first = findings[0]
        text += ': %s (%s:%s)' % (first['message'], first['path'], first['line'])
    return text + (' and %d more' % (len(findings) - 1) if len(findings) > 1 else '')


def tell_incomplete(problems):
    """The first of the problems, and how many more there are."""
    if not problems:
        return 'incomplete: something could not be decided, or was not tested'
    return 'incomplete: %s%s' % (problems[0], ' and %d more' % (len(problems) - 1) if len(problems) > 1 else '')


def judge(module, result):
    """Ends the module. Only a compliant host is ok without a word."""
    given, values = module.params, result.values
    status, name = values['exit']['status'], values['exit']['name']
    if values.get('rolled_back') is not None:
        said = values['rolled_back']['said'] + ([] if values['changed'] else ['every file was restored'])
        module.fail_json(msg=tls.join_lines(said), **values)
    if status not in (0, 1, 3):
        module.fail_json(msg='tlsmend ended with status %d (%s)' % (status, name), **values)

    left = [one for one in values['findings'] if counts(one, given['fail_on'])]
    # In check mode a status 1 may mean no more than that there is a patch.
    is_patch = module.check_mode and given['state'] == 'fixed' and values['changed']
    failures = []
    for is_so, answer, text in (
        (status == 1 and (left or not is_patch), given['on_findings'], tell_findings(left, given['fail_on'])),
        (values['incomplete'], given['on_incomplete'], tell_incomplete(values['problems'])),
    ):
        # Ansible does not notify the handlers of a task that fails: the servers would never get the new files.
        waits_for_handlers = values['changed'] and given['state'] == 'fixed' and not given['reload']
        if is_so and answer == 'fail' and not waits_for_handlers:
            failures.append(text)
        elif is_so:
            module.warn(text)
    values['msg'] = '; '.join(failures) or 'tlsmend: %s' % name
    if failures:
        module.fail_json(**values)
    module.exit_json(**values)


def main():
    arguments = dict(
        tls.HOST_OPTIONS,
        state=dict(type='str', choices=['audited', 'fixed'], default='audited'),
        on_findings=dict(type='str', choices=['fail', 'warn'], default='fail'),
        on_incomplete=dict(type='str', choices=['fail', 'warn'], default='fail'),
        only=dict(type='list', elements='str', default=[]),
        rules=dict(type='list', elements='str', default=[]),
        fix_level=dict(type='str', choices=['safe', 'unsafe'], default='safe'),
        include_managed=dict(type='bool', default=False),
        fix_waived=dict(type='bool', default=False),
        validate=dict(type='dict', default={}),
        without_check=dict(type='bool', default=False),
        reload=dict(type='bool', default=False),
        reload_with=dict(type='dict', default={}),
        verify=dict(type='bool', default=True),
        timeout=dict(type='int', default=30),
        state_dir=dict(type='path'),
        baseline=dict(type='path'),
        host=dict(type='str'),
        report=dict(type='path'),
    )
    module = AnsibleModule(
        argument_spec=arguments,
        mutually_exclusive=[['policy', 'profile']],
        supports_check_mode=True,
    )
    given = module.params
    misplaced = [name for name in AUDIT_ONLY if given[name] is not None]
    if given['state'] == 'fixed' and misplaced:
        module.fail_json(msg='only for state=audited: %s' % ', '.join(misplaced))

    program, result = tls.Program(module), tls.Result()
    if given['state'] == 'audited':
        audit(module, program, result)
    else:
        fix(module, program, result)
    judge(module, result)


if __name__ == '__main__':
    main()
