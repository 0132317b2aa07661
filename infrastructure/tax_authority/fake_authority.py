"""The tax authority of the demo: checks hash and signature, and keeps documents in a folder.

A repeat of a number is answered as before. It stands for ZATCA's reporting and clearance endpoints
(`invoiceHash`, `uuid` and `invoice` in base64), without their network and certificates.
"""

import base64
import hashlib
import re
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from application.invoicing.ports import ReportAnswer

_DECLARATION = re.compile(rb"^<\?xml[^>]*>\n")
_QR_REFERENCE = re.compile(
    rb"<cac:AdditionalDocumentReference><cbc:ID>QR</cbc:ID>.*?</cac:AdditionalDocumentReference>"
)
_NUMBER = re.compile(r"[A-Z]{3}-[0-9]{4}-[0-9]{6,}")


class SignedDocument(msgspec.Struct, frozen=True):
    """What is sent: the XML, its hash and the signature of the hash, each in base64."""

    number: str
    uuid: str
    standard: bool
    hash: str
    signature: str
    invoice: str


class KeptDocument(msgspec.Struct, frozen=True):
    """What the authority keeps: the document and its answer."""

    document: SignedDocument
    answer: ReportAnswer


class FakeTaxAuthority:
    """Keeps one file a document; `away` is an outage, for tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.away = False

    def receive(self, document: SignedDocument, key: ec.EllipticCurvePublicKey) -> ReportAnswer:
        """Answer about a document; raises OSError when it cannot be reached or kept."""
        if self.away:
            raise ConnectionError("the authority is away")
        assert _NUMBER.fullmatch(document.number)
        path = self._folder / f"{document.number}.json"
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=KeptDocument).answer
        answer = _answer(document, key)
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = msgspec.json.encode(KeptDocument(document, answer))
        draft = path.with_suffix(".draft")
        draft.write_bytes(kept)
        draft.replace(path)
        return answer

    def kept(self) -> list[KeptDocument]:
        """Return all documents by number."""
        return [
            msgspec.json.decode(path.read_bytes(), type=KeptDocument)
            for path in sorted(self._folder.glob("*.json"))
        ]


def _answer(document: SignedDocument, key: ec.EllipticCurvePublicKey) -> ReportAnswer:
    xml = _DECLARATION.sub(b"", base64.b64decode(document.invoice))
    digest = hashlib.sha256(_QR_REFERENCE.sub(b"", xml)).digest()
    if base64.b64encode(digest).decode() != document.hash:
        return ReportAnswer("rejected", "invalid-invoice-hash")
    try:
        key.verify(base64.b64decode(document.signature), digest, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return ReportAnswer("rejected", "invalid-signature")
    return ReportAnswer("cleared" if document.standard else "reported")
