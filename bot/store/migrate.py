"""Brings a database up to this program's schema: `python -m bot.store.migrate`, its URL on standard input.

Whatever is wrong is said on standard output, in a line, and the status is 1.
"""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from bot.store.opening import name_of, way_back
from bot.store.trouble import unavailable
from bot.store.values import StoreUnavailable

FOLDER = Path(__file__).parent / "migrations"
_WAIT = 60
"""Seconds to wait for another process that migrates the same database."""
_LOCK = 7_246_374_821


def migrate(url: str, to: str = "head") -> None:
    """Runs the steps that a database lacks, in one transaction; processes that start at once take turns.

    Raises:
        StoreUnavailable: it cannot be opened or written to, or was made by a newer program.
    """
    address = _address(url)
    engine = create_engine(address, connect_args={"timeout": _WAIT} if "sqlite" in address.drivername else {})
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            _take_turns(connection)
            _upgrade(connection, address, to)
    except (SQLAlchemyError, OSError) as error:
        told = unavailable(name_of(address), error)
        raise (told or error) from error
    finally:
        engine.dispose()


def _address(url: str) -> URL:
    address = make_url(url)
    return address.set(drivername="sqlite" if address.get_backend_name() == "sqlite" else "postgresql+psycopg")


def _take_turns(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": f"{_WAIT}s"})
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _upgrade(connection: Connection, address: URL, to: str) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    current = MigrationContext.configure(connection).get_current_revision()
    try:
        ScriptDirectory.from_config(config).get_revision(current or "base")
    except CommandError:
        raise StoreUnavailable(
            f"the database {name_of(address)} was made by a newer briefbot (its schema is {current}); "
            f"{way_back(address)}"
        ) from None
    command.upgrade(config, to)


if __name__ == "__main__":
    try:
        migrate(sys.stdin.read().strip())  # not an argument, which anyone on the machine can read
    except StoreUnavailable as reason:
        sys.stdout.write(f"{reason}\n")
        sys.exit(1)
