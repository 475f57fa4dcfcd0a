"""Running the thing: how it is, told to probes, people and whoever is on duty."""
