"""``fusewatch token``."""

from __future__ import annotations

from pathlib import Path

import click

from fusewatch.access import offline, tokens
from fusewatch.access.need import Role
from fusewatch.cli.failures import Failure
from fusewatch.cli.records import change, data_options, open_records, read
from fusewatch.cli.times import show_time
from fusewatch.telemetry.durations import parse_duration


@click.group()
def token() -> None:
    """Manage API tokens. Works with the server running or not."""


@token.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--expires", metavar="DURATION", help="How long it lives, such as 90d.  [default: for ever]")
@data_options
def create(name: str, role: str, expires: str | None, data: str | None, config: Path | None) -> None:
    """Create a token and print it, once."""
    try:
        lifetime = None if expires is None else parse_duration(expires)
    except ValueError as error:
        raise Failure(f"--expires: {error}", 2) from None
    with open_records(data=data, config=config, create=True) as database:
        click.echo(offline.create_token(database, name=name, role=role, lifetime_ms=lifetime))


@token.command("list")
@data_options
def list_(data: str | None, config: Path | None) -> None:
    """List all tokens: id, name, role, when they end."""
    with open_records(data=data, config=config) as database:
        found = read(database, tokens.list_tokens)
    if not found:
        click.echo("there are no tokens yet", err=True)
    for one in found:
        end = f"until {show_time(one.expires_at / 1000)}" if one.expires_at else "for ever"
        click.echo(f"{one.id}\t{one.name}\t{one.role.value}\t{end}")


@token.command()
@click.argument("token_id", metavar="ID")
@data_options
def revoke(token_id: str, data: str | None, config: Path | None) -> None:
    """End a token at once; `fusewatch token list` shows the ids."""
    with open_records(data=data, config=config) as database:
        change(database, lambda change: tokens.revoke(change, token_id))
    click.echo(f"token {token_id} is revoked", err=True)
