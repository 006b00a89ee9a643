"""`python -m vipgate_fs` is the command `vipgate`."""

from vipgate_fs.cli import main

if __name__ == "__main__":
    main(prog_name="vipgate")
