"""The commands on subscriptions, for who runs the bot."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pexpect
import pytest

from bot.cli.field_options import OPTIONS
from bot.store import lanes, subscriptions
from bot.store.opening import Store
from bot.store.values import Subscription
from bot.subscribing.fields import FIELDS
from tests.builders import AIRSHIPS
from tests.databases import Sqlite
from tests.program import Ran, program
from tests.stored import PLACE, held, proposed, subscribed
from tests.test_cli import PROGRAM
from tests.test_digests_cli import HERE, kept, rows

GOOD = {"--place": HERE, "--schedule": "weekdays at 09:00", "--zone": "Europe/Berlin", "--topics": "Zephyr, helium"}


@pytest.fixture
def url(on_sqlite: Sqlite) -> str:
    return on_sqlite.ready()


def run(url: str, command: str, *arguments: str) -> Ran:
    return program("subscriptions", command, *arguments, DATABASE_URL=url)


def options(**changed: str) -> list[str]:
    """Returns the options of a good subscription, some of them changed."""
    given = GOOD | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    return [part for option in given.items() for part in option]


def added(url: str, **changed: str) -> str:
    """Adds a subscription and returns its id."""
    ran = run(url, "add", *options(**changed), "--yes")
    assert (ran.status, ran.stderr) == (0, "")
    return ran.stdout.split()[0]


def stored(url: str) -> list[Subscription]:
    return kept(url, subscriptions.everywhere)


def the(url: str) -> Subscription:
    [one] = stored(url)
    return one


def test_every_field_has_an_option() -> None:
    assert list(OPTIONS) == list(FIELDS)


def test_the_next_three_runs_are_shown_before_anything_is_saved(url: str) -> None:
    before = rows(url)
    ran = run(url, "add", *options())
    assert ran.status == 2
    assert "Zephyr Airships, Helium" in ran.stdout
    assert "Claims on Zephyr Airships, or on Helium, at most 10." in ran.stdout
    runs = ran.stdout.partition("Every weekday at 09:00, Europe/Berlin; next: ")[2].splitlines()[0].split(", ")
    assert len(runs) == 3
    assert all(one[:3] in ("Mon", "Tue", "Wed", "Thu", "Fri") and one.endswith(" 09:00") for one in runs)
    assert ran.stderr == "nothing is changed, for nobody can be asked here; add --yes\n"
    assert rows(url) == before


def test_how_it_posts_is_shown_too(url: str) -> None:
    id_ = added(url, layout="headlines", nothing="say", catch_up="0", holidays="DE", policy="at_least_once")
    told = "headlines, with details on demand; when nothing is new, a line that says so; on time or not at all; "
    told += "not on holidays of DE; sent again where it is unclear whether it arrived."
    assert told in run(url, "list").stdout
    assert "at most 6h late" in run(url, "edit", id_, "--catch-up", "6h", "--yes").stdout


def test_the_last_run_is_a_digest_and_no_notice(url: str) -> None:
    added(url)
    one = the(url)
    about = {"place": HERE, "lane": "terminal", "subscription": one.id}
    kept(url, lambda store: proposed(store, "notice", **about, due=one.made_at, kind="notice"))
    assert "last run" not in run(url, "list").stdout
    kept(url, lambda store: proposed(store, "digest", **about, due=one.made_at - timedelta(days=1)))
    assert "last run: " in run(url, "list").stdout


def test_what_a_file_declares_is_told(url: str, tmp_path: Path) -> None:
    file = tmp_path / "declared.yaml"
    id_ = added(url)
    file.write_text(run(url, "export").stdout)
    program("deliver", DATABASE_URL=url, BRIEFBOT_SUBSCRIPTIONS=str(file))
    assert f"declared in a file as {id_}" in run(url, "list").stdout


def test_no_subscription_of_a_workspace_is_said_of_that_alone(url: str) -> None:
    added(url)
    told = run(url, "list", "--workspace", "slack:T9").stdout
    assert told.startswith("There are no subscriptions of slack:T9;")


@pytest.mark.parametrize(("answer", "saved"), [("n", False), ("y", True)])
def test_a_person_at_a_terminal_is_asked(url: str, answer: str, saved: bool) -> None:
    environment = {"TERM": "xterm", "LANG": "C.UTF-8", "DATABASE_URL": url, "BRIEFBOT_KNOWLEDGE": str(AIRSHIPS)}
    child = pexpect.spawn(PROGRAM, ["subscriptions", "add", *options()], env=environment, encoding="utf-8", timeout=90)
    child.expect(r"Save it\? \[y/N\]")
    assert stored(url) == []
    child.sendline(answer)
    child.expect("is saved" if saved else "nothing is changed")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, len(stored(url))) == ((0, 1) if saved else (1, 0))


def test_a_new_subscription_is_as_it_was_asked_for_and_what_is_there_is_no_news_to_it(url: str) -> None:
    id_ = added(url, most="3", title="Morning")
    one = the(url)
    assert (one.id, one.place, one.title, one.wanted["most"], one.made_by) == (id_, HERE, "Morning", 3, "")
    assert one.wanted["topics"] == {"Zephyr": "company:zephyr", "helium": "theme:helium"}
    taken_up = rows(url)["seen"]
    assert len(taken_up) >= 11
    assert max(at for *_, at in taken_up) <= one.made_at


BAD = [
    ("place", "here", "--place: ", "write such as terminal:local/here"),
    ("place", "slack:T1", "--place: ", "write such as slack:T012AB3CD/C012AB3CD"),
    ("schedule", "sometimes", "--schedule: ", "write such as"),
    ("schedule", "0 9 31 2 *", "--schedule: ", "choose another day"),
    ("zone", "Asia/Beijing", '--zone: there is no zone "Asia/Beijing"', "did you mean Asia/Shanghai?"),
    ("topics", "Zefyr", "--topics: ", "did you mean Zephyr Airships?"),
    ("except", "helium", '--except: "helium" is among the topics too', "leave it out of one of the two"),
    ("match", "some", "--match: ", "write any or all"),
    ("most", "26", "--most: ", "write 1 to 25"),
    ("layout", "ful", "--layout: ", "did you mean"),
    ("nothing", "shout", "--nothing: ", "write skip or say or archive"),
    ("catch_up", "8d", "--catch-up: ", "write such as 6h or 2d"),
    ("holidays", "Atlantis", "--holidays: ", "such as CN, US"),
    ("policy", "twice", "--policy: ", "write at_most_once or at_least_once"),
    ("tags", "a,b,c,d,e,f", "--tags: ", "5 are the most"),
]


@pytest.mark.parametrize(
    ("field", "value", "named", "way_out"), BAD, ids=[f"{row[0]}-{n}" for n, row in enumerate(BAD)]
)
def test_what_cannot_be_used_is_named_with_the_way_out_and_nothing_is_saved(
    url: str, field: str, value: str, named: str, way_out: str
) -> None:
    id_ = added(url)
    before = rows(url)
    for command in (["add", *options(**{field: value})], ["edit", id_, f"--{field.replace('_', '-')}", value]):
        ran = run(url, *command, "--yes")
        assert (ran.status, ran.stdout) == (2, "")
        assert named in ran.stderr
        assert way_out in ran.stderr
    assert rows(url) == before


def test_all_that_cannot_be_used_is_said_at_once(url: str) -> None:
    ran = run(url, "add", "--zone", "Mars", "--most", "0", "--yes")
    assert [line.partition(":")[0] for line in ran.stderr.splitlines()] == ["--place", "--schedule", "--zone", "--most"]


def test_an_edit_changes_what_is_given_and_shows_what_it_was(url: str) -> None:
    id_ = added(url, title="Morning")
    before = the(url)
    shown = run(url, "edit", id_, "--most", "3", "--layout", "headlines")
    assert "    most: 10 -> 3\n    layout: full -> headlines\n" in shown.stdout
    assert the(url) == before
    assert run(url, "edit", id_.lower(), "--most", "3", "--yes").stdout.endswith(f"{id_} is saved.\n")
    after = the(url)
    assert (after.wanted["most"], after.title, after.next_fire) == (3, "Morning", before.next_fire)
    assert run(url, "edit", id_, "--title", "", "--yes").status == 0
    assert the(url).title == "Zephyr Airships, Helium"


def test_an_edit_that_changes_nothing_says_so(url: str) -> None:
    id_ = added(url)
    ran = run(url, "edit", id_, "--most", "10", "--yes")
    assert (ran.status, ran.stderr) == (2, f"{id_} is so already; nothing is changed\n")


def test_another_zone_fires_anew_on_its_own_clock(url: str) -> None:
    id_ = added(url)
    run(url, "edit", id_, "--zone", "Asia/Shanghai", "--yes")
    fire = the(url).next_fire
    assert fire
    assert (fire.hour, fire.minute) == (1, 0)


def test_what_is_paused_goes_on_with_its_next_run(url: str) -> None:
    id_ = added(url)
    assert run(url, "pause", id_).status == 0
    assert f"{id_}  paused" in run(url, "list").stdout
    assert "paused: by the operator" in run(url, "list").stdout
    ran = run(url, "resume", id_)
    assert ran.stdout.startswith(f"{id_} goes on: ")
    one = the(url)
    assert (one.state, one.next_fire is not None and one.next_fire > datetime.now(UTC)) == ("active", True)
    assert run(url, "resume", id_) == Ran(2, "", f"{id_} is not paused\n")


def test_only_a_yes_removes(url: str) -> None:
    id_ = added(url)
    assert run(url, "remove", id_).status == 2
    assert the(url).state == "active"
    assert run(url, "remove", id_, "--yes").stdout.endswith(f"{id_} is removed.\n")
    assert stored(url) == []
    assert run(url, "list").stdout == "There are no subscriptions; `briefbot subscriptions add` makes one.\n"


def test_what_is_declared_in_a_file_is_neither_removed_nor_edited_here(url: str) -> None:
    kept(url, lambda store: subscribed(store, place=HERE, declared="airships"))
    before = the(url)
    removed = run(url, "remove", "airships", "--yes")
    assert removed.status == 2
    assert "airships is declared in a file of the operator's; pause it" in removed.stderr
    edited = run(url, "edit", "airships", "--most", "3", "--yes")
    assert edited == Ran(2, "", "airships is declared in a file, which would undo it; change it there\n")
    assert the(url) == before


@pytest.mark.parametrize("command", ["edit", "pause", "resume", "remove", "preview", "now"])
@pytest.mark.parametrize(
    ("id_", "hint"), [("airshps", '; did you mean "airships"?'), ("", ""), ("%", "")], ids=range(3)
)
def test_an_id_that_nothing_has_is_named(url: str, command: str, id_: str, hint: str) -> None:
    kept(url, lambda store: subscribed(store, place=HERE))
    before = rows(url)
    ran = run(url, command, id_)
    assert (ran.status, ran.stdout) == (1, "")
    said = hint or "; `briefbot subscriptions list` shows them"
    assert ran.stderr == f"there is no subscription {id_!r}{said}\n"
    assert rows(url) == before


def test_why_nothing_is_posted_though_it_is_active_is_listed(url: str) -> None:
    async def refused(store: Store) -> None:
        await subscribed(store)
        await subscribed(store, "elsewhere", place="slack:T10/C1")
        await lanes.keep_trouble(store, await held(store), "Slack refuses the token")

    kept(url, refused)
    assert run(url, "list").stdout.count("    nothing is posted now: Slack refuses the token\n") == 1


def test_all_are_listed_or_those_of_a_workspace(url: str) -> None:
    kept(url, lambda store: subscribed(store, "here", place=HERE))
    kept(url, lambda store: subscribed(store, "there", place=PLACE, zone="Nowhere/Lost"))
    heads = [line.split()[:3] for line in run(url, "list").stdout.splitlines() if not line.startswith(" ")]
    assert heads == [["here", "active", HERE], ["there", "active", PLACE]]
    assert "never runs: there is no zone" in run(url, "list").stdout
    there = run(url, "list", "--workspace", "slack:T1").stdout
    assert there.startswith("there")
    assert HERE not in there


def test_a_preview_is_printed_and_nothing_recorded(url: str) -> None:
    id_ = added(url)
    before = rows(url)
    assert "Helium was scarce." in run(url, "preview", id_).stdout
    assert rows(url) == before


def test_a_digest_is_posted_now_and_once_however_often_it_is_asked_for(url: str) -> None:
    id_ = added(url)
    for _ in range(2):
        asked = run(url, "now", id_)
        assert (
            asked.stdout == f"A digest of {id_} goes out with the next pass of `briefbot run` or `briefbot deliver`.\n"
        )
    assert program("deliver", DATABASE_URL=url).stdout.count("Helium was scarce.") == 1
    assert program("deliver", DATABASE_URL=url).stdout == ""
    assert ", sent\n" in run(url, "list").stdout


def test_what_is_paused_posts_nothing_now(url: str) -> None:
    id_ = added(url)
    run(url, "pause", id_)
    ran = run(url, "now", id_)
    assert (ran.status, ran.stdout) == (2, "")
    assert f"{id_} is paused; `briefbot subscriptions resume {id_}` has it go on" in ran.stderr
    assert rows(url)["slot"] == []


def test_what_is_exported_is_taken_in_elsewhere_once(url: str, on_sqlite: Sqlite, tmp_path: Path) -> None:
    ids = [added(url), added(url, place="discord:123456789012345678/234567890123456789", most="5")]
    file = tmp_path / "kept.yaml"
    file.write_text(run(url, "export").stdout)
    elsewhere = on_sqlite.ready()
    assert run(elsewhere, "import", str(file)).stdout == "2 added, 0 edited, 0 paused.\n"
    assert run(elsewhere, "import", str(file)).stdout == "0 added, 0 edited, 0 paused.\n"
    assert [one.id for one in stored(elsewhere)] == ids
    assert run(elsewhere, "export").stdout == file.read_text()
    assert ids[0] not in run(url, "export", "--workspace", "discord:123456789012345678").stdout


def test_a_file_that_cannot_be_used_is_taken_in_not_even_in_part(url: str, tmp_path: Path) -> None:
    added(url)
    file = tmp_path / "kept.yaml"
    file.write_text(run(url, "export").stdout + "  - id: other\n    place: nowhere\n    schedule: daily 09:00\n")
    before = subscriptions_in(url)
    ran = run(url, "import", str(file))
    assert (ran.status, ran.stdout) == (2, "")
    assert 'kept.yaml:11: place: "nowhere" is no place; write such as' in ran.stderr
    assert "kept.yaml:10: zone: missing; add it" in ran.stderr
    assert ran.stderr.endswith("nothing was taken in\n")
    assert subscriptions_in(url) == before
    missing = run(url, "import", str(tmp_path / "missing.yaml"))
    assert missing.status == 2
    assert "missing.yaml: cannot be read: No such file or directory" in missing.stderr


def subscriptions_in(url: str) -> list[Any]:
    return rows(url)["subscription"]


def test_a_database_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    ran = run(f"sqlite:///{tmp_path}", "list")
    assert ran.status == 3
    assert f"the database {tmp_path} cannot be opened (Is a directory)" in ran.stderr


@pytest.mark.parametrize(("token", "told"), [("", True), ("xoxb-1", False)])
def test_a_place_whose_platform_is_off_is_told_of(url: str, token: str, told: bool) -> None:
    on = {"SLACK_BOT_TOKEN": token, "SLACK_APP_TOKEN": "xapp-1"} if token else {}
    ran = program("subscriptions", "add", *options(place=PLACE), "--yes", DATABASE_URL=url, **on)
    assert ran.status == 0
    assert ("slack is off here" in ran.stdout) == told
