"""What a user does: for the command line, for Python and for the processes of a cluster alike."""
