"""Statements of the bank: the same lines from every form, and an error that says where."""

import datetime as dt

import msgspec
import pytest

from application.reconciliation.ports import BankStatement
from domain.kernel.money import Money
from domain.reconciliation.records import reference_digest
from domain.reconciliation.rejections import StatementUnreadable
from infrastructure.bank_files.statement import read_statement

CSV = b"""date,amount,currency,text
2026-11-23,682.50,SAR,STRIPE PAYOUT po_1
2026-11-24,-75.25,SAR,Salary of a person
2026-11-24,-10.00,SAR,STRIPE RETURN po_2
"""
MT940 = b""":20:STATEMENT
:25:1234567
:28C:00001
:60F:C261122SAR1000,00
:61:2611231123C682,50NTRFNONREF//B1
:86:STRIPE PAYOUT po_1
:61:2611241124D75,25NTRFNONREF//B2
:86:Salary of a person
:61:2611241124D10,00NTRFNONREF//B3
:86:STRIPE RETURN po_2
:62F:C261125SAR1597,25
-
"""
CAMT_ENTRY = """<Ntry><Amt Ccy="SAR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts>{status}</Sts>
<BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>
</NtryDtls></Ntry>"""


def camt(*entries: str) -> bytes:
    body = "".join(entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        f"<Id>1</Id>{body}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def entry(amount: str, sign: str, day: str, text: str, status: str = "BOOK") -> str:
    return CAMT_ENTRY.format(amount=amount, sign=sign, day=day, text=text, status=status)


CAMT = camt(
    entry("682.50", "CRDT", "2026-11-23", "STRIPE PAYOUT po_1"),
    entry("75.25", "DBIT", "2026-11-24", "Salary of a person"),
    entry("10.00", "DBIT", "2026-11-24", "STRIPE RETURN po_2", status="<Cd>BOOK</Cd>"),
    entry("99.00", "CRDT", "2026-11-24", "STRIPE PAYOUT po_3", status="PDNG"),
)


@pytest.mark.parametrize("file", [CSV, MT940, CAMT], ids=["csv", "mt940", "camt"])
def test_each_form_gives_the_same_lines_and_no_text_about_anybody_else(file: bytes) -> None:
    read = read_statement(file)
    assert [(each.booked_on, each.amount) for each in read.lines] == [
        (dt.date(2026, 11, 23), Money(68_250, "SAR")),
        (dt.date(2026, 11, 24), Money(-1_000, "SAR")),
    ]
    assert all(f"po_{number}" in each.text for number, each in enumerate(read.lines, start=1))
    (other,) = read.unrelated
    assert (other.booked_on, other.amount) == (dt.date(2026, 11, 24), Money(-7_525, "SAR"))
    assert b"person" not in msgspec.json.encode(read.unrelated)
    assert msgspec.json.decode(msgspec.json.encode(read), type=BankStatement) == read
    assert read_statement(file) == read


TRACED_CSV = b"""date,amount,currency,text,reference
2026-11-23,682.50,SAR,Incoming transfer,TRX0042
2026-11-24,-75.25,SAR,Salary of a person,Layla
2026-11-25,1.00,SAR,TRX0042,
"""
TRACED_MT940 = b""":20:STATEMENT
:25:1234567
:28C:00001
:60F:C261122SAR1000,00
:61:2611231123C682,50NTRFTRX0042//B1
:86:Incoming transfer
:61:2611241124D75,25NTRFLayla
:86:Salary of a person
:62F:C261125SAR1597,25
-
"""


def with_reference(name: str, text: str) -> str:
    refs = f"<NtryDtls><TxDtls><Refs><{name}>{text}</{name}></Refs>"
    return entry("682.50", "CRDT", "2026-11-23", "Incoming transfer").replace(
        "<NtryDtls><TxDtls>", refs
    )


@pytest.mark.parametrize(
    "file",
    [
        TRACED_CSV,
        TRACED_MT940,
        *(
            camt(with_reference(name, "trx0042"))
            for name in ("EndToEndId", "InstrId", "TxId", "UETR", "ClrSysRef", "AcctSvcrRef")
        ),
    ],
)
def test_of_a_line_that_does_not_name_stripe_the_references_are_kept_as_hashes(file: bytes) -> None:
    read = read_statement(file)
    assert read.lines == ()
    assert reference_digest("TRX0042") in read.unrelated[0].digests
    stored = msgspec.json.encode(read.unrelated)
    for text in (b"Incoming", b"Salary", b"person", b"Layla"):
        assert text not in stored
    assert all(len(each.digests) <= 2 for each in read.unrelated)
    assert [each.digests for each in read.unrelated[1:2]] in ([], [()])


def test_only_the_banks_own_reference_is_kept_as_it_is_and_only_in_the_form_of_an_id() -> None:
    (own, none) = read_statement(TRACED_MT940).unrelated
    assert (own.reference, none.reference) == ("B1", None)
    for text, kept in (("A-2026/11.7", "A-2026/11.7"), ("Layla 1990", None), ("Layla", None)):
        (line,) = read_statement(camt(with_reference("AcctSvcrRef", text))).unrelated
        assert line.reference == kept


def test_a_word_of_the_text_is_no_reference_unless_it_is_the_whole_text() -> None:
    of_words, of_one = (
        read_statement(f"date,amount,currency,text\n2026-11-23,1,SAR,{text}\n".encode()).unrelated
        for text in ("Rent 4711", "4711")
    )
    assert (of_words[0].digests, of_one[0].digests) == ((), (reference_digest("4711"),))


def test_equal_lines_without_their_texts_are_both_kept_and_have_the_same_ids_in_a_longer_file() -> (
    None
):
    rows = [f"2026-11-23,1.00,SAR,{name}\n" for name in ("Layla", "Omar", "Rent")]
    short, long = (
        read_statement(("date,amount,currency,text\n" + "".join(rows[:count])).encode())
        for count in (2, 3)
    )
    assert len({each.id for each in long.unrelated}) == 3
    assert long.unrelated[:2] == short.unrelated


def test_a_statement_covers_the_days_that_it_names_also_without_a_line() -> None:
    assert (read_statement(MT940).since, read_statement(MT940).until) == (
        dt.date(2026, 11, 22),
        dt.date(2026, 11, 25),
    )


@pytest.mark.parametrize(
    ("currency", "text", "minor"), [("SAR", "1.05", 105), ("KWD", "1.005", 1_005), ("JPY", "7", 7)]
)
def test_amounts_become_minor_units_of_their_currency(currency: str, text: str, minor: int) -> None:
    file = f"date,amount,currency,text\n2026-11-23,{text},{currency},STRIPE\n".encode()
    (line,) = read_statement(file).lines
    assert line.amount == Money(minor, currency)


def test_two_equal_lines_of_one_day_are_both_kept() -> None:
    row = b"2026-11-23,1.00,SAR,STRIPE\n"
    read = read_statement(b"date,amount,currency,text\n" + row + row)
    assert len({each.id for each in read.lines}) == 2


HEADER = b"date,amount,currency,text\n"
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><Document>&b;</Document>'


@pytest.mark.parametrize(
    ("file", "where", "reason"),
    [
        (b"", "line 1", "columns_date_amount_currency_text_expected"),
        (b"day,amount\n", "line 1", "columns_date_amount_currency_text_expected"),
        (HEADER, "file", "no_lines"),
        (HEADER + b"2026-11-23,1.00,SAR,STRIPE\n2026-13-01,1.00,SAR,X\n", "line 3", "not_a_date"),
        (HEADER + b"2026-11-23,one,SAR,X\n", "line 2", "not_an_amount"),
        (HEADER + b"2026-11-23,NaN,SAR,X\n", "line 2", "not_an_amount"),
        (HEADER + b"2026-11-23,1e99999999,SAR,X\n", "line 2", "not_an_amount"),
        (HEADER + b"2026-11-23,1.001,SAR,X\n", "line 2", "too_many_decimals"),
        (HEADER + b"2026-11-23,1.0,JPY,X\n2026-11-23,1.5,JPY,X\n", "line 3", "too_many_decimals"),
        (HEADER + b"2026-11-23,1.00,XYZ,X\n", "line 2", "unknown_currency"),
        (HEADER + b"2026-11-23,1.00\n", "line 2", "wrong_number_of_columns"),
        (HEADER + b"2026-11-23,1.00,SAR,X,Y\n", "line 2", "wrong_number_of_columns"),
        (b"\xff\xfe\x00", "file", "not_utf_8"),
        (b"<Document>", "line 1", "not_xml"),
        (b"<Document/>", "file", "not_camt_053"),
        (BOMB, "file", "unsafe_xml"),
        (camt(entry("x", "CRDT", "2026-11-23", "STRIPE")), "entry 1", "not_an_amount"),
        (camt(entry("1", "BOTH", "2026-11-23", "X")), "entry 1", "neither_credit_nor_debit"),
        (camt("<Ntry/>"), "entry 1", "no_amount_sign_or_date"),
        (b":20:A\n:25:1\n", "file", "no_lines"),
        (HEADER + b"2020-01-01,1,SAR,X\n2026-11-23,1,SAR,X\n", "file", "too_many_days"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(
    file: bytes, where: str, reason: str
) -> None:
    with pytest.raises(StatementUnreadable) as refusal:
        read_statement(file)
    assert refusal.value.parameters == {"field": where, "reason": reason}


def test_a_line_of_mt940_that_cannot_be_read_refuses_the_file_and_is_not_left_out() -> None:
    for broken in (
        MT940.replace(b":61:2611241124D75", b":61:XX"),
        MT940.replace(b"C682,50", b"C"),
        MT940.replace(b":61:261124", b":61:269924"),
    ):
        with pytest.raises(StatementUnreadable):
            read_statement(broken)
