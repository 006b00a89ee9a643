"""The administration page: HTML over HTTP, made here, in a process of the service that serves no call."""
