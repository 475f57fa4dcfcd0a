"""The fake Slack, tried with the real libraries against a small app that is not ours."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.fakes.block_kit import block_problems, view_problems
from tests.fakes.block_kit_contents import characters
from tests.fakes.slack import USUAL_SCOPES, FakeSlack, Message, View
from tests.fakes.slack_faults import Kind
from tests.fakes.slack_limits import Limits
from tests.fakes.slack_payloads import interaction, message_event
from tests.fakes.slack_texts import typed
from tests.fakes.slack_views import push

ANNA, BEN = "U0ANNA", "U0BEN"
ALL_SCOPES = USUAL_SCOPES | {"channels:history", "channels:read", "im:read", "im:write"}
QUIET: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}
Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def button(label: str, value: str, **more: Any) -> Block:
    return {"type": "button", "text": plain(label), "value": value, "action_id": f"press-{value}", **more}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def section(text: str) -> Block:
    return {"type": "section", "text": plain(text)}


MENU: Block = {"type": "external_select", "action_id": "find", "placeholder": plain("Find"), "min_query_length": 2}
FORM: Block = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Subscribe"),
    "submit": plain("Go"),
    "private_metadata": "kept",
    "blocks": [
        {"type": "input", "block_id": "when", "label": plain("When"), "element": {"type": "plain_text_input", "action_id": "time"}},
        actions(button("Preview", "preview")),
    ],
}  # fmt: skip
HOME: Block = {"type": "home", "blocks": [section("Welcome"), actions(button("Start", "start"))]}


def option(text: str) -> Block:
    return {"text": plain(text), "value": text.lower()}


async def company(ack: Any, respond: Any, command: Block) -> None:
    await ack()
    blocks = [section(f"About {command['text']}"), actions(button("More", "m"), MENU)]
    await respond(text="An answer", blocks=blocks, **QUIET)


async def slow(ack: Any, command: Block) -> None:
    await asyncio.sleep(float(command["text"]))
    await ack()


async def quick(ack: Any) -> None:
    await ack(text="At once", blocks=[section("At once")], response_type="in_channel", **QUIET)


async def form(ack: Any, client: AsyncWebClient, body: Block) -> None:
    await ack()
    await client.views_open(trigger_id=body["trigger_id"], view=FORM)


async def more(ack: Any, respond: Any) -> None:
    await ack()
    await respond(text="More", blocks=[section("Much more")], replace_original=True, **QUIET)


async def preview(ack: Any, client: AsyncWebClient, body: Block) -> None:
    await ack()
    view = FORM | {"title": plain("Preview"), "blocks": [section("So it will look")]}
    await client.views_push(trigger_id=body["trigger_id"], view=view)


async def find(ack: Any, payload: Block) -> None:
    found = [option(name) for name in ("Tencent", "Tesla") if name.lower().startswith(payload["value"])]
    await ack(option_groups=[{"label": plain("Companies"), "options": found}])


async def submitted(ack: Any, view: Block) -> None:
    said = view["state"]["values"].get("when", {}).get("time", {}).get("value")
    if said == "never":
        await ack(response_action="errors", errors={"when": "Never is no time"})
    else:
        await ack(response_action="update", view=FORM | {"blocks": [section(f"Done: {said}")]})


async def mentioned(event: Block, client: AsyncWebClient) -> None:
    text = f"You said {event['text'].partition('> ')[2]}"
    await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text=text, **QUIET)


async def written(event: Block, client: AsyncWebClient) -> None:
    if "subtype" not in event:
        await client.chat_postMessage(channel=event["channel"], text="Got it", **QUIET)


async def opened(event: Block, client: AsyncWebClient) -> None:
    await client.views_publish(user_id=event["user"], view=HOME)


async def about_message(ack: Any, respond: Any, payload: Block) -> None:
    await ack()
    await respond(text=f"It says {payload['message']['text']}", **QUIET)


def tiny_app(slack: FakeSlack) -> AsyncApp:
    """Makes a small app with Bolt."""
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)
    commands: dict[str, Any] = {"/company": company, "/slow": slow, "/quick": quick, "/form": form}
    presses: dict[str, Any] = {"press-m": more, "find": more, "press-preview": preview, "press-start": form}
    events: dict[str, Any] = {"app_mention": mentioned, "message": written, "app_home_opened": opened}
    shortcuts: dict[str, Any] = {"subscribe": form, "about": about_message}
    for take, listeners in ((app.command, commands), (app.action, presses), (app.event, events)):
        for name, listener in listeners.items():
            take(name)(listener)
    for name, listener in shortcuts.items():
        app.shortcut(name)(listener)
    app.options("find")(find)
    app.view("form")(submitted)
    return app


class Elsewhere:
    """A loop on another thread, where an app runs as it would in another process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def do(self, action: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(action, self.loop).result(timeout=30)

    async def _stop(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def stop(self) -> None:
        self.do(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    one = Elsewhere()
    yield one
    one.stop()


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(ALL_SCOPES) as fake:
        yield fake


@contextmanager
def by_socket(slack: FakeSlack, elsewhere: Elsewhere, ping: float = 0.3) -> Iterator[None]:
    """Runs the small app over Socket Mode."""

    async def start() -> Any:
        handler: Any = AsyncSocketModeHandler(tiny_app(slack), slack.app_token, ping_interval=ping)
        await handler.connect_async()
        return handler

    handler = elsewhere.do(start())
    slack.do(slack.until(lambda: slack.connections == 1))
    yield
    elsewhere.do(handler.close_async())


@contextmanager
def by_http(slack: FakeSlack, elsewhere: Elsewhere) -> Iterator[None]:
    """Runs the small app behind signed HTTP."""

    async def start() -> web.AppRunner:
        app = tiny_app(slack)

        async def serve(request: web.Request) -> web.Response:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

        site = web.Application()
        site.router.add_post("/slack/events", serve)
        runner = web.AppRunner(site, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = elsewhere.do(start())
    slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield
    elsewhere.do(runner.cleanup())


@pytest.fixture(params=[by_socket, by_http], ids=["socket", "http"])
def connected(request: pytest.FixtureRequest, slack: FakeSlack, elsewhere: Elsewhere) -> Iterator[FakeSlack]:
    with request.param(slack, elsewhere):
        yield slack


@pytest.fixture
def socketed(slack: FakeSlack, elsewhere: Elsewhere) -> Iterator[FakeSlack]:
    with by_socket(slack, elsewhere):
        yield slack


def general(slack: FakeSlack) -> str:
    return slack.do(slack.channel("general", [ANNA, BEN]))


def answered(slack: FakeSlack, channel: str, text: str = "Tencent") -> Message:
    asked = slack.do(slack.command(ANNA, channel, "/company", text))
    slack.do(slack.until(asked.messages))
    return asked.messages()[0]


def calling(slack: FakeSlack, call: Callable[[AsyncWebClient], Any], token: str = "", **options: Any) -> Any:
    """Calls the Web API with the real client."""

    async def scene() -> Any:
        return await call(AsyncWebClient(token or slack.bot_token, base_url=slack.api_url, **options))

    return asyncio.run(scene())


def refusal(slack: FakeSlack, call: Callable[[AsyncWebClient], Any], **options: Any) -> Any:
    with pytest.raises(SlackApiError) as refused:
        calling(slack, call, **options)
    return refused.value.response["error"]


# People


def test_a_command_is_acknowledged_and_answered_to_the_one_who_asked(connected: FakeSlack) -> None:
    channel = general(connected)
    asked = connected.do(connected.command(ANNA, channel, "/company", "Tencent"))
    connected.do(connected.until(asked.messages))
    assert asked.delivered
    assert asked.error is None
    assert asked.acknowledged_after is not None
    assert asked.messages()[0].shown == "About Tencent\nMore\nFind"
    assert connected.messages(channel, seen_by=ANNA) == asked.messages()
    assert connected.messages(channel, seen_by=BEN) == connected.messages(channel) == []
    assert connected.objections == []


def test_an_acknowledgement_may_carry_the_answer(connected: FakeSlack) -> None:
    channel = general(connected)
    asked = connected.do(connected.command(ANNA, channel, "/quick"))
    assert [message.shown for message in connected.messages(channel)] == ["At once"]
    assert asked.messages() == connected.messages(channel)
    assert connected.objections == []


def test_a_click_replaces_an_ephemeral_message_which_is_not_sent_along(connected: FakeSlack) -> None:
    message = answered(connected, general(connected))
    asked = connected.do(connected.click(ANNA, message, "More"))
    connected.do(connected.until(lambda: message.edits))
    assert message.shown == "Much more"
    assert asked.messages() == [message]
    assert asked.payload["container"]["is_ephemeral"]
    assert "message" not in asked.payload
    with pytest.raises(LookupError, match="0 buttons"):
        connected.do(connected.click(ANNA, message, "More"))
    with pytest.raises(LookupError, match="does not see"):
        connected.do(connected.click(BEN, message, "More"))


def test_a_click_on_a_public_message_brings_the_message_along(socketed: FakeSlack) -> None:
    channel = general(socketed)
    given: dict[str, Any] = {"channel": channel, "text": "x", "blocks": [actions(button("More", "m"))], **QUIET}
    calling(socketed, lambda client: client.chat_postMessage(**given))
    message = socketed.messages(channel)[0]
    asked = socketed.do(socketed.click(BEN, message, "m"))
    socketed.do(socketed.until(lambda: message.shown == "Much more"))
    assert asked.payload["message"]["ts"] == asked.payload["container"]["message_ts"] == message.ts
    assert asked.payload["channel"] == {"id": channel, "name": "general"}
    assert socketed.messages(channel) == [message]


def test_typing_ahead_asks_the_app_from_the_second_letter_on(connected: FakeSlack) -> None:
    message = answered(connected, general(connected))
    assert connected.do(connected.type_ahead(ANNA, message, "find", "t")) == []
    assert connected.do(connected.type_ahead(ANNA, message, "find", "ten")) == [option("Tencent")]
    connected.do(connected.choose(ANNA, message, "find", option("Tencent")))
    connected.do(connected.until(lambda: message.shown == "Much more"))
    assert connected.objections == []


def test_a_mention_is_answered_in_its_thread_if_the_app_is_there(connected: FakeSlack) -> None:
    channel = general(connected)
    asked = connected.do(connected.mention(ANNA, channel, "AT&T or JD.com?"))
    connected.do(connected.until(lambda: len(connected.messages(channel)) == 2))
    answer = connected.messages(channel)[1]
    assert asked.message is not None
    assert answer.thread_ts == asked.message.ts
    assert answer.shown == "You said AT&T or JD.com?"
    assert answer.text == "You said AT&amp;T or <http://JD.com|JD.com>?"
    away = connected.do(connected.channel("away", [ANNA], bot=False))
    assert not connected.do(connected.mention(ANNA, away, "Hello")).delivered


def test_the_app_hears_its_own_direct_messages_too(connected: FakeSlack) -> None:
    connected.do(connected.direct(ANNA, "Tencent"))
    channel = connected.dm(ANNA)
    connected.do(connected.until(lambda: len(connected.messages(channel)) == 2))

    def own() -> list[Block]:
        return [
            one.payload["event"] for one in connected.asked if one.payload["event"].get("bot_id") == connected.bot_id
        ]

    connected.do(connected.until(lambda: len(own()) == 1))
    ts = connected.messages(channel)[1].ts
    calling(connected, lambda client: client.chat_update(channel=channel, ts=ts, text="Had it"))
    connected.do(connected.until(lambda: len(connected.asked) == 3))
    change = connected.asked[2].payload["event"]
    assert (change["subtype"], change["message"]["text"]) == ("message_changed", "Had it")
    assert connected.messages(channel)[1].edits[0]["text"] == "Got it"
    assert connected.objections == []


def test_a_modal_is_opened_filled_in_refused_updated_and_closed(connected: FakeSlack) -> None:
    asked = connected.do(connected.shortcut(ANNA, "subscribe"))
    connected.do(connected.until(lambda: connected.modal(ANNA)))
    view = connected.modal(ANNA)
    assert view is not None
    assert asked.views == [view]
    with pytest.raises(ValueError, match="not filled in"):
        connected.do(connected.submit(ANNA, view))
    connected.do(connected.fill(ANNA, view, "time", "never"))
    connected.do(connected.submit(ANNA, view))
    assert view.errors == {"when": "Never is no time"}
    connected.do(connected.click(ANNA, view, "Preview"))
    connected.do(connected.until(lambda: connected.modal(ANNA) is not view))
    connected.do(connected.dismiss(ANNA))
    connected.do(connected.fill(ANNA, view, "time", "09:00"))
    connected.do(connected.submit(ANNA, view))
    assert view.shown == "Subscribe\nDone: 09:00\nGo"
    assert view.private_metadata == "kept"
    connected.do(connected.dismiss(ANNA))
    assert connected.modal(ANNA) is None
    assert connected.objections == []


def test_what_is_filled_into_a_modal_is_kept_until_it_is_submitted(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    pick = {"type": "static_select", "action_id": "pick", "options": [option("Daily"), option("Weekly")]}
    at = {"type": "timepicker", "action_id": "at", "initial_time": "08:00"}
    where = {"type": "conversations_select", "action_id": "where"}
    blocks = [
        {"type": "input", "block_id": element["action_id"], "label": plain("L"), "element": element}
        for element in (pick, at, where)
    ]
    with by_http(slack, elsewhere):
        channel = general(slack)
        trigger = slack.do(slack.command(ANNA, channel, "/quick")).payload["trigger_id"]
        calling(slack, lambda client: client.views_open(trigger_id=trigger, view=FORM | {"blocks": blocks}))
        view = slack.modal(ANNA)
        assert view is not None
        with pytest.raises(LookupError, match="not all offered"):
            slack.do(slack.choose(ANNA, view, "pick", option("Hourly")))
        assert not slack.do(slack.choose(ANNA, view, "pick", {"value": "weekly"})).delivered
        slack.do(slack.choose(ANNA, view, "where", {"value": channel}))
        assert view.state == {
            "pick": {"pick": {"type": "static_select", "selected_option": option("Weekly")}},
            "at": {"at": {"type": "timepicker", "selected_time": "08:00"}},
            "where": {"where": {"type": "conversations_select", "selected_conversation": channel}},
        }
        slack.do(slack.fill(ANNA, view, "at", "09:30"))
        asked = slack.do(slack.submit(ANNA, view))
    assert asked.payload["view"]["state"]["values"]["at"]["at"]["selected_time"] == "09:30"
    assert slack.objections == []


def test_a_home_tab_is_published_and_its_buttons_work(connected: FakeSlack) -> None:
    connected.do(connected.open_home(ANNA))
    connected.do(connected.until(lambda: connected.home(ANNA)))
    home = connected.home(ANNA)
    assert isinstance(home, View)
    assert home.shown == "Welcome\nStart"
    asked = connected.do(connected.click(ANNA, home, "start"))
    connected.do(connected.until(lambda: connected.modal(ANNA)))
    assert asked.payload["container"] == {"type": "view", "view_id": home.id}
    assert "response_url" not in asked.payload
    assert connected.objections == []


def test_a_shortcut_of_a_message_brings_the_message_along(connected: FakeSlack) -> None:
    channel = general(connected)
    message = connected.do(connected.say(BEN, channel, "R&D of Baidu"))
    asked = connected.do(connected.message_shortcut(ANNA, "about", message))
    connected.do(connected.until(asked.messages))
    assert asked.messages()[0].shown == "It says R&D of Baidu"
    with pytest.raises(ValueError, match="no shortcuts"):
        connected.do(connected.message_shortcut(ANNA, "about", asked.messages()[0]))


def test_what_the_app_did_not_register_cannot_be_asked_and_is_not_told(socketed: FakeSlack) -> None:
    socketed.commands, socketed.event_types = frozenset({"/company"}), frozenset({"app_mention"})
    with pytest.raises(ValueError, match="not a valid command"):
        socketed.do(socketed.command(ANNA, general(socketed), "/theme"))
    asked = socketed.do(socketed.direct(ANNA, "Hello"))
    assert (asked.delivered, asked.error) == (False, "not_subscribed")


def test_typed_text_is_stored_as_slack_stores_it() -> None:
    assert typed("A&B <3 JD.com, 0700.HK") == "A&amp;B &lt;3 <http://JD.com|JD.com>, <http://0700.HK|0700.HK>"
    assert (
        typed("see https://x.example/a?b=1&c a@b.com") == "see <https://x.example/a?b=1&amp;c> <mailto:a@b.com|a@b.com>"
    )
    assert typed("<@U0ANNA> 腾讯 e.g. this") == "<@U0ANNA> 腾讯 e.g. this"


# Delivery


def test_an_app_that_is_not_there_gets_no_command(slack: FakeSlack) -> None:
    asked = slack.do(slack.command(ANNA, general(slack), "/company", "Tencent"))
    assert (asked.delivered, asked.error) == (False, "dispatch_failed")
    slack.events_url = "http://127.0.0.1:9/nobody"
    asked = slack.do(slack.command(ANNA, general(slack), "/company", "Tencent"))
    assert (asked.delivered, asked.error) == (False, "dispatch_failed")


def test_a_command_that_is_not_acknowledged_in_time_fails_for_the_user(connected: FakeSlack) -> None:
    connected.ack_within = 0.3
    asked = connected.do(connected.command(ANNA, general(connected), "/slow", "0.6"))
    assert (asked.delivered, asked.acknowledged_after, asked.error) == (True, None, "operation_timeout")
    assert asked.attempts == 1
    assert "/slow: not acknowledged: operation_timeout" in connected.objections


def test_a_command_that_nobody_handles_is_objected_to(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    with by_http(slack, elsewhere):
        asked = slack.do(slack.command(ANNA, general(slack), "/unknown"))
    assert (asked.status, asked.error) == (404, "dispatch_failed")
    assert slack.objections[0].startswith("/unknown: not acknowledged: dispatch_failed (HTTP 404")


def test_an_event_is_repeated_until_it_is_acknowledged(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    slack.retry_delays = (0.05, 0.05, 5)
    channel = general(slack)
    asked = slack.do(slack.mention(ANNA, channel, "Hello"))
    assert not asked.delivered
    slack.do(slack.until(lambda: asked.attempts == 3))
    slack.retry_delays = (0.3, 0.3)
    again = slack.do(slack.mention(ANNA, channel, "Hello again"))
    with by_socket(slack, elsewhere):
        slack.do(slack.until(lambda: again.acknowledged_after is not None))
    assert again.event_id == again.payload["event_id"]
    assert again.error is None


def test_repeated_events_say_so(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    seen: list[tuple[str | None, str | None, str]] = []

    async def serve(request: web.Request) -> web.Response:
        retry = (request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason"))
        seen.append((*retry, (await request.json())["event_id"]))
        return web.Response(status=500)

    async def start() -> web.AppRunner:
        site = web.Application()
        site.router.add_post("/", serve)
        runner = web.AppRunner(site, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = elsewhere.do(start())
    slack.events_url, slack.retry_delays = f"http://127.0.0.1:{runner.addresses[0][1]}/", (0.01, 0.01, 0.01)
    asked = slack.do(slack.mention(ANNA, general(slack), "Hello"))
    slack.do(slack.until(lambda: len(seen) == 4))
    assert seen == [
        (None, None, asked.event_id),
        *((str(number), "http_error", asked.event_id) for number in (1, 2, 3)),
    ]
    elsewhere.do(runner.cleanup())


def test_a_signature_is_taken_and_a_forged_or_old_one_is_not(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    body = b"command=%2Fquick&text=&team_id=T1&user_id=U1"
    form = "application/x-www-form-urlencoded"

    async def status(headers: dict[str, str]) -> int:
        assert slack.events_url is not None
        async with (
            aiohttp.ClientSession() as session,
            session.post(slack.events_url, data=body, headers=headers) as done,
        ):
            return done.status

    with by_http(slack, elsewhere):
        assert elsewhere.do(status(slack.signed(body, form))) == 200
        assert elsewhere.do(status(slack.signed(body, form, secret="0" * 32))) == 401
        assert elsewhere.do(status(slack.signed(body, form, timestamp=int(time.time()) - 600))) == 401
        assert elsewhere.do(status(slack.signed(body + b"x", form))) == 401
        assert slack.do(slack.url_verification("abc")).body == {"challenge": "abc"}


# Connections


@pytest.mark.parametrize("end", ["refresh", "close", "abort", "warn", "go_deaf"])
def test_the_app_connects_anew_whatever_happens_to_its_connection(socketed: FakeSlack, end: str) -> None:
    socketed.do(getattr(socketed, end)())
    socketed.do(socketed.until(lambda: len(socketed.connected_times) == 2 and socketed.connections == 1, timeout=20))
    assert answered(socketed, general(socketed)).shown.startswith("About Tencent")
    assert socketed.objections == []


def test_a_refused_connection_is_tried_again(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    slack.refuse_connections(times=2)
    with by_socket(slack, elsewhere, ping=0.1):
        assert slack.connections == 1


def test_a_deaf_connection_swallows_what_is_sent_on_it(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    slack.ack_within, slack.tolerates_timeouts = 0.3, True
    with by_socket(slack, elsewhere, ping=5):
        slack.do(slack.go_deaf())
        asked = slack.do(slack.command(ANNA, general(slack), "/company", "Tencent"))
        assert (asked.delivered, asked.error) == (True, "operation_timeout")
        slack.do(slack.abort())
    assert slack.objections == []


def test_an_envelope_can_be_the_last_thing_that_a_connection_brings(socketed: FakeSlack) -> None:
    socketed.tolerates_timeouts = True
    socketed.do(socketed.abort(after_delivering="slash_commands"))
    asked = socketed.do(socketed.command(ANNA, general(socketed), "/company", "Tencent"))
    assert asked.delivered
    socketed.do(socketed.until(lambda: len(socketed.connected_times) == 2))


def test_only_ten_connections_are_taken_and_acknowledgements_are_checked(slack: FakeSlack) -> None:
    async def scene() -> str:
        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        async with aiohttp.ClientSession() as session:
            sockets = []
            for _ in range(11):
                url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
                sockets.append(await session.ws_connect(str(url)))
            reasons = [(await socket.receive_json()).get("reason", "hello") for socket in sockets]
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(str(url))
            await sockets[0].send_json({"envelope_id": "of nobody"})
            asking = asyncio.to_thread(slack.do, slack.command(ANNA, general(slack), "/company", "Tencent"))
            task = asyncio.ensure_future(asking)
            receiving = [asyncio.ensure_future(socket.receive_json()) for socket in sockets[:10]]
            done, _ = await asyncio.wait(receiving, return_when=asyncio.FIRST_COMPLETED)
            envelope = done.pop().result()
            for socket in sockets[3:5]:
                await socket.send_json({"envelope_id": envelope["envelope_id"]})
            assert (await task).acknowledged_after is not None
            for one in receiving:
                one.cancel()
            await asyncio.to_thread(slack.do, slack.until(lambda: len(slack.objections) == 2))
            return reasons[-1] if set(reasons[:-1]) == {"hello"} else "too early"

    assert asyncio.run(scene()) == "too_many_websockets"
    assert [objection.partition("envelope")[0] for objection in slack.objections] == [
        "Socket Mode: unknown ",
        "Socket Mode: ",
    ]


# The Web API


def test_errors_are_answered_as_slack_answers_them(slack: FakeSlack) -> None:
    channel = general(slack)
    away = slack.do(slack.channel("away", [ANNA], bot=False))
    hidden = slack.do(slack.channel("hidden", [ANNA], bot=False, private=True))
    old = slack.do(slack.channel("old", [ANNA]))
    slack.archive(old)

    def post(**given: Any) -> Callable[[AsyncWebClient], Any]:
        return lambda client: client.chat_postMessage(**({"channel": channel, "text": "x", **QUIET} | given))

    assert refusal(slack, post(), token="xox" + "b-of-nobody") == "invalid_auth"
    assert refusal(slack, post(), token=slack.app_token) == "not_allowed_token_type"
    assert refusal(slack, lambda client: client.api_call("chat.postmessage")) == "unknown_method"
    assert refusal(slack, post(channel="C0NOWHERE")) == "channel_not_found"
    assert refusal(slack, post(channel=hidden)) == "channel_not_found"
    assert refusal(slack, post(channel=away)) == "not_in_channel"
    assert refusal(slack, post(channel=old)) == "is_archived"
    assert refusal(slack, lambda client: client.api_call("chat.postMessage", json={"channel": channel})) == "no_text"
    assert refusal(slack, post(text="x" * 40_001)) == "msg_too_long"
    assert refusal(slack, post(thread_ts="1.000001")) == "thread_not_found"
    assert refusal(slack, post(blocks=[{"type": "table"}])) == "invalid_blocks"
    long = [section("x" * 3000)] * 5
    assert refusal(slack, post(blocks=long)) == "msg_blocks_too_long"
    assert refusal(slack, lambda client: client.users_conversations(types="private_channel")) == "missing_scope"
    whisper: dict[str, Any] = {"channel": channel, "user": "U0CARL", "text": "x"}
    assert refusal(slack, lambda client: client.chat_postEphemeral(**whisper)) == "user_not_in_channel"
    slack.revoke()
    assert refusal(slack, post()) == "token_revoked"
    assert slack.messages(channel) == []
    assert "chat.postMessage: thread_not_found: thread_ts is '1.000001'" in slack.objections
    assert not any("channel_not_found" in objection or "token_revoked" in objection for objection in slack.objections)


def test_carelessness_is_objected_to_but_carried_out(slack: FakeSlack) -> None:
    channel = general(slack)
    calling(slack, lambda client: client.chat_postMessage(channel=channel, text="<!channel> look"))
    broadcast = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "broadcast", "range": "here"}]}]}  # fmt: skip
    with pytest.warns(UserWarning, match="text"):
        calling(slack, lambda client: client.chat_postMessage(channel=channel, blocks=[broadcast], **QUIET))
    assert slack.objections == [
        "chat.postMessage: unfurl_links and unfurl_media are not both false",
        "chat.postMessage: notifies everybody: <!channel>",
        "chat.postMessage: missing fallback text",
        "chat.postMessage: notifies everybody: broadcast here",
    ]
    assert len(slack.messages(channel)) == 2


def test_history_is_newest_first_and_shows_metadata_if_asked(slack: FakeSlack) -> None:
    channel = general(slack)
    metadata = {"event_type": "digest", "event_payload": {"key": "monday"}}
    first = slack.do(slack.say(ANNA, channel, "First"))
    calling(slack, lambda client: client.chat_postMessage(channel=channel, text="Second", metadata=metadata, **QUIET))
    calling(slack, lambda client: client.chat_postMessage(channel=channel, text="Third", thread_ts=first.ts, **QUIET))

    def history(**given: Any) -> Any:
        return calling(slack, lambda client: client.conversations_history(channel=channel, **given))

    assert [message["text"] for message in history()["messages"]] == ["Second", "First"]
    assert "metadata" not in history()["messages"][0]
    assert history(include_all_metadata=True)["messages"][0]["metadata"] == metadata
    assert [message["text"] for message in history(oldest=first.ts)["messages"]] == ["Second"]
    page = history(limit=1)
    assert page["has_more"]
    rest = history(limit=1, cursor=page["response_metadata"]["next_cursor"])
    assert [message["text"] for message in rest["messages"]] == ["First"]
    replies = calling(slack, lambda client: client.conversations_replies(channel=channel, ts=first.ts))
    assert [message["text"] for message in replies["messages"]] == ["First", "Third"]


def test_the_workspace_can_be_looked_at(slack: FakeSlack) -> None:
    channel = general(slack)
    slack.profiles[ANNA] = {"locale": "zh-CN"}
    who = calling(slack, lambda client: client.auth_test())
    assert (who["user_id"], who["team_id"]) == (slack.bot_user_id, slack.team_id)
    assert "chat:write" in who.headers["x-oauth-scopes"].split(",")
    assert calling(slack, lambda c: c.users_info(user=ANNA, include_locale=True))["user"]["locale"] == "zh-CN"
    assert calling(slack, lambda c: c.conversations_info(channel=channel))["channel"]["is_member"]
    assert slack.bot_user_id in calling(slack, lambda c: c.conversations_members(channel=channel))["members"]
    assert [c["id"] for c in calling(slack, lambda c: c.users_conversations())["channels"]] == [channel]
    assert calling(slack, lambda c: c.conversations_open(users=BEN))["channel"]["id"] == slack.dm(BEN)
    calling(slack, lambda c: c.chat_postMessage(channel=BEN, text="Hello", **QUIET))
    assert slack.messages(slack.dm(BEN))[0].shown == "Hello"
    assert [request.method for request in slack.requests][:2] == ["auth.test", "users.info"]


def test_a_trigger_opens_one_view_and_soon(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    with by_http(slack, elsewhere):
        asked = slack.do(slack.command(ANNA, general(slack), "/quick"))
        trigger = asked.payload["trigger_id"]
        calling(slack, lambda client: client.views_open(trigger_id=trigger, view=FORM))
        assert refusal(slack, lambda client: client.views_open(trigger_id=trigger, view=FORM)) == "exchanged_trigger_id"
        slack.trigger_seconds = 0.0
        late = slack.do(slack.command(ANNA, general(slack), "/quick")).payload["trigger_id"]
        assert refusal(slack, lambda client: client.views_open(trigger_id=late, view=FORM)) == "expired_trigger_id"
        assert refusal(slack, lambda client: client.views_update(view_id="V0NONE", view=FORM)) == "not_found"
        assert refusal(slack, lambda client: client.views_publish(user_id=ANNA, view=FORM)) == "invalid_arguments"


def test_a_view_is_found_by_a_name_that_no_other_has(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    named = FORM | {"external_id": "ours"}
    with by_http(slack, elsewhere):
        first, second = (slack.do(slack.command(ANNA, general(slack), "/quick")).payload["trigger_id"] for _ in "12")
        calling(slack, lambda client: client.views_open(trigger_id=first, view=named))
        assert refusal(slack, lambda c: c.views_open(trigger_id=second, view=named)) == "duplicate_external_id"
        changed = FORM | {"title": plain("Changed")}
        calling(slack, lambda client: client.views_update(external_id="ours", view=changed))
        view = slack.modal(ANNA)
        assert view
        assert view.title == "Changed"


def test_a_modal_may_take_those_below_it_along_when_it_is_closed(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    last = FORM | {"clear_on_close": True}
    with by_http(slack, elsewhere):
        asked = slack.do(slack.command(ANNA, general(slack), "/quick"))
        calling(slack, lambda client: client.views_open(trigger_id=asked.payload["trigger_id"], view=FORM))
        view = slack.modal(ANNA)
        assert view
        push(slack, ANNA, last, asked)
        slack.do(slack.dismiss(ANNA))
        assert slack.modal(ANNA) is None
        assert view.closed


def test_somebody_from_another_workspace_is_told_apart(slack: FakeSlack) -> None:
    slack.profiles[BEN] = {"team_id": "T0ELSEWHERE"}
    message = slack.do(slack.say(BEN, general(slack), "Hello"))
    assert message_event(slack, "app_mention", message)["user_team"] == "T0ELSEWHERE"
    assert interaction(slack, "shortcut", BEN)["user"]["team_id"] == "T0ELSEWHERE"
    assert interaction(slack, "shortcut", BEN)["team"]["id"] == slack.team_id
    assert calling(slack, lambda client: client.users_info(user=BEN))["user"]["is_stranger"]


def test_a_response_url_takes_five_answers_in_half_an_hour(slack: FakeSlack, elsewhere: Elsewhere) -> None:
    def respond(url: str, **given: Any) -> tuple[int, str]:
        answer = asyncio.run(AsyncWebhookClient(url).send(**given))
        return answer.status_code, answer.body

    with by_http(slack, elsewhere):
        channel = general(slack)
        asked = slack.do(slack.command(ANNA, channel, "/quick"))
        url = asked.payload["response_url"]
        assert respond(url, text="One", **QUIET) == (200, "ok")
        assert respond(url, text="Two", response_type="in_channel", **QUIET) == (200, "ok")
        assert respond(url, text="Three", blocks=[{"type": "nonsense"}], **QUIET) == (400, "invalid_blocks")
        slack.response_url_status = 200
        assert respond(url, text="", **QUIET) == (200, "no_text")
        assert respond(url, text="Five", replace_original=True) == (200, "ok")
        assert respond(url, text="Six", **QUIET) == (404, "used_url")
        slack.response_url_seconds = 0
        late = slack.do(slack.command(ANNA, channel, "/quick")).payload["response_url"]
        assert respond(late, text="One", **QUIET) == (404, "expired_url")
    assert [(m.shown, m.ephemeral_to) for m in asked.messages()[1:]] == [("One", ANNA), ("Two", None), ("Five", ANNA)]
    assert "response_url: unfurl_links and unfurl_media are not both false" in slack.objections


# Faults


def test_an_answer_lost_after_the_work_was_done_makes_the_real_client_post_twice(slack: FakeSlack) -> None:
    channel = general(slack)
    slack.fault("chat.postMessage", "cut_after")
    calling(slack, lambda client: client.chat_postMessage(channel=channel, text="Once?", **QUIET))
    assert [request.answer for request in slack.requests] == ["cut_after", "ok"]
    assert len(slack.messages(channel)) == 2


def test_faults_come_one_after_the_other(slack: FakeSlack) -> None:
    channel = general(slack)

    def post(text: str = "x", **given: Any) -> Callable[[AsyncWebClient], Any]:
        return lambda client: client.chat_postMessage(channel=channel, text=text, **QUIET, **given)

    slack.fault("chat.postMessage", "cut_before")
    slack.fault("chat.postMessage", "status", status=503)
    slack.fault("chat.postMessage", "ratelimited", retry_after=7)
    slack.fault("chat.postMessage", "refuse", error="fatal_error", when=lambda given: given["text"] == "bad")
    slack.fault("chat.postMessage", "hang", seconds=0.2)
    once: dict[str, Any] = {"retry_handlers": [AsyncConnectionErrorRetryHandler(max_retry_count=0)]}
    with pytest.raises(aiohttp.ClientError):
        calling(slack, post(), **once)
    with pytest.raises(SlackApiError, match="503"):
        calling(slack, post(), **once)
    with pytest.raises(SlackApiError, match="ratelimited") as limited:
        calling(slack, post(), **once)
    assert limited.value.response.headers["Retry-After"] == "7"
    start = time.monotonic()
    calling(slack, post("hung"), **once)
    assert time.monotonic() - start >= 0.2
    assert refusal(slack, post("bad"), **once) == "fatal_error"
    calling(slack, post("good"), **once)
    assert [message.text for message in slack.messages(channel)] == ["hung", "good"]
    assert slack.objections == []


def test_a_response_url_can_fail_too(socketed: FakeSlack) -> None:
    channel = general(socketed)
    socketed.fault("response_url", "refuse", when=lambda given: "blocks" in given)
    asked = socketed.do(socketed.command(ANNA, channel, "/company", "Tencent"))
    socketed.do(socketed.until(lambda: [r for r in socketed.requests if r.method == "response_url"]))
    assert asked.messages() == []
    assert answered(socketed, channel).shown.startswith("About")


def test_a_channel_takes_one_message_a_second_after_a_burst(slack: FakeSlack) -> None:
    channel, slack.enforce_rate = general(slack), True

    async def flood(client: AsyncWebClient) -> list[str]:
        calls = (client.chat_postMessage(channel=channel, text=str(n), **QUIET) for n in range(7))
        return [type(one).__name__ for one in await asyncio.gather(*calls, return_exceptions=True)]

    assert sorted(calling(slack, flood)) == ["AsyncSlackResponse"] * 5 + ["SlackApiError"] * 2
    assert slack.counted() == {("chat.postMessage", "ok"): 5, ("chat.postMessage", "ratelimited"): 2}


def test_a_workspace_takes_so_many_messages_whatever_the_channel(slack: FakeSlack) -> None:
    channels = [slack.do(slack.channel(f"c{n}", [ANNA])) for n in range(4)]
    slack.enforce_rate, slack.limits = True, Limits(workspace_rate=0.25, workspace_burst=3)

    def post(where: str) -> None:
        calling(slack, lambda client: client.chat_postMessage(channel=where, text="x", **QUIET))

    for channel in channels[:3]:
        post(channel)
    with pytest.raises(SlackApiError, match="ratelimited") as limited:
        post(channels[3])
    assert limited.value.response.headers["Retry-After"] == "4"


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("kind", ["status", "html", "hang", "text", "broken", "bare", "ratelimited"])
def test_a_fault_comes_before_or_after_a_message_is_taken(slack: FakeSlack, kind: Kind, accepted: bool) -> None:
    channel = general(slack)
    slack.fault("chat.postMessage", kind, accepted=accepted, seconds=0.01)

    async def post(client: AsyncWebClient) -> None:
        with suppress(SlackApiError, AttributeError, aiohttp.ClientError):
            await client.chat_postMessage(channel=channel, text="x", **QUIET)

    calling(slack, post, retry_handlers=[])
    assert len(slack.messages(channel)) == accepted
    assert len(slack.requests) == 1


def test_chance_goes_as_often_wrong_as_it_is_told_and_the_same_way_for_a_seed(slack: FakeSlack) -> None:
    def drawn(seed: int) -> list[tuple[str, bool]]:
        slack.faults.randomly(seed, lost=0.02, reset=0.02, error=0.03, limited=0.03)
        faults = [slack.faults.take("chat.postMessage", {}) for _ in range(20_000)]
        return [(fault.kind, fault.carried_out) if fault else ("", True) for fault in faults]

    shares = {one: count / 20_000 for one, count in Counter(drawn(3)).items()}
    expected = {("cut_after", True): 0.03, ("cut_before", False): 0.01, ("status", True): 0.015}
    expected |= {("status", False): 0.015, ("ratelimited", False): 0.03, ("", True): 0.9}
    assert shares == pytest.approx(expected, abs=0.01)
    assert drawn(3) == drawn(3) != drawn(4)
    assert slack.faults.take("response_url", {}) is None


def test_what_was_posted_is_told_by_its_keys_and_a_frugal_workspace_keeps_little_else(slack: FakeSlack) -> None:
    channel, other = general(slack), slack.do(slack.channel("other", [ANNA]))
    slack.frugal = True

    def post(where: str, key: str) -> None:
        metadata = {"event_type": "digest", "event_payload": {"delivery": key}}
        calling(
            slack,
            lambda c: c.chat_postMessage(channel=where, text="x", blocks=[section("x")], metadata=metadata, **QUIET),
        )

    for where, key in ((channel, "one"), (other, "two"), (channel, "three")):
        post(where, key)
    slack.do(slack.say(ANNA, channel, "Well"))
    assert (slack.keys(channel), slack.keys()) == (["one", "three"], ["one", "two", "three"])
    assert [message.blocks for message in slack.messages(other)] == [[]]
    assert slack.requests[0].arguments == {}


# Block Kit


def rich(*elements: Block, kind: str = "rich_text_section") -> Block:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}


def cells(rows: int, columns: int) -> Block:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


GOOD: list[Block] = [
    {"type": "header", "text": plain("T")},
    section("S") | {"accessory": button("B", "b")},
    rich({"type": "text", "text": "x", "style": {"bold": True}}, {"type": "link", "url": "https://x.example"}),
    {"type": "context", "elements": [plain("c"), {"type": "mrkdwn", "text": "*c*"}]},
    actions(button("A", "a"), MENU),
    {"type": "divider"},
    cells(3, 3),
    {"type": "image", "image_url": "https://x.example/i.png", "alt_text": "i"},
    {"type": "markdown", "text": "**x**"},
    {"type": "container", "title": plain("C"), "is_collapsible": True, "child_blocks": [section("inside")]},
]
BAD: dict[str, list[Block]] = {
    "1 to 50": [{"type": "divider"}] * 51,
    "type 'nonsense' is not allowed": [{"type": "nonsense"}],
    "type 'input' is not allowed": FORM["blocks"],
    "missing text": [{"type": "header"}],
    "must be plain_text": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "text of 151 characters": [{"type": "header", "text": plain("x" * 151)}],
    "text of 152 characters": [{"type": "header", "text": plain("🙂" * 76)}],
    "text of 0 characters": [section("")],
    "is blank": [section("  ")],
    "needs text or fields": [{"type": "section"}],
    "unknown property colour": [section("x") | {"colour": "red"}],
    "block_id 'same' twice": [section("x") | {"block_id": "same"}] * 2,
    "action_id 'press-a' twice": [actions(button("A", "a"), button("B", "a"))],
    "button text of 76": [actions(button("x" * 76, "a"))],
    "button value of 2001": [actions(button("A", "x" * 2001, action_id="a"))],
    "button url of 3001": [actions(button("A", "a", url="x" * 3001))],
    "button style 'loud'": [actions(button("A", "a", style="loud"))],
    "26 elements": [actions(*(button("A", str(n)) for n in range(26)))],
    "11 elements": [{"type": "context", "elements": [plain("c")] * 11}],
    "101 options": [actions({"type": "static_select", "options": [option(str(n)) for n in range(101)]})],
    "either options or option_groups": [actions({"type": "static_select"})],
    "option value of 151": [actions({"type": "overflow", "options": [{"text": plain("x"), "value": "x" * 151}]})],
    "option text of 76": [actions({"type": "static_select", "options": [option("x" * 76)]})],
    "min_query_length is -1": [actions(MENU | {"min_query_length": -1})],
    "2 tables": [cells(1, 1), cells(1, 1)],
    "101 rows": [cells(101, 1)],
    "21 cells": [cells(1, 21)],
    "empty text": [rich({"type": "text", "text": ""})],
    "0 elements of rich_text_section": [rich()],
    "style {'blink': True}": [rich({"type": "text", "text": "x", "style": {"blink": True}})],
    "a part of type 'text'": [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
    "a list item of type 'text'": [rich({"type": "text", "text": "x"}, kind="rich_text_list")],
    "a date needs": [rich({"type": "date", "timestamp": "yesterday"})],
    "alt_text": [{"type": "image", "image_url": "https://x.example/i.png"}],
    "needs title": [{"type": "container", "child_blocks": [section("x")]}],
}


def test_good_blocks_are_taken() -> None:
    assert block_problems(GOOD, "message") == []
    assert view_problems(FORM) == view_problems(HOME) == []
    assert (
        characters(GOOD)
        == sum(map(len, ("T", "S", "B", "x", "c", "*c*", "A", "Find", "i", "**x**", "C", "inside"))) + 9
    )


@pytest.mark.parametrize("problem", BAD)
def test_bad_blocks_are_refused_and_it_is_said_why(problem: str) -> None:
    assert problem in " ".join(block_problems(BAD[problem], "message"))


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        (FORM | {"title": plain("x" * 25)}, "title of 25"),
        ({key: value for key, value in FORM.items() if key != "title"}, "missing title"),
        ({key: value for key, value in FORM.items() if key != "submit"}, "submit is missing"),
        (FORM | {"submit": plain("x" * 25)}, "submit of 25"),
        (FORM | {"private_metadata": "x" * 3001}, "private_metadata of 3001"),
        (FORM | {"callback_id": "x" * 256}, "callback_id of 256"),
        (FORM | {"blocks": [cells(1, 1)]}, "type 'table' is not allowed"),
        (FORM | {"blocks": [{"type": "divider"}] * 101}, "101 blocks"),
        (HOME | {"title": plain("x")}, "unknown property title"),
        (HOME | {"blocks": [{"type": "markdown", "text": "x"}]}, "type 'markdown' is not allowed"),
        ({"type": "sheet"}, "neither a modal nor a home tab"),
    ],
)
def test_bad_views_are_refused_and_it_is_said_why(view: Block, problem: str) -> None:
    assert problem in " ".join(view_problems(view))
