"""The block ``events:`` of fusewatch.yml."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from fusewatch.telemetry.config import Block, Secret, read_secret


class WebhookSettings(Block):
    """One platform's webhook: with a secret, deliveries are checked by it and need no login."""

    secret: Secret | None = None
    secret_file: str | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> WebhookSettings:
        if self.secret is not None and self.secret_file is not None:
            raise ValueError("at most one of secret and secret_file can be given")
        return self

    def read(self, base: Path | None = None) -> str | None:
        """The secret, None without one; a relative file is looked for in ``base``.

        Raises:
            OSError: the file can't be read.
        """
        return read_secret(self.secret, self.secret_file, base) or None


class WebhooksSettings(Block):
    """The platforms that can sign what they send; Argo CD sends one of our API tokens instead."""

    github: WebhookSettings = Field(default_factory=WebhookSettings)
    gitlab: WebhookSettings = Field(default_factory=WebhookSettings)


class EventsSettings(Block):
    """``events:``, where events come from."""

    webhooks: WebhooksSettings = Field(default_factory=WebhooksSettings)
