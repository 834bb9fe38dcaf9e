"""Commands of the command line that are more than composition, a module each."""
