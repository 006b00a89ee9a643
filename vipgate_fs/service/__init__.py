"""The process that serves calls: server, one call, log lines."""
