"""To whom, where and when: commands, answering, platforms, settings and the command line."""
