"""What a configuration does, seen before it does it: expectations are played, by the code that decides live calls."""
