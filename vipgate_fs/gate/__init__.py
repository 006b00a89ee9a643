"""The heart: call facts, numbers, schedules, verdicts, decision and PIN dialogue. No input or output of its own."""
