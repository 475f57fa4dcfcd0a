"""Fakes of the services that the bot talks to: they listen on loopback and know nothing of our code."""
