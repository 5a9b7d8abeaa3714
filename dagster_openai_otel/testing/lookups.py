"""Looking again at what the API keeps: objects by id, lists of them, and forgetting them."""

from collections.abc import Callable

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.billing import BilledCall
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes, refused
from dagster_openai_otel.testing.stored import Seen, Stored


def found(seen: Seen) -> Plain:
    """An object as it is now; billed where its work was found ended."""
    return Plain(
        body=json_bytes(dict(seen.state)),
        charge=seen.charge,
        reports_usage=seen.state.get("usage") is not None,
    )


def settling(exchange: Exchange, object_id: str) -> Callable[[], BilledCall | None]:
    """Gives what is billed for an object's work, once."""

    def settle() -> BilledCall | None:
        seen = exchange.store.finish(object_id)
        return None if seen is None else seen.charge

    return settle


def created(exchange: Exchange, final: dict[str, Json]) -> Plain:
    """A new object, or a changed one, that costs nothing, and can be looked at again."""
    exchange.store.put(Stored(final=final))
    return Plain(body=json_bytes(final))


def retrieve(exchange: Exchange) -> Reply:
    """The object that the path names."""
    seen = exchange.store.poll(exchange.parameters["id"])
    return unknown(exchange) if seen is None else found(seen)


def delete(exchange: Exchange) -> Reply:
    """Forget the object that the path names."""
    stored = exchange.store.get(exchange.parameters["id"])
    if stored is None:
        return unknown(exchange)
    exchange.store.delete(stored.final["id"])
    kind = f"{stored.final['object']}.deleted"
    return Plain(body=json_bytes({"id": stored.final["id"], "object": kind, "deleted": True}))


def listing(kind: str) -> Callable[[Exchange], Reply]:
    """An endpoint that lists the objects of a kind, of the path's thread if any: the newest first."""

    def list_objects(exchange: Exchange) -> Reply:
        thread = exchange.parameters.get("thread")
        objects = [item for item in exchange.store.all_of(kind) if thread in {None, item.get("thread_id")}]
        return page(objects[::-1])

    return list_objects


def page(objects: list[Json]) -> Plain:
    """A list of objects that is all there is."""
    ids = [item.get("id") for item in objects] or [None]
    body = {"object": "list", "data": objects, "first_id": ids[0], "last_id": ids[-1], "has_more": False}
    return Plain(body=json_bytes(body))


def unknown(exchange: Exchange) -> Plain:
    """The error for an id that stands for nothing."""
    return refused(404, f"No such object: {exchange.parameters['id']}", param="id")
