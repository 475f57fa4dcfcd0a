"""How often Slack asks for fewer requests, whoever makes them."""

from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse

from bot.tally import Tally

TOO_MANY = 429


def counting(tally: Tally) -> ClientMiddlewareType:
    """Returns what has aiohttp count Slack's answers of that kind; a trace of requests costs more."""

    async def counted(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
        response = await send(request)
        if response.status == TOO_MANY:
            tally.count("limited", "slack")
        return response

    return counted
