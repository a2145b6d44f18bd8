"""What can go wrong with the relational database.

RecordsError
├── OpenError         it can't be opened: not there, no permission, not one of ours
│   └── NewerSchemaError  a newer program wrote it
├── AwayError         it was open and can't be used any more: the server is gone, the disk fails, it was closed
├── BusyError         too much is waiting already: try again in a moment
└── SlowError         it did not answer in time
"""

from __future__ import annotations


class RecordsError(Exception):
    """The database could not do what was asked; the message is one line for people."""


class OpenError(RecordsError):
    """The database can't be used; the message says which one and what to do."""


class NewerSchemaError(OpenError):
    """The database was written by a newer program."""


class AwayError(RecordsError):
    """The database can't be used any more, or for now; nothing was changed."""


class BusyError(RecordsError):
    """Nothing was done, because too much work waits already."""


class SlowError(RecordsError):
    """The database took too long; a change may or may not have happened."""
