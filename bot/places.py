"""Places, and the lanes that they lie in."""


def lane_of(place: str) -> str:
    """Returns the domain of rate limits that a place lies in: a Slack workspace, or all of another platform."""
    platform = place.partition(":")[0]
    return place.partition("/")[0] if platform == "slack" else platform
