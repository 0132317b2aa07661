"""Signs documents with a test key and reports them to the fake authority.

The signature is ECDSA over the hash of the document on the curve that ZATCA uses (secp256k1). The
envelope of XAdES and the certificate of a registered unit are not made here.
"""

import asyncio
import base64

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from application import ports
from application.invoicing.ports import ReportAnswer
from domain.invoicing.events import TaxDocumentIssued
from infrastructure.tax_authority.fake_authority import FakeTaxAuthority, SignedDocument

_SIGNATURE = ec.ECDSA(hashes.SHA256())
# The order of secp256k1 (SEC 2, 2.4.1) has 256 bits; fewer make every number a valid key.
_KEY_BYTES = 31


class SignedReporting:
    """`application.invoicing.ports.InvoiceReporting` with a key made from these bytes."""

    def __init__(self, authority: FakeTaxAuthority, *, secret: bytes) -> None:
        number = int.from_bytes(secret[:_KEY_BYTES], "big") + 1
        self._key = ec.derive_private_key(number, ec.SECP256K1())
        self._authority = authority

    async def report(self, document: TaxDocumentIssued, xml: bytes) -> ReportAnswer:
        """Sign and report the document; raises Unavailable when the authority does not answer."""
        digest = base64.b64decode(document.hash)
        signed = SignedDocument(
            number=document.number,
            uuid=document.uuid,
            standard=document.is_standard,
            hash=document.hash,
            signature=base64.b64encode(self._key.sign(digest, _SIGNATURE)).decode(),
            invoice=base64.b64encode(xml).decode(),
        )
        try:
            return await asyncio.to_thread(self._authority.receive, signed, self._key.public_key())
        except OSError as error:
            raise ports.Unavailable("tax authority") from error
