"""FreeSWITCH's side of the gate: the dialplan that leads calls to it, made of a configuration, and compared with it."""
