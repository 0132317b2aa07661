"""Invite a colleague to have an account for staff, by a link that is mailed."""

import datetime as dt

import msgspec

from application.identity.account_ports import Invitation, InvitationPorts
from application.identity.make_link import make_link
from application.mail import Language
from domain.identity import rejections
from domain.identity.roles import Role


class InviteStaff(msgspec.Struct, frozen=True):
    """A valid address, the role, the language of the letter, and the id of the admin who invites:
    None for an operator."""

    email: str
    role: Role
    language: Language
    invited_by: str | None


async def invite_staff(command: InviteStaff, outside: InvitationPorts) -> dt.datetime:
    """Mail the invitation, which makes an older one to the address void; returns its end.

    Raises InvalidRole for a customer, who registers alone; InvitationNotSent and Unavailable.
    """
    if command.role == "customer":
        raise rejections.InvalidRole(field="role", reason="not_of_staff")
    subject, key = outside.vault.new_subject()
    link = make_link("invitation", command.language, outside.links)
    invitation = Invitation(
        link=link,
        email_index=outside.email_lookup.of(command.email),
        email=outside.vault.seal(subject, command.email.encode()),
        key=key,
        role=command.role,
        invited_by=command.invited_by,
    )
    if not await outside.staff.invite(invitation):
        raise rejections.InvitationNotSent(reason="invited_too_often")
    return link.expires_at
