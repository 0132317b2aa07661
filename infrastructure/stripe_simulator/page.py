"""The hosted payment page that a traveller sees between our checkout and the return."""

from html import escape

from infrastructure.stripe_simulator import currencies
from infrastructure.stripe_simulator.cards import DELAYED
from infrastructure.stripe_simulator.configuration import Json

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;background:#f4f6fa;color:#1a2233;margin:0}
main{max-width:26rem;margin:8vh auto;background:#fff;border-radius:14px;padding:2rem;
box-shadow:0 8px 30px #1a223318}
h1{font-size:2.2rem;margin:.2rem 0}small,.note{color:#5b667d}table{width:100%;margin:1rem 0}
td:last-child{text-align:end}button{width:100%;padding:.8rem;border:0;border-radius:9px;
font:inherit;font-weight:600;cursor:pointer;margin-top:.6rem}.pay{background:#5433ff;color:#fff}
.decline{background:#eceff5;color:#1a2233}.error{background:#ffe9e9;color:#8a1020;padding:.7rem;
border-radius:9px}[dir=rtl]{display:block}
"""


def _shell(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{content}</main></body></html>"
    )


def open_page(session: Json, items: list[Json], error: str | None) -> str:
    """Return the page with amount, line items and two buttons; `error` is the last decline."""
    amount = currencies.display(session["amount_total"], session["currency"])
    rows = "".join(
        f"<tr><td>{escape(item['description'])} x {item['quantity']}</td>"
        f"<td>{escape(currencies.display(item['amount_total'], item['currency']))}</td></tr>"
        for item in items
    )
    warning = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    back = session["cancel_url"]
    link = f'<p><a href="{escape(back)}">Back / <bdi>رجوع</bdi></a></p>' if back else ""
    here = f"/c/pay/{escape(session['id'])}"
    return _shell(
        f"Pay {amount}",
        f"<small>TEST MODE</small><h1>{escape(amount)}</h1>{warning}<table>{rows}</table>"
        f'<form method="post" action="{here}/pay">'
        '<button class="pay" id="pay">Pay <bdi lang="ar">ادفع الآن</bdi></button></form>'
        f'<form method="post" action="{here}/decline">'
        '<button class="decline" id="decline">Decline <bdi lang="ar">رفض البطاقة</bdi>'
        f"</button></form>{_delayed_form(session, here)}"
        '<p class="note">No card is charged: this is a simulator.'
        '<span lang="ar" dir="rtl">لن يُخصم أي مبلغ: هذه صفحة محاكاة.</span></p>'
        f"{link}",
    )


def _delayed_form(session: Json, here: str) -> str:
    """Return the button of a bank debit where the session allows one."""
    if DELAYED not in session["payment_method_types"]:
        return ""
    return (
        f'<form method="post" action="{here}/pay">'
        '<input type="hidden" name="card" value="pm_usBankAccount_success">'
        '<button class="decline" id="debit">Pay by bank debit, which takes days '
        '<bdi lang="ar">خصم من الحساب المصرفي</bdi></button></form>'
    )


def challenge_page(session: Json) -> str:
    """Return the page of the card's bank, which asks the customer to approve the payment."""
    amount = currencies.display(session["amount_total"], session["currency"])
    here = f"/c/pay/{escape(session['id'])}"
    return _shell(
        "3-D Secure",
        f"<small>TEST MODE</small><h1>3-D Secure</h1><p>{escape(amount)}</p>"
        "<p>Your bank asks you to approve this payment.</p>"
        '<p lang="ar" dir="rtl">يطلب منك مصرفك الموافقة على هذه الدفعة.</p>'
        f'<form method="post" action="{here}/authenticate">'
        '<button class="pay" id="authenticate">Approve <bdi lang="ar">موافقة</bdi></button></form>'
        f'<form method="post" action="{here}/refuse">'
        '<button class="decline" id="refuse">Refuse <bdi lang="ar">رفض</bdi></button></form>',
    )


def waiting_page() -> str:
    """Return the page while a payment is under way: it cannot be paid a second time."""
    return _shell(
        "Payment in progress",
        '<h1>Your payment is being processed</h1><p lang="ar" dir="rtl">جارٍ تنفيذ عملية الدفع.</p>',
    )


def closed_page(session: Json) -> str:
    """Return the page of a session that can no longer be paid."""
    back = session["cancel_url"] or session["success_url"]
    return _shell(
        "Payment closed",
        "<h1>This payment page has expired</h1>"
        '<p lang="ar" dir="rtl">انتهت صلاحية صفحة الدفع هذه.</p>'
        f'<p><a href="{escape(back)}">Back to the shop / <bdi>رجوع</bdi></a></p>',
    )


def missing_page() -> str:
    """Return the page for an unknown session."""
    return _shell("Not found", "<h1>There is no such payment page</h1>")
