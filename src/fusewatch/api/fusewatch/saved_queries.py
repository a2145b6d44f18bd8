"""``/saved-queries``: what Explore showed, kept under a name for the whole team."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from fusewatch.access.answers import AnsweringRoute
from fusewatch.access.audit import Actor
from fusewatch.access.errors import ConflictError
from fusewatch.access.identity import Identity
from fusewatch.access.need import Need
from fusewatch.access.routing import needs
from fusewatch.api.fusewatch.errors import ApiProblem
from fusewatch.api.fusewatch.models import Answer
from fusewatch.saved_queries.book import Content, SavedQuery, SavedQueryBook

_LONGEST_SEARCH: Final = 20_000


def _text(value: str) -> str:
    """What every database keeps: no NUL, no half of a character (JSON can name one alone)."""
    if "\0" in value or (not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value)):
        raise ValueError("there is a character in it that is none")
    return value


def _with_a_query(search: str) -> str:
    if not any(text.strip() for text in parse_qs(search).get("q", ())):
        raise ValueError("there is no query in it: q=… is missing")
    return search


class SavedQueryWish(BaseModel):
    """What is to be saved; ``search`` is the address of Explore behind its question mark, without the time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(_text)]
    description: Annotated[str, StringConstraints(max_length=1_000, strip_whitespace=True), AfterValidator(_text)] = ""
    search: Annotated[str, StringConstraints(max_length=_LONGEST_SEARCH), AfterValidator(_text), AfterValidator(_with_a_query)] = Field(
        examples=["q=rate(node_network_io[1m])&draw=stacked"]
    )

    def content(self) -> Content:
        """The same for the book."""
        return Content(self.name, self.description, self.search)


class SavedQueryAnswer(Answer):
    """A saved query; ``changed_at`` ms UTC."""

    id: int
    name: str
    description: str
    search: str
    changed_at: int
    changed_by: str

    @classmethod
    def of(cls, saved: SavedQuery) -> SavedQueryAnswer:
        """As it is answered."""
        content = saved.content
        return cls(
            id=saved.id,
            name=content.name,
            description=content.description,
            search=content.search,
            changed_at=saved.changed_at,
            changed_by=saved.changed_by,
        )


class SavedQueries(Answer):
    """All of them, by name."""

    queries: Sequence[SavedQueryAnswer]


def saved_queries_router(book: SavedQueryBook) -> APIRouter:
    """``GET`` for everybody, ``POST``, ``PUT`` and ``DELETE`` for operators."""
    router = APIRouter(tags=["queries"], route_class=AnsweringRoute)

    @router.get("/saved-queries", dependencies=[needs(Need.VIEWER)])
    async def saved() -> SavedQueries:
        """All saved queries, by name."""
        return SavedQueries(queries=[SavedQueryAnswer.of(one) for one in await book.all()])

    @router.post("/saved-queries", status_code=201)
    async def save(wish: SavedQueryWish, who: Annotated[Identity, needs(Need.OPERATOR)]) -> SavedQueryAnswer:
        """Saves a query under a name that is free: 409 where it is not, or where too many are saved."""
        with _told():
            return SavedQueryAnswer.of(await book.create(_actor(who), wish.content()))

    @router.put("/saved-queries/{number}")
    async def replace(number: int, wish: SavedQueryWish, who: Annotated[Identity, needs(Need.OPERATOR)]) -> SavedQueryAnswer:
        """Another content, or another name, for a saved query."""
        with _told():
            return SavedQueryAnswer.of(await book.replace(_actor(who), number, wish.content()))

    @router.delete("/saved-queries/{number}", status_code=204)
    async def delete(number: int, who: Annotated[Identity, needs(Need.OPERATOR)]) -> None:
        """Deletes a saved query."""
        with _told():
            await book.delete(_actor(who), number)

    return router


def _actor(who: Identity) -> Actor:
    return Actor(who.name, who.address)


@contextmanager
def _told() -> Iterator[None]:
    """What forbids a query is always its name."""
    try:
        yield
    except ConflictError as error:
        raise ApiProblem(409, str(error), field="name") from error
