"""The commands of the command line that work on the store, a file each."""
