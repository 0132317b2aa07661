"""Taxes and charges at the airports that the demo flies to: sample data, to be confirmed.

Codes, authorities, amounts, who pays and what goes back were gathered from public pages of 2017 to
2025 and from practice. An airline takes its own from IATA's list of ticket taxes and from each
authority before it sells. Amounts in currencies without a rate of sale are given in riyals.
"""

from application.commands import follow_up
from application.commands.bus import CommandBus
from application.policies.approve_policy import ApprovePolicy
from application.policies.propose_policy import ProposePolicy
from domain.kernel import ids
from domain.policies.taxes import LAUNCH_TAXES, TaxCharge, Taxes
from domain.policies.values import stream_of

AUTHOR, APPROVER = "seed_author", "seed_approver"
HOME = ("RUH", "JED", "DMM", "MED", "AHB")

SAMPLE_TAXES = Taxes(
    (
        *LAUNCH_TAXES.rows,
        TaxCharge("IO", "GACA", "departure", 87_00, "SAR", "international", HOME),
        TaxCharge("IO", "GACA", "arrival", 87_00, "SAR", "international", HOME),
        TaxCharge("AE", "DXB-AIRPORTS", "departure", 76_50, "SAR", "international", ("DXB",)),
        TaxCharge("F6", "DXB-AIRPORTS", "departure", 40_80, "SAR", "international", ("DXB",)),
        TaxCharge("TP", "DXB-AIRPORTS", "departure", 5_10, "SAR", "international", ("DXB",)),
        TaxCharge(
            "ZR",
            "UAE-ICP",
            "arrival",
            5_10,
            "SAR",
            "international",
            ("DXB",),
            ("ADT", "CHD", "INF"),
            refundable=False,
        ),
        TaxCharge("GZ", "KW-DGCA", "departure", 3_000, "KWD", "international", ("KWI",)),
        TaxCharge("N4", "KW-DGCA", "departure", 1_000, "KWD", "international", ("KWI",)),
        TaxCharge("SW", "JP-NAA", "departure", 2_460, "JPY", "international", ("NRT",)),
        TaxCharge("OI", "JP-NAA", "departure", 570, "JPY", "international", ("NRT",)),
        TaxCharge("TK", "JP-NTA", "departure", 1_000, "JPY", "international", ("NRT",)),
        TaxCharge("GB", "UK-HMRC", "departure", 430_00, "SAR", "international", ("LHR",), ("ADT",)),
        TaxCharge("UB", "UK-HEATHROW", "departure", 215_00, "SAR", "international", ("LHR",)),
        TaxCharge("TR", "TR-DHMI", "departure", 90_00, "SAR", "international", ("IST",)),
        TaxCharge("M6", "TR-DHMI", "departure", 12_00, "SAR", "international", ("IST",)),
    )
)


async def publish_sample(bus: CommandBus) -> None:
    """Publish the sample for a new demo, in force a minute later; a repeat changes nothing."""
    stream = stream_of("taxes")
    cause = follow_up.Cause(id=ids.event_id(stream, 1), actor="seed", correlation_id="seed")
    proposal = ProposePolicy(stream, SAMPLE_TAXES, AUTHOR, "commercial")
    await bus.submit(follow_up.envelope(cause, "propose", proposal))
    await bus.submit(follow_up.envelope(cause, "approve", ApprovePolicy(stream, 1, APPROVER)))
