import pickle

import pytest

from vipgate_fs.secret import Secret


def test_it_is_shown_only_when_asked_for():
    secret = Secret("s3cr3t")
    assert secret.reveal() == "s3cr3t"
    assert "s3cr3t" not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
