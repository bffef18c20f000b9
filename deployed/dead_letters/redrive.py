"""Redrives dead letters: each is sent first and removed afterwards."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from botocore.exceptions import ClientError

from deployed.dead_letters.destinations import StillFails, ToFunction
from deployed.dead_letters.letters import Letter, Summary, summary_of
from deployed.dead_letters.places import Place
from deployed.errors import CommandError


@dataclass(frozen=True)
class Redriven:
    """One letter that was sent back. `problem` says why it stays, or has come back."""

    place: str
    letter: Letter
    summary: Summary
    problem: str | None = None


def redrive(
    place: Place, *, order: str | None = None, progress: Callable[[Redriven], None] = lambda _done: None
) -> list[Redriven]:
    """Sends each letter of the place back once, or only those about this order. Raises CommandError if no deployed
    resource shows where the place's letters belong."""
    if place.destination is None:
        if place.depth() == 0:
            return []
        raise CommandError(
            f"No deployed queue, rule or function points to {place.path}, so where its letters belong is unknown."
        )
    done = []
    for outcome in _tried(place, order):
        progress(outcome)
        done.append(outcome)
    if isinstance(place.destination, ToFunction):
        return _without_returned(place, done)
    return done


def _tried(place: Place, order: str | None) -> Iterator[Redriven]:
    assert place.destination
    with closing(place.letters()) as letters:
        for letter in letters:
            summary = summary_of(letter)
            if order is not None and order not in summary.orders:
                continue
            try:
                place.destination.send(letter)
            except StillFails as failure:
                yield Redriven(place.path, letter, summary, str(failure))
            except ClientError as error:
                yield Redriven(place.path, letter, summary, error.response["Error"].get("Message", str(error)))
            else:
                place.remove(letter)
                yield Redriven(place.path, letter, summary)


def _without_returned(place: Place, done: list[Redriven]) -> list[Redriven]:
    """Marks the letters that came back. A stream reader that still cannot understand a record returns no error; it sets
    the record aside again."""
    if not any(outcome.problem is None for outcome in done):
        return done
    with closing(place.letters()) as letters:
        there = {_record_in(letter) for letter in letters}
    return [
        replace(outcome, problem="it was set aside again")
        if outcome.problem is None and _record_in(outcome.letter) in there
        else outcome
        for outcome in done
    ]


def _record_in(letter: Letter) -> str:
    try:
        return json.dumps(json.loads(letter.body)["record"], sort_keys=True)
    except (ValueError, KeyError, TypeError):
        return letter.body
