"""Travel credit: issue it, read it, pay with it, return it, let it expire.

Read `spend_credit` first.

new_credit: a new credit, by itself or as a part of another decision
issue_credit: staff give credit as goodwill
read_credits: the credits of an account
spend_credit: pay what is due for a booking, or a part of it
withdraw_credit: take a part back while what is due is not paid
backing: whether the airline still has the money that a change has left as credit
return_unused_credit: what goes back when a booking or a change ends unpaid
return_part: records a part that goes back, at the payment and at the credit
pay_out_credit: finance pays a credit out by bank transfer
expire_credit: what is left of a credit whose time is over becomes revenue
order_gift_card: order a gift card
open_gift_card_checkout: Stripe's page collects its amount
pay_gift_card: captured money pays for it
read_gift_cards: the cards that an account has bought
read_gift_card_payment: what became of its payment, for the page after the checkout
claim_gift_card: its code makes it travel credit of the caller
resend_gift_code: the letter with the code is sent again
refund_gift_card: the buyer gets the money back while nobody has claimed it
dispute_credit: what a dispute of its payment means for the credit
gift_card_letters: the letters about gift cards, in both languages
send_gift_card_letter: writes them
ports: what these use cases need from outside
"""
