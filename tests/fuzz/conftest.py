from __future__ import annotations


def pytest_addoption(parser):
    parser.addoption("--fuzz", type=float, default=1.0, metavar="SECONDS", help="how long each target is fuzzed")
