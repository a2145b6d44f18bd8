"""Whether a delivery comes from whom it says."""

from __future__ import annotations

import hashlib
import hmac


def github_signature_fits(secret: str, body: bytes, signature: str) -> bool:
    """Whether ``X-Hub-Signature-256`` was made with our secret from this body.

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def gitlab_token_fits(secret: str, token: str) -> bool:
    """Whether ``X-Gitlab-Token`` is our secret."""
    return hmac.compare_digest(secret.encode(), token.encode("utf-8", "replace"))
