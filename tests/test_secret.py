import pickle
from types import SimpleNamespace

import pytest

from vipgate_fs.secret import Secret, read_secret


def test_it_is_shown_only_when_asked_for():
    secret = Secret("s3cr3t")
    assert secret.reveal() == "s3cr3t"
    assert "s3cr3t" not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    ("written", "revealed", "said"),
    [
        ("s3cr3t", "s3cr3t", []),
        ({"env": "TEST_SECRET"}, "from the environment", []),
        ({"env": "TEST_EMPTY"}, None, [("auth", "bearer", "env")]),
        ({"env": "TEST_NOWHERE"}, None, [("auth", "bearer", "env")]),
        (None, None, []),
    ],
)
def test_where_it_comes_from(monkeypatch, written, revealed, said):
    monkeypatch.setenv("TEST_SECRET", "from the environment")
    monkeypatch.setenv("TEST_EMPTY", "")
    errors, noted = [], []
    settings = SimpleNamespace(
        values={"auth": {"bearer": written}} if written else {},
        error=lambda _, *path: errors.append(path),
        note_secret=lambda: noted.append(written),
    )
    secret = read_secret(settings, "auth", "bearer")
    assert (secret and secret.reveal()) == revealed
    assert errors == said
    assert noted == ([written] if isinstance(written, str) else [])
