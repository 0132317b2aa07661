"""ISO 20022 camt.053 of any version: booked entries, read by defusedxml, which refuses entities.

Source: https://www.iso20022.org, message camt.053 BankToCustomerStatement.
"""

from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from infrastructure.bank_files.rows import Row, Statement, amount_of, covering, day_of, refused

# What may have the reference that Stripe gave to the payment.
REFERENCES = ("EndToEndId", "InstrId", "TxId", "UETR", "ClrSysRef", "NtryRef")


def read(file: bytes) -> Statement:
    """Return the booked entries; rejects StatementUnreadable with line or entry."""
    try:
        root = fromstring(file, forbid_dtd=True)
    except ParseError as error:
        raise refused(f"line {error.position[0]}", "not_xml") from None
    except (DefusedXmlException, ValueError, LookupError):
        raise refused("file", "unsafe_xml") from None
    statements = _all(root, "Stmt")
    if _name(root) != "Document" or not statements:
        raise refused("file", "not_camt_053")
    entries = [entry for each in statements for entry in each if _name(entry) == "Ntry"]
    rows = [
        _row(entry, number) for number, entry in enumerate(entries, start=1) if _is_booked(entry)
    ]
    ranges = [each for statement in statements for each in statement if _name(each) == "FrToDt"]
    days = [
        day_of(day.text or "", where="FrToDt")
        for each in ranges
        for day in each
        if _name(day) in ("FrDtTm", "ToDtTm", "FrDt", "ToDt")
    ]
    return covering(rows, *days)


def _row(entry: Element, number: int) -> Row:
    where = f"entry {number}"
    amount, sign, booked = (_child(entry, name) for name in ("Amt", "CdtDbtInd", "BookgDt"))
    if amount is None or sign is None or booked is None or not len(booked):
        raise refused(where, "no_amount_sign_or_date")
    if sign.text not in ("CRDT", "DBIT"):
        raise refused(where, "neither_credit_nor_debit")
    found = amount_of(amount.text or "", amount.get("Ccy", ""), where=where)
    return Row(
        booked_on=day_of(booked[0].text or "", where=where),
        amount=found if sign.text == "CRDT" else -found,
        text=" ".join(text.strip() for text in entry.itertext() if text.strip()),
        raw=tostring(entry),
        reference=next(iter(_texts(entry, "AcctSvcrRef")), None),
        references=tuple(text for name in REFERENCES for text in _texts(entry, name)),
    )


def _is_booked(entry: Element) -> bool:
    """Whether the entry is final; pending ones come again."""
    status = _child(entry, "Sts")
    return status is None or "BOOK" in "".join(status.itertext())


def _name(element: Element) -> str:
    """The name without its namespace, which has the version of the message."""
    return element.tag.rpartition("}")[2]


def _all(root: Element, name: str) -> list[Element]:
    return [each for each in root.iter() if _name(each) == name]


def _texts(element: Element, name: str) -> list[str]:
    return [(each.text or "").strip() for each in _all(element, name)]


def _child(element: Element, name: str) -> Element | None:
    return next((each for each in element if _name(each) == name), None)
