"""Subscribing on Slack as people do: a form, what is wrong beside its fields, the next runs, and only then saved."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.slack import Asked, FakeSlack, View
from tests.fakes.slack_payloads import slash_command
from tests.fakes.slack_people import new_user
from tests.running import Bot, on_slack
from tests.slack_form import Form
from tests.slack_reader import Reader, values


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def workspace(request: pytest.FixtureRequest, data: Path) -> Iterator[tuple[FakeSlack, Bot]]:
    over = getattr(request, "param", "socket")
    with FakeSlack() as slack, on_slack(slack, over=over, BRIEFBOT_DATA_DIR=str(data / over)) as bot:
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


@pytest.fixture
def store(workspace: tuple[FakeSlack, Bot], data: Path) -> Path:
    return data / ("socket" if workspace[0].events_url is None else "http") / "briefbot.db"


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


def confirmed(form: Form) -> View:
    """Submits a form and returns the confirmation."""
    form.submit()
    view = front(form.reader)
    assert "Nothing is saved yet" in view.shown
    return view


def saved(reader: Reader, view: View) -> str:
    """Saves what is shown and returns its id."""
    (line,) = (value for value in values(view) if value.startswith("/subscribe save:"))
    click(reader, view, "Save")
    assert "Saved: " in view.shown
    return line.partition("save:")[2]


def kept(store: Path, id_: str) -> tuple[str, ...]:
    """Returns the place, the schedule and the zone of a subscription as they are stored."""
    with sqlite3.connect(store) as database:
        found: tuple[str, ...] = database.execute(
            "SELECT place, schedule, zone FROM subscription WHERE id = ?", (id_,)
        ).fetchone()
        return found


def asked_for_people(slack: FakeSlack) -> int:
    return sum(request.method == "users.info" for request in slack.requests)


def test_a_form_is_mended_beside_its_fields_confirmed_with_three_runs_and_saved(reader: Reader, store: Path) -> None:
    reader.slack.profiles[reader.user] = {"tz": "Asia/Shanghai"}
    form = opened(reader)
    assert form.value("Zone") == "Asia/Shanghai"
    form.type("Schedule", "sometimes")
    form.type("Most", "99")
    form.pick("Topics", "zephyr", "words:night flight")
    form.submit()
    assert "sometimes" in form.problem("Schedule")
    assert "weekdays at 09:00" in form.problem("Schedule")
    assert "1 to 25" in form.problem("Most")
    assert form.problem("Topics") == ""
    form.type("Schedule", "weekdays at 09:00")
    form.type("Most", "5")
    view = confirmed(form)
    (runs,) = (line for line in view.shown.splitlines() if line.startswith("Next: "))
    assert runs.count(", 09:00") == 3
    assert "(Asia/Shanghai)" in runs
    assert "“night flight”" in view.shown
    id_ = saved(reader, view)
    assert "The first digest is due on" in view.shown
    place = f"slack:{reader.slack.team_id}/{reader.channel}"
    assert kept(store, id_) == (place, "weekdays at 09:00", "Asia/Shanghai")
    assert f"Zephyr Airships, night flight · {id_}" in reader.ask("/subscriptions").shown


def test_from_the_confirmation_one_comes_back_to_what_was_filled_in(reader: Reader) -> None:
    form = opened(reader)
    form.type("Schedule", "daily 8am")
    form.pick("Nothing", "say")
    confirmed(form)
    reader.slack.do(reader.slack.dismiss(reader.user))
    assert front(reader) is form.view
    assert (form.value("Schedule"), form.value("Nothing")) == ("daily 8am", "say")


def test_after_saving_closing_closes_everything(reader: Reader) -> None:
    form = opened(reader)
    form.type("Schedule", "daily 8am")
    saved(reader, confirmed(form))
    reader.slack.do(reader.slack.dismiss(reader.user))
    assert reader.slack.modal(reader.user) is None


def test_what_is_there_is_edited_in_a_form_that_a_click_opens(reader: Reader, store: Path) -> None:
    offer = reader.ask("/subscribe", "daily 8am zone:Europe/Berlin topics:zephyr most:7")
    id_ = next(value for value in values(offer) if "save:" in value).partition("save:")[2]
    done = reader.click(offer, "Save")
    assert done is offer
    asked = reader.slack.do(reader.slack.click(reader.user, done, f"/subscribe edit:{id_}"))
    form = Form(reader, reader.in_modal(asked))
    assert form.view.title == f"Edit {id_}"
    assert (form.value("Schedule"), form.value("Zone"), form.value("Most")) == ("daily 8am", "Europe/Berlin", "7")
    form.pick("Zone", "shanghai")
    form.pick("Topics")
    view = confirmed(form)
    assert "zone: Europe/Berlin → Asia/Shanghai" in view.shown
    click(reader, view, "Save")
    assert kept(store, id_)[2] == "Asia/Shanghai"
    assert "All claims" in view.shown


def test_a_confirmation_is_changed_in_a_form_that_holds_what_was_typed(reader: Reader) -> None:
    offer = reader.ask("/subscribe", "daily 8am zone:Europe/Berlin topics:words:cabin")
    asked = reader.slack.do(reader.slack.click(reader.user, offer, "Change"))
    form = Form(reader, reader.in_modal(asked))
    assert form.value("Topics") == "words:cabin"
    form.type("Schedule", "daily 9am")
    assert "Every day at 09:00" in confirmed(form).shown


def test_the_form_asks_for_what_people_decide_and_completes_what_they_type(reader: Reader) -> None:
    form = opened(reader, "subscribe", "/briefing")
    assert form.labels[:4] == ["Schedule", "Zone", "Topics", "Except"]
    assert not {"Place", "Save", "Edit", "Tags"} & set(form.labels)
    needed = {block["label"]["text"] for block in form.view.blocks if not block["optional"]}
    assert needed == {"Schedule", "Zone"}
    assert "Asia/Shanghai" in form.offered("Zone", "beijing")
    assert form.offered("Zone", "nowhere on earth") == []
    assert form.offered("Topics", "zeph")[0].startswith("Zephyr Airships")
    assert form.offered("Topics", "words:cabin")[-1] == "“words:cabin”"
    assert form.offered("Except", "x" * 151) == []


def test_a_mention_in_a_thread_subscribes_the_thread(reader: Reader, store: Path) -> None:
    begin = reader.slack.do(reader.slack.say(reader.user, reader.channel, "what of airships?"))
    offer = reader.mention("subscribe mondays 08:30 zone:Europe/Berlin", begin.ts)
    id_ = next(value for value in values(offer) if "save:" in value).partition("save:")[2]
    assert "Saved" in reader.click(offer, "Save").shown
    assert kept(store, id_)[0] == f"slack:{reader.slack.team_id}/{reader.channel}/{begin.ts}"


def test_where_no_modal_can_be_opened_a_button_opens_the_form_for_the_same_place(reader: Reader, store: Path) -> None:
    begin = reader.slack.do(reader.slack.say(reader.user, reader.channel, "what of airships?"))
    told = reader.mention("subscribe", begin.ts)
    asked = reader.slack.do(reader.slack.click(reader.user, told, "Open the form"))
    form = Form(reader, reader.in_modal(asked))
    form.type("Schedule", "daily 8am")
    id_ = saved(reader, confirmed(form))
    assert kept(store, id_)[0] == f"slack:{reader.slack.team_id}/{reader.channel}/{begin.ts}"


def test_from_the_home_one_subscribes_ones_own_conversation(reader: Reader, store: Path) -> None:
    asked = reader.slack.do(reader.slack.click(reader.user, reader.home(), "Subscribe"))
    form = Form(reader, reader.in_modal(asked))
    form.type("Schedule", "daily 8am")
    id_ = saved(reader, confirmed(form))
    assert kept(store, id_)[0] == f"slack:{reader.slack.team_id}/{reader.slack.dm(reader.user)}"


@pytest.mark.parametrize(
    "profile",
    [{"is_restricted": True}, {"is_ultra_restricted": True}, {"team_id": "T0ELSEWHERE"}],
    ids=["guest", "guest of one channel", "from another workspace"],
)
def test_who_is_no_member_is_refused_and_sees_no_form(reader: Reader, profile: dict[str, object]) -> None:
    reader.slack.profiles[reader.user] = profile
    for told in (reader.ask("/subscribe"), reader.mention("subscribe daily 8am zone:Europe/Berlin")):
        assert "Not yours to manage" in told.shown
        assert "Open the form" not in told.shown
    assert reader.slack.modal(reader.user) is None


def test_a_stranger_who_clicks_what_everybody_sees_is_refused(slack: FakeSlack) -> None:
    stranger = new_user()
    slack.profiles[stranger] = {"team_id": "T0ELSEWHERE"}
    reader = Reader(slack, stranger)
    public = reader.click(reader.ask("/subscriptions"), "Share to channel")
    told = slack.do(slack.click(stranger, public, "Subscribe"))
    reader.until(told.messages)
    assert "Not yours to manage" in told.messages()[0].shown
    assert slack.modal(stranger) is None
    assert reader.in_modal(slack.do(slack.click(reader.user, public, "Subscribe")))


def test_what_is_said_to_come_from_another_workspace_manages_nothing(reader: Reader) -> None:
    slack = reader.slack
    body = slash_command(slack, reader.user, slack.channels[reader.channel], "/subscribe", "daily 8am zone:UTC")
    asked = Asked("slash_commands", body | {"team_id": "T0ELSEWHERE"})
    asked.payload["response_url"] = slack.new_response_url(asked, reader.channel, reader.user)
    slack.do(slack.ask(asked))
    reader.until(asked.messages)
    assert "Not yours to manage" in asked.messages()[0].shown


def test_an_admin_sees_and_edits_what_is_posted_in_other_channels_and_others_do_not(slack: FakeSlack) -> None:
    reader, other, admin = Reader(slack), Reader(slack), Reader(slack)
    slack.profiles[admin.user] = {"is_admin": True}
    offer = reader.ask("/subscribe", "daily 8am zone:Europe/Berlin")
    id_ = next(value for value in values(offer) if "save:" in value).partition("save:")[2]
    reader.click(offer, "Save")
    assert id_ in admin.ask("/subscriptions", f"show {id_}").shown
    assert opened(admin, f"edit:{id_}").value("Schedule") == "daily 8am"
    assert "daily 8am" not in other.ask("/subscriptions", f"show {id_}").shown
    assert "Not yours" in other.ask("/subscriptions", "all").shown
    refused = other.ask("/subscribe", f"edit:{id_}")
    assert slack.modal(other.user) is None
    assert "daily 8am" not in refused.shown


def test_slack_is_asked_for_people_only_where_it_matters_and_not_twice(reader: Reader) -> None:
    before = asked_for_people(reader.slack)
    reader.ask("/company", "zephyr")
    reader.mention("zephyr")
    assert asked_for_people(reader.slack) == before
    opened(reader)
    opened(reader)
    assert asked_for_people(reader.slack) == before + 1


def test_where_slack_may_not_be_asked_for_people_the_zone_is_asked_for(reader: Reader) -> None:
    reader.slack.fault("users.info", "refuse", error="missing_scope")
    form = opened(reader)
    assert form.value("Zone") == ""
    form.type("Schedule", "daily 8am")
    with pytest.raises(ValueError, match="zone is not filled in"):  # says Slack itself
        form.submit()
    form.pick("Zone", "shanghai")
    confirmed(form)


def test_a_form_whose_filling_takes_its_time_opens_in_time_all_the_same(reader: Reader) -> None:
    reader.slack.profiles[reader.user] = {"tz": "Asia/Tokyo"}
    reader.slack.fault("users.info", "hang", seconds=1.4)
    form = opened(reader)
    assert "One moment" in form.view.shown
    reader.until(lambda: "Schedule" in form.view.shown)
    assert form.value("Zone") == "Asia/Tokyo"


@contextmanager
def locked(store: Path) -> Iterator[sqlite3.Connection]:
    """Keeps everybody else from writing until the context ends."""
    database = sqlite3.connect(store, isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        yield database
    finally:
        database.close()


def test_a_store_that_hangs_is_waited_for_above_the_form_and_others_are_answered(reader: Reader, store: Path) -> None:
    form = opened(reader)
    form.type("Schedule", "daily 8am")
    with locked(store):
        asked = form.submit()
        assert asked.acknowledged_after is not None
        view = front(reader)
        assert "One moment" in view.shown
        assert Reader(reader.slack).ask("/company", "zephyr").shown.startswith("Zephyr Airships")
    reader.until(lambda: "Nothing is saved yet" in view.shown)
    saved(reader, view)


def test_a_store_that_never_answers_is_told_of_and_the_form_is_still_there(reader: Reader, store: Path) -> None:
    form = opened(reader)
    form.type("Schedule", "daily 8am")
    with locked(store):
        form.submit()
        view = front(reader)
        reader.until(lambda: "One moment" not in view.shown)
        assert "again" in view.shown
    reader.slack.do(reader.slack.dismiss(reader.user))
    assert front(reader) is form.view
    assert form.value("Schedule") == "daily 8am"
    confirmed(form)


def test_a_form_that_is_submitted_too_often_stays_as_it_is(reader: Reader) -> None:
    form = opened(reader)
    form.type("Schedule", "sometimes")
    for _ in range(5):
        form.submit()
    assert "One at a time" in front(reader).shown
    time.sleep(1.1)
    reader.slack.do(reader.slack.dismiss(reader.user))
    form.submit()
    assert "sometimes" in form.problem("Schedule")


@pytest.mark.parametrize("workspace", ["http"], indirect=True)
def test_over_http_a_form_is_answered_in_its_acknowledgement_too(reader: Reader, store: Path) -> None:
    form = opened(reader)
    form.type("Schedule", "sometimes")
    form.submit()
    assert "sometimes" in form.problem("Schedule")
    form.type("Schedule", "daily 8am")
    id_ = saved(reader, confirmed(form))
    assert kept(store, id_)[1] == "daily 8am"
