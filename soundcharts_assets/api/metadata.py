"""Metadata of many songs or artists at once: comma-joined batches, halved on refusal, what is left out asked singly.

Maximum size and partial failure of a batch are undocumented (contract sections 14 and 19.7), hence the care. What a
payload becomes is decided by the parser that is passed in.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import Failing, Fatal, Forbidden, Malformed, SoundchartsError, Unreachable, reading
from soundcharts_assets.api.paths import part

Record = TypeVar("Record")


def ask_metadata(
    client: Client,
    kind: str,
    version: str,
    uuids: Sequence[str],
    parse: Callable[[Any], Record],
) -> Iterator[tuple[str, Record | SoundchartsError]]:
    """Ask for metadata of `uuids` in as few calls as the server lets.

    Args:
        client: Whom to ask.
        kind: `song` or `artist`, which is the endpoint's name too.
        version: Path version.
        uuids: What is wanted; each once.
        parse: Payload to record; raises `Malformed`.

    Yields:
        For every uuid its record, or the error that its own call or payload met.

    Raises:
        Fatal: Credentials or quota. What was yielded before is good.
    """
    if not uuids:
        return
    try:
        path = f"/api/{version}/{kind}/{','.join(part(uuid) for uuid in uuids)}"
        body = client.get(kind, path, ids=len(uuids))
        with reading(kind, body):
            answered = _payloads(body)
    except Fatal:
        raise
    except SoundchartsError as error:
        # One id that the server stumbles over must not hide the others; where it is not the id, halving is in vain.
        if len(uuids) == 1 or isinstance(error, Forbidden | Unreachable | Failing):
            yield from ((uuid, error) for uuid in uuids)
            return
        middle = len(uuids) // 2
        yield from ask_metadata(client, kind, version, uuids[:middle], parse)
        yield from ask_metadata(client, kind, version, uuids[middle:], parse)
        return
    for uuid in uuids:
        if uuid in answered:
            yield uuid, _parsed(answered[uuid], kind, parse)
        elif len(uuids) == 1:
            doubtful = Malformed("the answer does not hold what was asked for, or holds it in two ways", endpoint=kind)
            doubtful.payload = body
            yield uuid, doubtful
        else:
            yield from ask_metadata(client, kind, version, [uuid], parse)


def _payloads(body: Mapping[str, Any]) -> dict[str, Any]:
    """Payloads by uuid, from the envelope of one object or of a collection; none where two contradict each other."""
    payloads = [body["object"]] if "object" in body else body.get("items")
    if not isinstance(payloads, list) or not all(isinstance(payload, dict) for payload in payloads):
        raise Malformed("neither an object nor a list of objects")
    named = [payload for payload in payloads if isinstance(payload.get("uuid"), str)]
    last = {payload["uuid"]: payload for payload in named}
    doubtful = {
        payload["uuid"]
        for payload in named
        if payload is not last[payload["uuid"]] and payload != last[payload["uuid"]]
    }
    return {uuid: payload for uuid, payload in last.items() if uuid not in doubtful}


def _parsed(payload: Any, kind: str, parse: Callable[[Any], Record]) -> Record | Malformed:
    try:
        with reading(kind, payload):
            return parse(payload)
    except Malformed as error:
        return error
