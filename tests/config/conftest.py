from pathlib import Path

import pytest

GOOD = sorted(Path(__file__).parent.joinpath("good").glob("*.yaml"))


@pytest.fixture(params=GOOD, ids=lambda file: file.stem)
def good(request):
    """A file that nothing is wrong with."""
    return request.param
