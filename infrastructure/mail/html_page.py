"""The HTML page of a letter: the words of its text, in the direction of its language.

One file without pictures, scripts or addresses of others: nothing reports that it was read.
"""

import html
import re

from application.mail import Letter

PAGE = """\
<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{subject}</title>
</head>
<body style="margin:0;background:#f3f4f6">
<div style="max-width:36em;margin:0 auto;padding:1.5em;background:#fff;color:#111827;\
font:16px/1.6 system-ui,'Segoe UI',Tahoma,sans-serif">
<h1 style="font-size:1.25em;margin:0 0 1em">{subject}</h1>
{paragraphs}
</div>
</body>
</html>
"""
PARAGRAPH = '<p style="margin:0 0 1em;white-space:pre-wrap" dir="auto">{text}</p>'
_links = re.compile(r"https?://[^\s<>\"]+")


def page_of(letter: Letter) -> str:
    """Return the page. What passengers and partners have written is text there, never markup."""
    paragraphs = (each for each in letter.text.split("\n\n") if each.strip())
    return PAGE.format(
        language=letter.language,
        direction="rtl" if letter.language == "ar" else "ltr",
        subject=html.escape(letter.subject),
        paragraphs="\n".join(PARAGRAPH.format(text=_marked(each)) for each in paragraphs),
    )


def _marked(text: str) -> str:
    """Return the text escaped, with its addresses as links."""
    pieces, end = [], 0
    for found in _links.finditer(text):
        address = html.escape(found[0])
        pieces.append(html.escape(text[end : found.start()]))
        pieces.append(f'<a href="{address}" dir="ltr">{address}</a>')
        end = found.end()
    return "".join([*pieces, html.escape(text[end:])]).strip("\n")
