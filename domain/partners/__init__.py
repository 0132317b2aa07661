"""Partners: where events may be delivered, how they are signed, and when a failure is repeated.

addresses: the addresses to which nothing is delivered
signature: the signature of a delivery, by Standard Webhooks
retries: when a failed delivery is repeated, and when that ends
rejections: the reasons for which a decision is rejected

Vocabulary: a *partner* is another company's server; its *subscription* says which events it gets
at which address; a *delivery* is one request with events to that address.

K1  Nothing is delivered to an address inside our network, by whatever name it is reached.
K2  Whoever holds neither the secret nor, for a day, the one before it can sign no delivery.
K3  A failed delivery is repeated for three days, and nothing behind it is delivered before it.
"""
