"""Running the program for real: how it is, and what is done for it by hand."""
