"""Where something that Slack sends comes from: the workspace in which we are installed, and whoever did it."""

from typing import Any

Body = dict[str, Any]


def team_of(body: Body) -> str:
    """Returns the workspace for which Slack sends it: in a shared channel that is ours, and not the person's own."""
    shared = (body.get("view") or {}).get("app_installed_team_id") or _installed(body).get("team_id")
    return str(shared or body.get("team_id") or (body.get("team") or {}).get("id", ""))


def user_of(body: Body) -> str:
    """Returns the id of who clicked, chose, submitted or used a shortcut."""
    return str((body.get("user") or {}).get("id", ""))


def is_insider(body: Body) -> bool:
    """Returns whether whoever did it belongs to the workspace, and did not come by a shared channel.

    Of some Slack does not say it, where nobody else can have come from.
    """
    event = body.get("event") or {}
    home = event.get("user_team") or event.get("team") or (body.get("user") or {}).get("team_id")
    organisation = _installed(body).get("enterprise_id") or (body.get("enterprise") or {}).get("id")
    return not home or home in (team_of(body), organisation)


def _installed(body: Body) -> Body:
    return next(iter(body.get("authorizations") or []), {})
