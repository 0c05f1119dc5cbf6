#!/usr/bin/python
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: tlsmend_info
short_description: Tell which TLS versions the web servers of a host accept, and by what
description:
  - Tells what runs on a host (servers, TLS libraries and how to reload them), which versions each endpoint gives to
    clients, and which fixes were made.
  - The module changes nothing, and no finding makes it fail. M(tlsmend.tlsmend.tlsmend) is for that.
author:
  - The tlsmend contributors (!UNKNOWN)
version_added: 0.1.0
extends_documentation_fragment:
  - tlsmend.tlsmend.host
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: Nothing is ever changed.
    support: none
options:
  gather_subset:
    description:
      - What to tell. Each costs one run of the program.
    type: list
    elements: str
    choices: [endpoints, facts, history]
    default: [endpoints, facts, history]
  state_dir:
    description:
      - The directory of the history. By default C(/var/lib/tlsmend), below O(root).
    type: path
seealso:
  - module: tlsmend.tlsmend.tlsmend
notes:
  - To read all files, the module needs root, by C(become).
  - Control, direction and invisible characters in names and lines of the host are written out as C(<U+001B>). Lists
    have at most 1000 entries.
"""

EXAMPLES = r"""
- name: Look at the host
  tlsmend.tlsmend.tlsmend_info:
    gather_subset: [endpoints]
  become: true
  register: tls

- name: Show what accepts an old version
  ansible.builtin.debug:
    msg: "{{ tls.endpoints | selectattr('verdict', 'equalto', 'exposed') }}"
"""

RETURN = r"""
endpoints:
  description:
    - The addresses and server names with TLS, as in C(instances[].endpoints[]) of the audit's JSON, with the service and
      the main file.
  returned: if asked for
  type: list
  elements: dict
  sample:
    - service: nginx
      main: /etc/nginx/nginx.conf
      role: listener
      address: 192.0.2.10:443
      transport: stream
      name: shop.example
      configured: [TLSv1, TLSv1.1, TLSv1.2]
      effective: [TLSv1.2]
      verdict: missing
  contains:
    effective:
      description: The versions that a client is given; null if that is not known.
      type: list
      elements: str
      returned: always
    verdict:
      description: One of V(compliant), V(exposed), V(latent), V(missing) and V(unknown).
      type: str
      returned: always
facts:
  description: What is known of the distribution, the servers and their TLS libraries, as C(tlsmend facts) has it.
  returned: if asked for
  type: dict
transactions:
  description: The fixes and rollbacks that were made, as C(tlsmend history) has them.
  returned: if asked for
  type: list
  elements: dict
incomplete:
  description: Whether something could not be read or decided.
  returned: always
  type: bool
truncated:
  description: Whether a list was cut off.
  returned: always
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tlsmend.tlsmend.plugins.module_utils import program as tls


def list_endpoints(document):
    """All endpoints with TLS, each with the configuration that it is in."""
    names = ('role', 'address', 'transport', 'name', 'configured', 'effective', 'verdict')
    return [
        dict(((name, one[name]) for name in names), service=instance['service'], main=instance['main'])
        for instance in document['instances'] for one in instance['endpoints'] if one['speaks'] != 'plaintext'
    ]


def main():
    module = AnsibleModule(
        argument_spec=dict(
            tls.HOST_OPTIONS,
            gather_subset=dict(
                type='list', elements='str', choices=['endpoints', 'facts', 'history'],
                default=['endpoints', 'facts', 'history']),
            state_dir=dict(type='path'),
        ),
        mutually_exclusive=[['policy', 'profile']],
        supports_check_mode=True,
    )
    given, program, result = module.params, tls.Program(module), tls.Result()
    if 'endpoints' in given['gather_subset']:
        document = program.run('audit', program.host_options() + program.policy_options(), given['paths'])
        result.put_exit(document['exit'], tls.is_open(document))
        result.put('endpoints', list_endpoints(document))
    if 'facts' in given['gather_subset']:
        facts = program.run('facts', program.host_options(), given['paths'])
        result.put('facts', dict((name, facts[name]) for name in facts if name not in ('schema', 'exit')))
        result.values['incomplete'] = result.values['incomplete'] or facts['exit']['status'] != 0
    if 'history' in given['gather_subset']:
        options = ['--root=' + given['root']]
        if given['state_dir'] is not None:
            options.append('--state-dir=' + given['state_dir'])
        result.put('transactions', program.run('history', options)['transactions'])
    if result.values['incomplete']:
        module.warn('incomplete: something could not be read or decided')
    module.exit_json(**result.values)


if __name__ == '__main__':
    main()
