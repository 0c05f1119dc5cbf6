# SPDX-License-Identifier: MIT OR Apache-2.0

"""Runs tlsmend on the managed host, and reads the JSON document that it prints.

Much of what is in the document was written by the owners of sites. It travels to the controller and to a terminal there.
So text is made harmless here, at the only door, and lists and texts have a limit.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re

FEW = 1000
"""How many entries of a list a result holds, at most."""

LONG = 4096
"""How many characters of one text a result holds, at most."""

ROOM = 4 * 1024 * 1024
"""How many characters all texts of a result have, about, at most."""

LARGEST_DIFF = 104448
"""How many characters all diffs of a result have, at most: what Ansible's own modules take for too much to show."""

HOST_OPTIONS = dict(
    paths=dict(type='list', elements='path', default=[]),
    excludes=dict(type='list', elements='str', default=[]),
    root=dict(type='path', default='/'),
    map=dict(type='dict', default={}),
    assume=dict(type='dict', default={}),
    policy=dict(type='path'),
    profile=dict(type='str'),
    fail_on=dict(type='str', choices=['low', 'medium', 'high'], default='medium'),
    exec=dict(type='bool', default=True),
    executable=dict(type='str', default='tlsmend'),
)

# What tlsmend itself takes for hostile: control and direction characters, separators, and what shows nothing.
HOSTILE = re.compile(
    '[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e'
    '\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00013430-\U00013455'
    '\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'
)

# Commands that ask a service manager. What they name is a unit or script of root's.
MANAGERS = re.compile(
    r'(?:systemctl reload (?P<systemd>\S+)|rc-service (?P<openrc>\S+) reload|service (?P<sysv>\S+) reload)\Z'
)
UNIT = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.@-]*\Z')


def written_out(match):
    """A hostile character, as tlsmend writes it out on a terminal."""
    return '<U+%04X>' % ord(match.group())


def make_harmless(text):
    """Text as one visible line of limited length."""
    text = HOSTILE.sub(written_out, text)
    return text if len(text) <= LONG else text[:LONG] + ' [...]'


def make_lines_harmless(text):
    """Text of several lines, each made visible. Lines may end as those of Windows do."""
    lines = text.replace('\r\n', '\n').split('\n')
    return '\n'.join(HOSTILE.sub(written_out, line).replace('<U+0009>', '\t') for line in lines)


def join_lines(lines):
    """What a program said, as one line: a name that holds a line end must not begin a line in a log."""
    return '; '.join(make_harmless(line.strip()) for line in lines if line.strip())


def name_service(command):
    """The service that a command reloads by way of a service manager, or None."""
    match = MANAGERS.match(command)
    if match is None:
        return None
    name = next(name for name in match.groups() if name)
    return name if UNIT.match(name) else None


def pair(options):
    """The parts of an option that is given once for each key."""
    return ['%s=%s' % (key, options[key]) for key in sorted(options)]


def shorten_finding(found):
    """A finding of an audit, as the documents of fix and diff have it."""
    place = found['primary'] or {}
    short = dict((name, found[name]) for name in (
        'rule', 'severity', 'verdict', 'standing', 'message', 'versions', 'fingerprint'))
    return dict(short, path=place.get('path'), line=place.get('line'))


def tell_problem(problem):
    """A problem of an audit as one text, as the documents of fix and diff have it."""
    place = problem['place'] or problem
    where = ''.join('%s:' % place[name] for name in ('path', 'line', 'column') if place.get(name) is not None)
    return '%s %s' % (where, problem['message']) if where else problem['message']


def list_problems(audit):
    """What an audit could not read, or found not to be valid."""
    return audit['problems'] + [one for instance in audit['instances'] for one in instance['problems']]


def is_open(audit):
    """Is there something that an audit could not read or decide?"""
    return len(list_problems(audit)) > 0 or any(
        instance['unknown'] or any(one['unknown'] for one in instance['endpoints']) for instance in audit['instances'])


class Result:
    """What the module gives back, made harmless and of limited size."""

    def __init__(self):
        self.values = dict(changed=False, truncated=False, incomplete=False)
        self.room = ROOM

    def put(self, name, value):
        """Whatever of the document is to be in the result goes through here, or is a diff."""
        self.values[name] = self.trim(value)

    def trim(self, value):
        """All texts in a value made harmless. Lists keep their first entries."""
        if isinstance(value, str):
            value = make_harmless(value)
            self.room -= len(value)
        elif isinstance(value, dict):
            value = dict((self.trim(key), self.trim(one)) for key, one in value.items())
        elif isinstance(value, list):
            kept = []
            for one in value[:FEW]:
                if self.room <= 0:
                    break
                kept.append(self.trim(one))
            if len(kept) < len(value):
                self.values['truncated'] = True
            value = kept
        return value

    def put_exit(self, ended, leaves_open):
        """How it ended. Findings weigh more than what is not known, so a status 1 says nothing of that."""
        self.put('exit', ended)
        self.values['incomplete'] = ended['status'] == 3 or (ended['status'] == 1 and leaves_open)

    def put_diffs(self, files):
        """A diff for each file, as long as all together are not too much for a terminal."""
        diffs, left = [], LARGEST_DIFF
        for file in files[:FEW]:
            text = make_lines_harmless(file['diff'])
            if len(text) > left:
                self.values['truncated'] = True
                text = '%s: its diff is left out, since all diffs together are longer than %d characters\n' % (
                    make_harmless(file['path']), LARGEST_DIFF)
            else:
                left -= len(text)
            diffs.append(dict(prepared=text))
        self.values['diff'] = diffs


class Program:
    """The program on this host, with what the module was told about the host."""

    def __init__(self, module):
        self.module = module
        # A name is looked for; a path is taken as it is, so that a typing mistake starts nothing else.
        self.path = module.get_bin_path(module.params['executable'], required=True, opt_dirs=['/usr/local/bin'])

    def host_options(self):
        """Which host is looked at, and what is known of it."""
        given = self.module.params
        options = ['--root=' + given['root']]
        for option, values in (
            ('exclude', given['excludes']),
            ('map', pair(given['map'])),
            ('assume', pair(given['assume'])),
        ):
            options.extend('--%s=%s' % (option, value) for value in values)
        if not given['exec']:
            options.append('--no-exec')
        return options

    def policy_options(self):
        """What the host is checked against."""
        given = self.module.params
        options = ['--fail-on=' + given['fail_on']]
        options.extend('--%s=%s' % (option, given[option]) for option in ('policy', 'profile') if given[option] is not None)
        return options

    def run(self, command, options, paths=()):
        """Runs a command. Returns its document, or ends the module with what it said."""
        argv = [self.path, command, '--format=json'] + options + ['--'] + list(paths)
        status, out, err = self.module.run_command(argv, environ_update=dict(LC_ALL='C.UTF-8'))
        return self.read(command, status, out, err)

    def read(self, command, status, out, err):
        wanted = 'tlsmend/%s/1' % command
        try:
            document = json.loads(out)
            found = document['schema']
        except (ValueError, TypeError, KeyError):
            document, found = None, None
        if found == wanted:
            return document
        said = join_lines(err[-LONG:].split('\n'))
        if found is not None:
            said = 'it wrote %s instead of %s' % (make_harmless(str(found)), wanted)
        self.module.fail_json(
            msg='tlsmend %s ended with status %d: %s' % (command, status, said or 'it said nothing'),
            exit=dict(status=status, name='failed'),
        )
