"""A first configuration, made of four answers: which numbers, when, how callers prove themselves, where they go on."""
