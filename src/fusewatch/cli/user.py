"""``fusewatch user``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fusewatch.access import offline, users
from fusewatch.access.need import Role
from fusewatch.access.users import UserUpdate
from fusewatch.cli.failures import Failure
from fusewatch.cli.records import change, data_options, open_records, read
from fusewatch.cli.times import show_time

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """Manage users. Works with the server running or not."""


@user.command()
@click.argument("name")
@click.option("--role", type=_ROLES, required=True)
@click.option(
    "--password-file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE|-", help="File with the password; - reads it."
)
@data_options
def add(name: str, role: str, password_file: Path | None, data: str | None, config: Path | None) -> None:
    """Add a user; from the first one on everybody must log in."""
    password = _read_password(password_file)
    with open_records(data=data, config=config, create=True) as database:
        offline.add_user(database, name=name, role=role, password=password)
    click.echo(f"user {name} can log in as {role}", err=True)


@user.command("list")
@data_options
def list_(data: str | None, config: Path | None) -> None:
    """List all users."""
    with open_records(data=data, config=config) as database:
        found = read(database, users.list_users)
    if not found:
        click.echo("there are no users yet", err=True)
    for one in found:
        state = "disabled" if one.disabled else "enabled"
        login = f"last login {show_time(one.last_login / 1000)}" if one.last_login else "never logged in"
        click.echo(f"{one.name}\t{one.role.value}\t{state}\t{login}")


@user.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let the user log in again.")
@data_options
def disable(name: str, data: str | None, config: Path | None, *, undo: bool) -> None:
    """Keep a user from logging in, and end their sessions."""
    with open_records(data=data, config=config) as database:
        change(database, lambda change: users.modify(change, name, UserUpdate(disabled=not undo)))
    click.echo(f"user {name} is {'enabled' if undo else 'disabled'}", err=True)


@user.command()
@click.argument("name")
@click.argument("role", type=_ROLES)
@data_options
def role(name: str, role: str, data: str | None, config: Path | None) -> None:
    """Give a user another role."""
    with open_records(data=data, config=config) as database:
        change(database, lambda change: users.modify(change, name, UserUpdate(role=Role(role))))
    click.echo(f"user {name} is {role}", err=True)


@user.command()
@click.argument("name")
@data_options
def delete(name: str, data: str | None, config: Path | None) -> None:
    """Delete a user, with all sessions and tokens."""
    with open_records(data=data, config=config) as database:
        change(database, lambda change: users.remove(change, name))
    click.echo(f"user {name} is deleted", err=True)


def _read_password(file: Path | None) -> str:
    """From a file, from standard input (``-``), or typed twice."""
    if file is None:
        if not sys.stdin.isatty():
            raise Failure("no terminal to ask for a password; give --password-file FILE, or - for standard input", 2)
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"the password can't be read from {file}: {error}") from None
    return text.rstrip("\r\n")
