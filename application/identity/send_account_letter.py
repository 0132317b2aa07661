"""Write the letter of a mailed link. Address and token are made at the last moment."""

import asyncio

import msgspec

from application import mail
from application.identity.account_letters import (
    EMAIL_CHANGED,
    LINK_LETTERS,
    PAGES,
    AccountLinkLetter,
    EmailChangedLetter,
)
from application.identity.account_ports import LinkSecrets, MailedLinks
from application.ports import Clock, Vault

MAIL_TIMEOUT_SECONDS = 10.0


class AccountLetterSender(msgspec.Struct, frozen=True):
    """Sends letters; one that is sent again has the same id and the same token.

    `site` is the address of the public site, without a slash at its end.
    """

    links: MailedLinks
    secrets: LinkSecrets
    vault: Vault
    mailer: mail.Mailer
    site: str
    airline: str
    now: Clock

    async def send(self, task: AccountLinkLetter) -> None:
        """Send the letter; do nothing when the link is over, or the address was erased.

        Raises Unavailable.
        """
        link = await self.links.to_send(task.link_id, at=self.now())
        if link is None:
            return
        (address,) = await self.vault.open_all([link.address])
        if address is None:
            return
        token = self.secrets.token(link.id, salt=link.salt)
        words = LINK_LETTERS[link.purpose][link.language]
        target = f"{self.site}/account/{PAGES[link.purpose]}#token={token}"
        letter = mail.Letter(
            id=f"{PAGES[link.purpose]}-{link.id}",
            to=address.decode(),
            subject=words.subject.format(airline=self.airline),
            text=words.text.format(airline=self.airline, link=target),
            kind=PAGES[link.purpose],
        )
        await self._deliver(letter)

    async def send_notice(self, task: EmailChangedLetter) -> None:
        """Write to the address that was replaced; do nothing when it was erased.

        Raises Unavailable.
        """
        replaced = await self.links.replaced(task.link_id)
        if replaced is None:
            return
        (address,) = await self.vault.open_all([replaced.address])
        if address is None:
            return
        words = EMAIL_CHANGED[replaced.language]
        await self._deliver(
            mail.Letter(
                id=f"email-changed-{task.link_id}",
                to=address.decode(),
                subject=words.subject,
                text=words.text.format(airline=self.airline),
                kind="email-changed",
            )
        )

    async def _deliver(self, letter: mail.Letter) -> None:
        async with asyncio.timeout(MAIL_TIMEOUT_SECONDS):
            await self.mailer.send(letter)
