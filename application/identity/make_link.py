"""Make a link that proves the ownership of a mailbox."""

from application.identity.account_ports import LinkPorts
from application.identity.ports import NewLink
from application.mail import Language
from domain.identity.links import LIFETIMES, LinkPurpose

SALT_BYTES = 16


def make_link(purpose: LinkPurpose, language: Language, outside: LinkPorts) -> NewLink:
    """Return a fresh link; it works from now on for as long as its purpose allows."""
    link_id, salt = outside.new_id(), outside.random_bytes(SALT_BYTES)
    now = outside.now()
    return NewLink(
        id=link_id,
        purpose=purpose,
        token_hash=outside.secrets.digest(outside.secrets.token(link_id, salt=salt)),
        salt=salt,
        language=language,
        created_at=now,
        expires_at=now + LIFETIMES[purpose],
    )
