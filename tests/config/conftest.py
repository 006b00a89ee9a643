from pathlib import Path

import pytest

GOOD = sorted(Path(__file__).parent.joinpath("good").glob("*.yaml"))


@pytest.fixture(params=GOOD, ids=lambda file: file.stem)
def good(request):
    """A file that nothing is wrong with."""
    for secret in request.param.parent.joinpath("secrets").iterdir():
        secret.chmod(0o600)  # git keeps no such mode
    return request.param
