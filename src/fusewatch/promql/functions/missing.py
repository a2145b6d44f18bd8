"""Functions that parse but are not evaluated yet: they answer with an error that names them."""

from __future__ import annotations

from typing import Final

from fusewatch.promql.ast import ValueType
from fusewatch.promql.errors import UnsupportedError
from fusewatch.promql.functions.function import CallContext, Function
from fusewatch.promql.matrix import Matrix

VECTOR, STRING, SCALAR = ValueType.VECTOR, ValueType.STRING, ValueType.SCALAR


def _refuse(call: CallContext) -> Matrix:
    raise UnsupportedError(f"the function {call.node.function}() is not supported yet")


FUNCTIONS: Final = (Function("start_timestamp", (VECTOR,), VECTOR, _refuse),)
