"""The fields that Stripe's own examples of each object of Checkout have: the simulator's have them.

Source: the example objects that Stripe publishes beside its API description (stripe/openapi).
`currency_conversion` is left out: sessions of our API version do not have it.
"""

KEYS: dict[str, frozenset[str]] = {
    name: frozenset(fields.split())
    for name, fields in {
        "checkout.session": (
            "adaptive_pricing after_expiration allow_promotion_codes amount_subtotal "
            "amount_total automatic_tax billing_address_collection cancel_url "
            "client_reference_id client_secret collected_information consent "
            "consent_collection created currency custom_fields custom_text customer "
            "customer_account customer_creation customer_details customer_email discounts "
            "expires_at id integration_identifier invoice invoice_creation livemode locale "
            "managed_payments metadata mode object origin_context payment_intent payment_link "
            "payment_method_collection payment_method_configuration_details "
            "payment_method_options payment_method_types payment_status permissions "
            "phone_number_collection recovered_from saved_payment_method_options setup_intent "
            "shipping_address_collection shipping_cost shipping_options status submit_type "
            "subscription success_url total_details ui_mode url wallet_options"
        ),
        "payment_intent": (
            "amount amount_capturable amount_details amount_received application "
            "application_fee_amount automatic_payment_methods canceled_at cancellation_reason "
            "capture_method client_secret confirmation_method created currency customer "
            "customer_account description excluded_payment_method_types id last_payment_error "
            "latest_charge livemode managed_payments metadata next_action object on_behalf_of "
            "payment_method payment_method_configuration_details payment_method_options "
            "payment_method_types processing receipt_email review setup_future_usage shipping "
            "source statement_descriptor statement_descriptor_suffix status transfer_data "
            "transfer_group"
        ),
        "webhook_endpoint": (
            "api_version application created description enabled_events id livemode metadata "
            "object status url"
        ),
        "event": ("api_version created data id livemode object pending_webhooks request type"),
    }.items()
}
