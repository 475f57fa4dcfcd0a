"""A platform that is in doubt is asked whether it lets us in, before anything more is sent to it."""

import asyncio
import logging

from bot.delivery import notices
from bot.delivery.sending import Sending, fault_of
from bot.publishing import DeliveryError
from bot.store import lanes

log = logging.getLogger("briefbot.delivery")
KNOCK = 3.0
"""Seconds that a platform has to say whether it lets us in."""


async def attend(to: Sending) -> None:
    """Asks the platform whether it lets us in, where that is in doubt, and keeps why it does not, or that it does.

    The operators are told of what does not end by itself.

    Raises:
        Fenced: the lane has changed hands.
        StoreUnavailable: it cannot be kept.
    """
    trouble, hold = to.grip.trouble, to.grip.hold
    asks = trouble.in_doubt and not to.grip.is_held("")
    if asks:
        await _knock(to)
    lasting = trouble.lasting
    reason = lasting.reason if lasting else trouble.reason if trouble.in_doubt else ""
    if lasting and lasting.outcome == "permanent" and (asks or reason != trouble.reason):
        await notices.shut_out(to.store, hold.lane, reason, to.operators, to.now())
    if reason != trouble.reason:
        said = "nothing is sent in a lane" if reason else "a lane goes on"
        log.warning(said, extra={"lane": hold.lane, "reason": reason or trouble.reason})
        await lanes.keep_trouble(to.store, hold, reason)
        trouble.reason = reason


async def _knock(to: Sending) -> None:
    trouble = to.grip.trouble
    try:
        async with asyncio.timeout(KNOCK):
            await to.publisher.knock()
    except DeliveryError as error:
        to.grip.pause("", trouble.still(error))
    except Exception as error:
        told = f"no answer within {KNOCK:g} s" if isinstance(error, TimeoutError) else fault_of(error)
        to.grip.pause("", trouble.still(DeliveryError("not_accepted", "lane", told)))
    else:
        trouble.in_doubt = False
