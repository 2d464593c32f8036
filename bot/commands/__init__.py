"""The operator's commands, a file for each group of `cersbot`."""
