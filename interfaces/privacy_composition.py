"""Builds what privacy needs, for the web role, the worker and the command line."""

from application.commands.bus import CommandBus
from application.privacy.ports import ExportPrinter, PrivacyPorts
from infrastructure.privacy.accounts import PostgresAccounts
from infrastructure.privacy.consents import PostgresConsents
from infrastructure.privacy.erasures import PostgresErasures
from infrastructure.privacy.retention import StoredWebhooks
from infrastructure.sealing.blind_index import EmailIndex
from interfaces.composition import Core
from interfaces.message_composition import mailbox_of, text_outbox_of
from interfaces.read_composition import asking
from projections.booking_list import of_persons
from projections.credits import queries as credits


def privacy_on(
    core: Core,
    bus: CommandBus,
    *,
    printer: ExportPrinter | None = None,
) -> PrivacyPorts:
    """Return the ports of privacy over this core."""
    webhooks = StoredWebhooks(core.pool)
    return PrivacyPorts(
        bus=bus,
        vault=core.vault,
        accounts=PostgresAccounts(core.pool, EmailIndex(core.keys)),
        consents=PostgresConsents(core.pool),
        erasures=PostgresErasures(core.pool),
        bodies=webhooks,
        retention=webhooks,
        mailbox=mailbox_of(core.settings),
        bookings_of=asking(core.pool, of_persons.all_of),
        attached_to=asking(core.pool, of_persons.attached_to),
        credits_of=asking(core.pool, credits.all_of),
        clock=core.clock,
        forget_keys=core.vault.forget,
        printer=printer,
        texts=text_outbox_of(core.settings),
    )
