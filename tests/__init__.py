"""The tests: conversations as lists of (said, heard) pairs, against real parts."""
