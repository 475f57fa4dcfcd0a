"""Subscribing on Slack as people do: a form, what is wrong beside its fields, the next runs, and only then saved."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.slack import FakeSlack, View
from tests.fakes.slack_people import new_user
from tests.running import Bot, on_slack
from tests.slack_form import Form
from tests.slack_reader import Reader, values


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module", params=["socket", "http"])
def workspace(request: pytest.FixtureRequest, data: Path) -> Iterator[tuple[FakeSlack, Bot]]:
    settings = {"BRIEFBOT_DATA_DIR": str(data / request.param), "BRIEFBOT_LOG_LEVEL": "DEBUG"}
    with FakeSlack() as slack, on_slack(slack, over=request.param, **settings) as bot:
        yield slack, bot


@pytest.fixture
def slack(workspace: tuple[FakeSlack, Bot]) -> Iterator[FakeSlack]:
    """Gives the workspace, and looks afterwards whether Slack would have objected to anything."""
    slack, _ = workspace
    slack.objections.clear()
    yield slack
    assert slack.objections == []


@pytest.fixture
def reader(slack: FakeSlack) -> Reader:
    return Reader(slack)


def opened(reader: Reader, text: str = "", command: str = "/subscribe") -> Form:
    asked = reader.slack.do(reader.slack.command(reader.user, reader.channel, command, text))
    return Form(reader, reader.in_modal(asked))


def front(reader: Reader) -> View:
    """Returns the modal in front of a person."""
    view = reader.slack.modal(reader.user)
    assert view
    return view


def click(reader: Reader, view: View, label: str) -> None:
    """Clicks in a modal and waits until it shows something else."""
    before = view.updates
    reader.slack.do(reader.slack.click(reader.user, view, label))
    reader.until(lambda: view.updates > before)


def test_a_form_is_filled_in_mended_confirmed_and_saved(reader: Reader) -> None:
    form = opened(reader)
    form.type("Schedule", "sometimes")
    form.type("Most", "99")
    form.pick("Topics", "zephyr", "words:cabin")
    form.submit()
    print(form.view.errors, form.labels)
    assert front(reader) is form.view
    form.type("Schedule", "weekdays at 09:00")
    form.type("Most", "5")
    asked = form.submit()
    view = front(reader)
    print(view.shown, values(view))
    click(reader, view, "Save")
    print(view.shown, values(view))
    assert 0
