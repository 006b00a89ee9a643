"""All that knows the event socket; greenswitch is used here and nowhere else."""
