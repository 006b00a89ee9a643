"""Programs of VIPgate as processes, each forked from one that has imported it: to start Python anew takes longer than most of them run."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

COMMAND = "from vipgate_fs.cli import main; main(prog_name='vipgate')"
_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(
    [f"vipgate_fs.cli.{name}" for name in ("serve", "reload", "status", "pin", "override", "check", "explain", "calls")]
)


class Process:
    """A program, in a session of its own; to be used like `subprocess.Popen`.

    Args:
        program: its text.
        arguments: of its command line.
        out, err: files that it writes to; none: it writes to nowhere.
        env: its environment, else that of this process.
        cwd: its folder, else that of this process.
        descriptors: how many it may have open.
    """

    def __init__(self, program, *arguments, out=None, err=None, env=None, cwd=None, descriptors=None):
        files = [str(path or os.devnull) for path in (out, err)]
        place = (dict(os.environ if env is None else env), str(cwd or Path.cwd()), descriptors)
        arguments = [str(argument) for argument in arguments]
        self._process = _FORK.Process(target=_be, args=(program, arguments, files, *place), daemon=True)
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self):
        """The exit status, negative for the signal that ended it; None while it runs."""
        return self._process.exitcode

    poll = returncode.fget

    def wait(self, timeout=30):
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("a forked process", timeout)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def destroy(self):
        """End it and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


def vipgate(*arguments, timeout=60, **more):
    """Run a command to its end; a `subprocess.CompletedProcess` with its texts."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = Process(COMMAND, *arguments, out=out, err=err, **more)
        try:
            process.wait(timeout)
        finally:
            process.destroy()
        return subprocess.CompletedProcess(arguments, process.returncode, out.read_text(), err.read_text())


def _be(program, arguments, files, env, cwd, descriptors):
    os.setsid()
    for descriptor, path in enumerate(files, start=1):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    if descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    sys.argv = ["vipgate", *arguments]
    exec(program, {"__name__": "__main__"})
