"""The store of the delivery engine: what is due, what was posted, what each place has been shown.

Its truth is in the database, SQLite or PostgreSQL by the same code. Every function is one transaction; those that an
engine writes with carry the hold on their lane and are refused once it was lost. Importing this package alone imports
no library.
"""
