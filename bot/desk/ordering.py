"""`/subscribe`: fields to what would be saved, and what was shown to what is saved."""

from collections.abc import Mapping

from bot.desk.standings import all_here, choices_of, now_choice, standing_of
from bot.desk.visit import NotThere, Refused, Visit
from bot.ids import alike
from bot.places import channel_of, home_of, place_of
from bot.platforms import limits
from bot.ports import Reply
from bot.store import drafts, subscriptions
from bot.store.drafts import Draft
from bot.store.values import Subscription
from bot.subscribing.fields import FIELDS, InvalidFields, Terms, changes_between, checked, edited, fields_of
from bot.subscribing.keeping import drawn_id, edit, is_declared, known, of_id, subscribe, visible
from bot.subscribing.subscriptions import made
from bot.typed import shown
from briefings.document import Choice
from briefings.subscription import Offer, offer_briefing, problems_briefing, saved_briefing
from briefings.words import echo

EMPTY = "-"
"""Is typed for a field that is to be empty: a line cannot hold nothing."""

_IDS = ("edit", "save")
Fields = Mapping[str, str]


async def order(visit: Visit) -> Reply:
    """Answers `/subscribe`: shows what would be saved, or saves what was shown.

    Raises:
        StoreUnavailable: it cannot be asked or written to; nothing is saved.
        NotThere, Refused: there is nothing of an id, or somebody may not.
    """
    visit.check_manages()
    if visit.argument("save"):
        return await _save(visit, visit.argument("save"))
    given = _given(visit.request.arguments)
    before, base = await _begun_with(visit)
    if before and is_declared(before):
        raise Refused("declared_elsewhere", id=before.id)
    if not given:
        raise _how(visit, before)
    there = fields_of(before) if before else {}
    fields = {name: text for name, text in {**base, **given}.items() if text != there.get(name)}
    if not fields:
        raise Refused("nothing_changes", **_example(visit, before))
    try:
        terms = _terms(visit, fields, before)
    except InvalidFields as invalid:
        return _problems(visit, invalid.problems)
    return await _offer(visit, fields, terms, before)


async def filled(visit: Visit) -> Fields:
    """Returns what stands in the fields when the form opens: what was asked, else what is there, else the usual.

    Nothing is returned where there is nothing to fill in.
    """
    try:
        visit.check_manages()
        before, base = await _begun_with(visit)
    except Refused:
        return {}
    if before and is_declared(before):
        return {}
    there = fields_of(before) if before else FIELDS
    asked = {"edit": visit.argument("edit")} if visit.argument("edit") else {}
    fields = {**there, **base, **_given(visit.request.arguments), **asked}
    return {name: text for name, text in fields.items() if name != "place"}


def _given(arguments: Fields) -> dict[str, str]:
    fields = {name: text.strip() for name, text in arguments.items() if name not in _IDS}
    return {name: "" if text == EMPTY else text for name, text in fields.items()}


async def _begun_with(visit: Visit) -> tuple[Subscription | None, Fields]:
    """Returns the subscription that is edited, if one is, and the fields of the draft that is gone on with, if any."""
    typed = visit.argument("edit")
    if not typed:
        return None, {}
    before = await known(visit.store, visit.request, typed, visit.rights)
    if before:
        return before, {}
    draft = await _draft(visit, typed)
    if draft is None or draft.saved_at:
        raise NotThere("unknown_subscription", id=echo(typed))
    return (await visit.subscription(draft.edits) if draft.edits else None), draft.fields


async def _draft(visit: Visit, typed: str) -> Draft | None:
    """Returns what somebody was shown in this place, or where they may manage everything."""
    draft = await drafts.get(visit.store, alike(typed))
    if draft is None or draft.made_by != visit.request.user:
        return None
    if home_of(draft.place) != home_of(visit.request.place):
        return None
    return None if visit.elsewhere(draft.place) and not visit.rights.manages_all(visit.request) else draft


def _terms(visit: Visit, fields: Fields, before: Subscription | None) -> Terms:
    """Returns what is asked for.

    Raises:
        InvalidFields: with every problem.
    """
    knowledge = visit.edition.knowledge
    whole = (
        edited(before, fields, knowledge) if before else {**fields, "place": fields.get("place") or visit.request.place}
    )
    problems: dict[str, str] = {}
    try:
        terms = checked(whole, knowledge, before)
    except InvalidFields as invalid:
        problems |= invalid.problems
    if "place" not in problems and (problem := _not_this_place(visit, whole["place"], before)):
        problems["place"] = problem
    if problems:
        raise InvalidFields({name: problems[name] for name in (*whole, *FIELDS) if name in problems})
    return terms


