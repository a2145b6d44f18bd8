"""The ``backup`` block of fusewatch.yml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from fusewatch.storage.backup.pruning import Keep
from fusewatch.storage.backup.target import S3Access
from fusewatch.telemetry.config import Block, DurationMs, Secret, read_secret

_Count = Annotated[int, Field(ge=0)]


class BackupSettings(Block):
    """Backups that the server makes by itself; without a target it makes none.

    After each one, backups are removed that no rule keeps: the newest `keep_last`, and the newest of each of the last `keep_daily` days and
    `keep_weekly` weeks. A target belongs to one server.
    """

    #: A folder, or `s3://bucket/prefix`; credentials come from the usual AWS environment variables and files, or from below.
    target: str = ""
    #: How often; 0: only when asked.
    every: DurationMs = 86_400_000
    #: The newest so many backups are kept, whatever their age.
    keep_last: _Count = 3
    #: The newest backup of each of the last so many days (UTC) is kept, too.
    keep_daily: _Count = 7
    #: The same for weeks, which begin on Monday. All three 0: every backup is kept.
    keep_weekly: _Count = 4
    #: Address of an S3-compatible store that is not AWS, such as `https://minio.example.com`.
    endpoint: str = ""
    #: Region of the bucket; by default that of the environment.
    region: str = ""
    #: Profile in AWS' credentials file.
    profile: str = ""
    #: Access key of the bucket.
    access_key_id: str = ""
    #: Its secret.
    secret_access_key: Secret | None = None
    #: File with the secret.
    secret_access_key_file: str | None = None

    @model_validator(mode="after")
    def _keys_come_together(self) -> BackupSettings:
        if self.secret_access_key is not None and self.secret_access_key_file is not None:
            raise ValueError("at most one of secret_access_key and secret_access_key_file can be given")
        if bool(self.access_key_id) != (self.secret_access_key is not None or self.secret_access_key_file is not None):
            raise ValueError("access_key_id and its secret go together")
        if 0 < self.every < 60_000:
            raise ValueError("every must be at least 1m, or 0")
        return self

    @property
    def keep(self) -> Keep:
        """Which backups are kept."""
        return Keep(self.keep_last, self.keep_daily, self.keep_weekly)

    def access(self) -> S3Access:
        """How the bucket is reached; the secret is read anew.

        Raises:
            OSError: the file of the secret can't be read.
        """
        secret = read_secret(self.secret_access_key, self.secret_access_key_file)
        return S3Access(self.endpoint, self.region, self.profile, self.access_key_id, secret or "")
