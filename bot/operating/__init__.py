"""Running the program: what its operators see and do."""
