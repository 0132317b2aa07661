"""The fields that Stripe's own examples of each object have, and the simulator's must have too.

Source: the example objects that Stripe publishes beside its API description (stripe/openapi).
`charge.refunds` is left out: it is only there when it is expanded, since 2022-11-15.
"""

KEYS: dict[str, frozenset[str]] = {
    name: frozenset(fields.split())
    for name, fields in {
        "balance": "available connect_reserved livemode object pending",
        "balance_transaction": (
            "amount available_on balance_type created currency description exchange_rate fee "
            "fee_details id net object reporting_category source status type"
        ),
        "charge": (
            "amount amount_captured amount_refunded application application_fee "
            "application_fee_amount balance_transaction billing_details "
            "calculated_statement_descriptor captured created currency customer description "
            "disputed failure_balance_transaction failure_code failure_message fraud_details id "
            "livemode metadata object on_behalf_of outcome paid payment_intent payment_method "
            "payment_method_details receipt_email receipt_number receipt_url refunded review "
            "shipping source source_transfer statement_descriptor statement_descriptor_suffix "
            "status transfer_data transfer_group"
        ),
        "charge.outcome": (
            "advice_code network_advice_code network_decline_code network_status reason "
            "seller_message type"
        ),
        "charge.payment_method_details.card": (
            "amount_authorized authorization_code brand checks country exp_month exp_year "
            "extended_authorization fingerprint funding incremental_authorization installments "
            "last4 mandate multicapture network network_token network_transaction_id overcapture "
            "regulated_status three_d_secure transaction_link_id wallet"
        ),
        "refund": (
            "amount balance_transaction charge created currency customer customer_account "
            "destination_details id metadata object payment_intent payment_method reason "
            "receipt_number source_transfer_reversal status transfer_reversal"
        ),
        "dispute": (
            "amount balance_transactions charge created currency enhanced_eligibility_types "
            "evidence evidence_details id is_charge_refundable livemode metadata object "
            "payment_intent payment_method_details reason status"
        ),
        "dispute.evidence": (
            "access_activity_log billing_address cancellation_policy "
            "cancellation_policy_disclosure cancellation_rebuttal customer_communication "
            "customer_email_address customer_name customer_purchase_ip customer_signature "
            "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id "
            "enhanced_evidence product_description receipt refund_policy "
            "refund_policy_disclosure refund_refusal_explanation service_date "
            "service_documentation shipping_address shipping_carrier shipping_date "
            "shipping_documentation shipping_tracking_number uncategorized_file "
            "uncategorized_text"
        ),
        "dispute.evidence_details": (
            "due_by enhanced_eligibility has_evidence past_due submission_count"
        ),
        "payout": (
            "amount application_fee application_fee_amount arrival_date automatic "
            "balance_transaction created currency description destination "
            "failure_balance_transaction failure_code failure_message id livemode metadata method "
            "object original_payout payout_method reconciliation_status reversed_by source_type "
            "statement_descriptor status trace_id type"
        ),
        "radar.early_fraud_warning": "actionable charge created fraud_type id livemode object",
        "event": "api_version created data id livemode object pending_webhooks request type",
    }.items()
}
