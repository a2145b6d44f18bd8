"""Who asks, put together: all of access that a process needs which changes none of it."""

from __future__ import annotations

from fusewatch.access.authentication import Authenticator
from fusewatch.access.config import AccessSettings
from fusewatch.access.directory import Directory
from fusewatch.access.origins import Origins
from fusewatch.access.passwords import Passwords
from fusewatch.access.proxies import Proxies
from fusewatch.access.session_signer import SessionSigner
from fusewatch.access.throttle import Throttle
from fusewatch.access.verification import PasswordCheck
from fusewatch.records.light import LightDatabase
from fusewatch.telemetry.clock import Clock


class Recognition:
    """Judges requests by what the database knows of users, tokens and sessions; closed at the end.

    ``loopback`` says that the server listens on a loopback address only: then nobody need log in until a user exists. Building it reads
    the database, which blocks.

    Raises:
        AwayError: the database can't be read.
    """

    def __init__(
        self, *, database: LightDatabase, settings: AccessSettings, loopback: bool, clock: Clock, passwords: Passwords | None = None
    ) -> None:
        self.passwords = passwords or Passwords()
        self.proxies = Proxies(settings.trusted_proxies)
        self.directory = Directory(database, clock=clock)
        self.directory.load()
        self.signer = SessionSigner(self.directory.view.signing_key)
        throttle = Throttle(settings.login, clock=clock)
        self.check = PasswordCheck(directory=self.directory, passwords=self.passwords, throttle=throttle, clock=clock)
        self.authenticator = Authenticator(
            directory=self.directory,
            check=self.check,
            signer=self.signer,
            origins=Origins(settings),
            proxies=self.proxies,
            loopback=loopback,
            clock=clock,
        )

    def close(self) -> None:
        """Writes what is left to write and ends the threads. Blocks."""
        self.directory.flush()
        self.passwords.close()
