"""A plug-in: calls from a branch's area go to that branch; callers who withhold their number are rejected.

Beside the configuration file, as plugin.py, and in it:

    identify:
      - plugin:
          call: plugin:identify
          options: {branches: {"+4989": "200", "+4930": "300"}}
          timeout: 2s
          on_failure: {reject: true}
"""

from collections.abc import Mapping

from vipgate_fs.plugins import WITHHELD, Call, Forward, Reject, StepFailed, Verdict


def identify(call: Call, branches: Mapping[str, str]) -> Verdict | None:
    """What happens to the call; None if this plug-in does not know, so that the next step is asked.

    Args:
        call: who calls whom; international numbers are written +49….
        branches: from the configuration's options: the extension of each branch by the beginning of its area's numbers.
    """
    if not branches:
        # A failure that is logged in your words. Of any other exception only type and line are logged, because its text
        # might contain a secret.
        raise StepFailed("no branches in the options")
    if call.caller == WITHHELD:
        return Reject()
    for area, extension in branches.items():
        if call.caller.startswith(area):
            return Forward(extension)  # or Pass(), or AskForPin(Pin("0815")), or a mapping: {"forward": extension}
    return None
