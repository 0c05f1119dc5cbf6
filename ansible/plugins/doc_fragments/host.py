# SPDX-License-Identifier: MIT OR Apache-2.0

"""What both modules say of the host that they look at."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  paths:
    description:
      - Files or directories with configuration.
      - Without any, tlsmend looks in the usual places, such as C(/etc).
    type: list
    elements: path
    default: []
  excludes:
    description:
      - Files and directories to skip, as patterns of a C(.gitignore).
      - A file that a main file includes is read all the same.
    type: list
    elements: str
    default: []
  root:
    description:
      - The root of the host to look at, such as a mounted image or a chroot.
      - Below another root than V(/), no program is run, so nothing tests a change unless a checker is named.
    type: path
    default: /
  map:
    description:
      - Directories to take for the absolute paths that configuration files name, for a repository of such files.
    type: dict
    default: {}
  assume:
    description:
      - Facts that beat what is found, such as C(nginx=1.18.0) or C(distribution=debian).
    type: dict
    default: {}
  policy:
    description:
      - The policy, a file on the managed host.
    type: path
  profile:
    description:
      - The name of a built-in profile instead of a policy file. C(tlsmend policy list) names them.
    type: str
  fail_on:
    description:
      - The lowest severity that counts.
    type: str
    choices: [low, medium, high]
    default: medium
  exec:
    description:
      - Whether programs of the host may be asked for their versions, where files do not tell.
    type: bool
    default: true
  executable:
    description:
      - The tlsmend program, as a path or as a name to look for.
      - Besides the usual places, C(/usr/local/bin) is searched, which sudo leaves out on some systems.
    type: str
    default: tlsmend
requirements:
  - tlsmend 0.1.0 or later on the managed host
"""
