"""One switch for several customers: 1001 of one domain is not the protected 1001 of another."""

from __future__ import annotations

import datetime as dt

import pytest

from vipgate_fs import config
from vipgate_fs.service.embedded import embedded_gate
from vipgate_fs.simulator import Caller, Dialplan, Directory, Extension, Simulator

CONFIGURATION = """\
version: 1
store: none
site: {domain: one.example, domain_variable: domain_name}
gates:
  boss: {protects: {users: ["1001"]}, otherwise: {forward: "100"}}
"""


class Domains(Directory):
    """Two domains with the same extensions."""

    def find(self, name, domain):
        return name if domain in ("one.example", "two.example") and name in self.users else None


@pytest.fixture
def call():
    configuration = config.load_text(CONFIGURATION).configuration
    noon = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
    with embedded_gate(configuration, lambda: noon, "error") as dial:

        def call(number, domain):
            known = (("set", f"domain_name={domain}"),) if domain else ()
            entry = Extension((*known, ("socket", "gate async full")), matches=True)
            switch = Simulator(
                speed=20, dialplan=Dialplan(entry), dial=dial, directory=Domains(users={"1001": "", "1002": ""})
            )
            seen = switch.call(Caller("+49301234567"), number)
            return seen.transferred_to.extension if seen.transferred_to else seen.status

        yield call


@pytest.mark.parametrize(
    ("number", "domain", "end"),
    [
        ("1001", "one.example", "100"),
        ("1001", "two.example", "1001"),
        ("1002", "one.example", "1002"),
        ("1001", None, 480),
    ],
)
def test_the_domain_of_the_call_counts(call, number, domain, end):
    assert call(number, domain) == end
