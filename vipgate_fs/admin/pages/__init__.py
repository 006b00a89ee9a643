"""The pages, a module for each: a blueprint with what is shown and what its forms do. Templates have the same names."""