def _not_this_place(visit: Visit, place: str, before: Subscription | None) -> str:
    """Returns why nothing may be posted in a place for whoever asks, or nothing."""
    if home_of(place) != home_of(visit.request.place):
        return f"{shown(place)} lies in another workspace; subscribe there"
    here = {visit.request.place, channel_of(visit.request.place), before.place if before else ""}
    if place not in here and not limits(place_of(place).platform).PLACES_ARE_NAMED:
        return f"{shown(place)} is not here; subscribe there, for a forum in a post of it"
    known_here = before is not None and channel_of(place) == channel_of(before.place)
    if visit.elsewhere(place) and not known_here and not visit.rights.manages_all(visit.request):
        return f"{shown(place)} is for people who manage the whole workspace; subscribe in that channel"
    return ""


def _problems(visit: Visit, problems: Fields) -> Reply:
    return Reply(problems_briefing(visit.edition, problems), "misused", problems=problems)


async def _offer(visit: Visit, fields: Fields, terms: Terms, before: Subscription | None) -> Reply:
    """Keeps a draft and shows it."""
    key = await _kept_draft(visit, fields if before else {**fields, "place": terms.place}, before)
    words = visit.edition.words
    after = made(terms, before.id if before else key, visit.request.user, visit.now)
    choices = (
        Choice(words.text("save"), f"/subscribe save:{key}"),
        Choice(words.text("change"), f"/subscribe edit:{key}"),
    )
    changes = changes_between(before, after) if before else {}
    return Reply(offer_briefing(visit.edition, Offer(standing_of(visit, after), choices, before is not None, changes)))


async def _kept_draft(visit: Visit, fields: Fields, before: Subscription | None) -> str:
    """Keeps fields as a draft, and returns its key."""
    while True:
        key = await _free_key(visit)
        edits = before.id if before else None
        if await drafts.keep(
            visit.store, Draft(key, visit.request.user, visit.request.place, fields, visit.now, edits)
        ):
            return key


async def _free_key(visit: Visit) -> str:
    """Returns a new id that no subscription has."""
    key = drawn_id(visit.draw)
    while await subscriptions.get(visit.store, key):
        key = drawn_id(visit.draw)
    return key


async def _save(visit: Visit, typed: str) -> Reply:
    """Saves what was shown, once: asked again it says that it is saved."""
    draft = await _draft(visit, typed)
    if draft is None:
        raise NotThere("unknown_draft")
    before = await visit.subscription(draft.edits) if draft.edits else None
    try:
        kept = before if before and draft.saved_at else await _kept(visit, draft, before)
    except InvalidFields as invalid:  # the knowledge has changed since
        return _problems(visit, invalid.problems)
    await drafts.saved(visit.store, draft.key, visit.now)
    visit.soon()
    choices = [
        *([now_choice(visit, kept.id)] if kept.state == "active" else []),
        *_others(visit, kept),
        all_here(visit),
    ]
    return Reply(saved_briefing(visit.edition, standing_of(visit, kept), choices, edits=before is not None))


async def _kept(visit: Visit, draft: Draft, before: Subscription | None) -> Subscription:
    if draft.saved_at:
        found = of_id(await visible(visit.store, visit.request, visit.rights), draft.key)
    else:
        terms = _terms(visit, draft.fields, before)
        if before:
            found = await edit(visit.store, before, terms, visit.now)
        else:
            found = await subscribe(visit.store, terms, draft.key, visit.request.user, visit.now)
    if found is None or found.state == "removed":
        raise NotThere("unknown_draft")
    return found


def _others(visit: Visit, kept: Subscription) -> list[Choice]:
    """Returns the choices of a subscription that lead to no digest and do not end it."""
    wanted = ("/subscribe edit", "/subscriptions preview")
    return [choice for choice in choices_of(visit, kept) if choice.command.startswith(wanted)]


def _how(visit: Visit, before: Subscription | None) -> Refused:
    macro = "how_to_change" if visit.argument("edit") else "how_to_subscribe"
    return Refused(macro, **_example(visit, before))


def _example(visit: Visit, before: Subscription | None) -> dict[str, object]:
    """Returns a line that would be answered."""
    if visit.argument("edit"):
        changed = f"/subscribe mondays at 08:30 edit:{before.id if before else visit.argument('edit')}"
        return {"example": visit.edition.as_typed(changed)}
    companies = visit.edition.knowledge.weightiest_companies[:2]
    topics = ", ".join(company.names.en for company in companies)
    line = f'/subscribe weekdays at 09:00 zone:Europe/Berlin topics:"{topics}"'
    return {"example": visit.edition.as_typed(line)}
