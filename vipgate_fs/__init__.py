"""VIPgate for FreeSWITCH: important callers get through, the others do not."""
