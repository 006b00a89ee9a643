"""The core: call facts, numbers, schedules, verdicts, decision and PIN dialogue. Does no I/O of its own."""
