"""Write the letters about accounts. Address and token are made at the last moment."""

import asyncio

import msgspec

from application import mail
from application.identity.account_letters import (
    LINK_LETTERS,
    PAGES,
    AccountLinkLetter,
    AccountNoticeLetter,
    Page,
)
from application.identity.account_notices import words_of
from application.identity.account_ports import LinkSecrets, MailedLinks
from application.identity.recovery_ports import Notices
from application.ports import Clock, Vault

MAIL_TIMEOUT_SECONDS = 10.0


class AccountLetterSender(msgspec.Struct, frozen=True):
    """Sends letters; one that is sent again has the same id and the same token.

    `site` is the address of the public site, without a slash at its end.
    """

    links: MailedLinks
    notices: Notices
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
        target = self._page(PAGES[link.purpose], token)
        letter = mail.Letter(
            id=f"{PAGES[link.purpose]}-{link.id}",
            to=address.decode(),
            subject=words.subject.format(airline=self.airline),
            text=words.text.format(airline=self.airline, link=target),
            kind=PAGES[link.purpose],
            language=link.language,
        )
        await self._deliver(letter)

    async def send_notice(self, task: AccountNoticeLetter) -> None:
        """Write what happened to the account; do nothing when its link is over, or the address was
        erased. Raises Unavailable.
        """
        notice = await self.notices.to_send(task.notice_id, self._digest, at=self.now())
        if notice is None:
            return
        (address,) = await self.vault.open_all([notice.address])
        if address is None:
            return
        token = self._notice_token(notice.id, notice.salt)
        words = words_of(notice.kind, notice.language)
        letter = mail.Letter(
            id=f"notice-{notice.id}",
            to=address.decode(),
            subject=words.subject,
            text=words.text.format(
                airline=self.airline,
                at=f"{notice.created_at:%Y-%m-%d %H:%M}",
                link=self._page("not-me", token),
                stop=self._page("keep-account", token),
            ),
            kind="account-notice",
            language=notice.language,
        )
        await self._deliver(letter)

    def _page(self, page: Page, token: str) -> str:
        return f"{self.site}/account/{page}?token={token}"

    def _digest(self, notice_id: int, salt: bytes) -> bytes:
        return self.secrets.digest(self._notice_token(notice_id, salt))

    def _notice_token(self, notice_id: int, salt: bytes) -> str:
        return self.secrets.token(f"notice-{notice_id}", salt=salt)

    async def _deliver(self, letter: mail.Letter) -> None:
        async with asyncio.timeout(MAIL_TIMEOUT_SECONDS):
            await self.mailer.send(letter)
