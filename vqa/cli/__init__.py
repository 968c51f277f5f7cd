"""The command line: a module a command, named as the command, and `arguments` that several share."""
