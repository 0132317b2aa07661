"""The tests that show each rule of the domain, by the rule's name."""

from collections.abc import Mapping

TESTS: Mapping[str, tuple[str, ...]] = {
    "A1": ("test_a_month_is_not_closed_before_its_last_flights_are",),
    "A2": (
        "test_no_entry_enters_a_closed_month_until_it_is_reopened",
        "test_a_flight_closed_after_its_month_is_revenue_of_the_next_open_month",
    ),
    "A3": ("test_who_asks_for_a_month_to_be_reopened_does_not_approve_it",),
    "B1": (
        "test_a_booking_moves_exactly_along_the_table",
        "test_each_decision_follows_the_table_from_every_state",
    ),
    "B2": (
        "test_exactly_the_amount_due_pays_a_reserved_booking",
        "test_any_other_money_does_not_pay",
    ),
    "B3": (
        "test_an_unpaid_booking_is_never_confirmed",
        "test_a_booking_without_a_ticket_number_for_each_passenger_cannot_be_confirmed",
        "test_a_paid_booking_is_confirmed_sold_and_written_to_in_one_append",
    ),
    "B4": (
        "test_only_refunded_and_expired_are_terminal",
        "test_nothing_happens_to_an_expired_booking_any_more",
        "test_row_14_late_money_of_a_booking_with_free_seats_is_seated_again_and_ticketed",
    ),
    "B5": ("test_a_booking_records_no_step_twice_neither_at_once_nor_ever_again",),
    "B6": (
        "test_a_life_of_bookings_in_any_order",
        "test_the_books_are_those_of_a_flight_that_never_left",
    ),
    "B7": ("test_what_is_owed_and_not_yet_arrived_is_no_refund",),
    "B8": (
        "test_an_unpaid_modification_can_be_abandoned_at_once",
        "test_a_life_of_bookings_in_any_order",
    ),
    "B9": (
        "test_cancelling_flight_by_flight_costs_what_cancelling_at_once_does",
        "test_charges_of_airports_go_back_whatever_is_kept",
        "test_the_fee_of_a_change_is_neither_refunded_nor_counted_towards_the_next_flight",
    ),
    "B10": (
        "test_without_its_flight_abroad_a_domestic_flight_is_taxed",
        "test_a_flight_that_was_flown_already_is_taxed_as_well",
    ),
    "B11": (
        "test_passengers_leave_with_their_money_tickets_extras_and_seats",
        "test_cancelling_costs_the_same_divided_or_not",
    ),
    "B12": (
        "test_a_booking_is_attached_once_and_stays_there",
        "test_a_customers_booking_is_attached_to_nobody",
    ),
    "B13": (
        "test_what_is_too_much_for_one_person_is_granted_by_the_second_who_asks_for_it",
        "test_small_refunds_of_one_booking_add_up_to_what_needs_a_second_person",
        "test_of_a_divided_booking_one_person_grants_nothing",
    ),
    "C1": ("test_whatever_the_order_and_repeats_of_facts_a_claim_is_owed_once",),
    "C2": ("test_ledger_row_30_compensation_is_an_expense_and_owed_until_the_bank_paid_it",),
    "C3": (
        "test_who_chooses_credit_is_paid_at_once_and_never_by_the_bank_as_well",
        "test_staff_withdraw_a_claim_for_good_but_not_once_it_is_accepted",
    ),
    "C4": ("test_a_cancelled_flight_is_compensated_by_its_notice",),
    "D1": ("test_every_role_is_in_the_table_and_every_permission_is_held",),
    "D2": ("test_an_auditor_holds_reading_permissions_only",),
    "D3": ("test_the_fifth_wrong_password_within_15_minutes_locks_for_30",),
    "D4": (
        "test_what_follows_from_a_genuine_token",
        "test_a_session_lasts_thirty_days_however_often_it_is_refreshed",
    ),
    "D5": (
        "test_a_link_works_once_for_30_minutes_and_only_the_newest",
        "test_a_changed_password_ends_the_other_sessions_only",
        "test_a_mailed_link_sets_another_password_and_ends_all_sessions",
    ),
    "D6": (
        "test_a_code_is_used_once_and_an_older_one_not_after_it",
        "test_a_recovery_code_works_once_in_any_spelling",
        "test_a_role_that_needs_the_factor_can_do_nothing_but_enrol",
    ),
    "D7": (
        "test_a_link_alone_verifies_no_account_of_a_stranger",
        "test_only_who_has_the_password_verifies_the_address_on_the_page",
        "test_a_new_address_counts_once_its_link_was_used",
        "test_what_an_admin_cannot_do_and_others_neither",
    ),
    "D8": (
        "test_every_route_states_its_scope_or_is_for_our_own_apps",
        "test_a_client_with_every_other_scope_reaches_no_route",
    ),
    "D9": (
        "test_a_browser_is_sent_to_a_registered_address_and_no_other_spelling",
        "test_of_twenty_exchanges_of_one_code_one_wins_and_the_others_end_it",
    ),
    "D10": (
        "test_an_admin_resets_the_factor_of_staff_with_another_admin_where_the_role_needs_one",
        "test_support_resets_the_factor_of_a_customer_a_day_after_the_mail_was_confirmed",
        "test_who_asks_is_refused_where_it_is_not_theirs",
    ),
    "D11": (
        "test_what_changes_the_protection_of_an_account_is_written_to_its_address",
        "test_the_link_ends_all_sessions_and_the_password_and_sets_another_one",
        "test_the_owner_of_the_earlier_address_gets_the_account_back_from_a_thief",
    ),
    "D12": (
        "test_an_erased_admin_counts_for_nothing_and_the_last_active_one_stays",
        "test_the_last_admin_is_not_erased_until_there_is_another_one",
    ),
    "E1": (
        "test_a_later_fact_replaces_an_earlier_one_and_a_repeat_records_none",
        "test_not_even_the_owner_changes_a_consent_or_what_an_erasure_has_done",
    ),
    "E2": ("test_what_cannot_be_withdrawn_or_was_not_published_is_refused",),
    "E3": (
        "test_what_is_open_postpones_every_step",
        "test_after_an_erasure_nothing_of_the_person_is_found_anywhere",
    ),
    "I1": (
        "test_the_last_free_seat_can_be_held_and_the_one_after_it_cannot",
        "test_two_processes_never_sell_a_seat_twice",
        "test_a_flight_records_no_step_twice_and_never_oversells",
    ),
    "I2": (
        "test_holding_twice_records_nothing_new_even_when_closed",
        "test_selling_twice_records_nothing_new",
    ),
    "I3": (
        "test_releasing_what_is_not_held_records_nothing",
        "test_more_than_was_sold_is_never_released",
    ),
    "I4": ("test_no_run_of_wishes_takes_a_class_or_those_below_above_their_limit",),
    "I5": ("test_no_passenger_gets_a_seat_that_another_has",),
    "I6": (
        "test_seats_that_come_free_go_to_the_first_in_the_queue",
        "test_no_booking_takes_seats_that_a_waitlisted_booking_could_take",
    ),
    "I7": ("test_an_account_holds_no_more_unpaid_seats_of_a_flight_than_the_limit",),
    "K1": (
        "test_nothing_is_delivered_inside_our_network_however_the_address_is_written",
        "test_a_delivery_arrives_over_tls_at_the_address_that_was_looked_up",
        "test_a_name_with_one_address_inside_our_network_is_refused_whole",
    ),
    "K2": (
        "test_the_standard_library_of_partners_verifies_a_delivery_and_nothing_else",
        "test_for_a_day_both_secrets_sign_and_then_the_new_one_alone",
    ),
    "K3": (
        "test_a_failure_is_repeated_with_growing_pauses_for_three_days",
        "test_what_fails_is_delivered_again_until_it_arrives",
        "test_after_three_days_it_is_parked_with_an_alarm_until_staff_acts",
    ),
    "L1": (
        "test_an_entry_that_was_unbalanced_in_the_log_is_corrupt",
        "test_a_life_of_bookings_in_any_order",
    ),
    "L2": (
        "test_rows_2_and_4_a_capture_is_unapplied_until_the_tickets_are_issued",
        "test_what_ticketing_takes_from_unapplied_funds_is_what_the_capture_put_there",
    ),
    "L3": ("test_a_replay_of_the_log_agrees_with_the_live_books",),
    "L4": ("test_every_end_of_a_coupon_empties_its_liabilities",),
    "L5": ("test_the_books_of_both_bookings_close_when_all_is_refunded",),
    "L6": (
        "test_row_17_withdrawn_funds_are_a_receivable_and_the_fee_an_expense",
        "test_row_19_a_dispute_lost_before_the_flight_closes_the_liabilities",
        "test_row_20_a_dispute_lost_after_the_flight_is_a_loss",
    ),
    "L7": ("test_row_13_a_refund_by_hand_is_unallocated_and_then_a_debt_or_goodwill",),
    "L8": (
        "test_in_the_end_cards_and_credit_have_paid_or_got_back_each_their_own",
        "test_in_the_end_every_unit_that_was_paid_is_somewhere",
    ),
    "M1": (
        "test_no_second_attempt_starts_while_one_is_live",
        "test_shares_add_up_to_what_is_outstanding_in_the_bookings_currency",
    ),
    "M2": (
        "test_one_intent_is_captured_once_however_often_it_is_reported",
        "test_webhooks_in_any_order_and_number_with_some_lost_leave_one_state_and_the_same_books",
    ),
    "M3": (
        "test_captured_money_is_recorded_whatever_the_attempt_has_come_to",
        "test_money_that_does_not_fit_is_parked_with_the_reason",
    ),
    "M4": ("test_no_answer_in_time_is_unknown_and_never_failed",),
    "M5": (
        "test_all_of_a_capture_may_be_asked_back_and_no_unit_more",
        "test_a_capture_is_refunded_in_parts_to_the_last_unit",
        "test_a_refund_of_ours_that_no_longer_fits_is_not_sent_and_is_with_finance",
    ),
    "M6": (
        "test_one_obligation_asks_once_from_each_capture_whatever_became_of_it",
        "test_a_refund_is_sent_again_or_paid_by_bank_and_never_both",
    ),
    "M7": ("test_the_entries_of_a_refund_that_failed_sum_to_nothing",),
    "M8": ("test_in_the_end_each_captured_amount_has_paid_or_goes_back_and_only_once",),
    "M9": (
        "test_finance_grants_no_refund_while_the_payment_is_disputed",
        "test_a_customer_cancels_a_disputed_booking_and_the_refund_is_sent_when_it_is_won",
    ),
    "M10": (
        "test_withdrawn_funds_are_posted_once_and_suspend_the_coupons",
        "test_every_order_and_repetition_of_reports_ends_in_the_same_books",
    ),
    "M11": (
        "test_row_13_a_refund_made_at_stripe_by_hand_is_posted_once_however_often_it_is_reported",
        "test_an_external_refund_first_reported_as_failed_moves_money_both_ways",
    ),
    "M12": ("test_in_the_end_cards_and_credit_have_paid_or_got_back_each_their_own",),
    "N1": (
        "test_order_and_repetition_of_rows_change_nothing",
        "test_a_break_has_the_same_id_in_every_run",
    ),
    "N2": ("test_one_minor_unit_of_difference_is_a_break_of_the_amount",),
    "N3": ("test_a_second_run_over_the_same_rows_adds_nothing_to_the_log",),
    "N4": ("test_a_write_off_needs_another_person_than_who_proposed_it",),
    "N5": (
        "test_a_break_that_a_run_no_longer_finds_is_cleared_and_found_again_later",
        "test_what_staff_resolved_stays_resolved_while_its_evidence_is_the_same",
    ),
    "N6": (
        "test_a_refund_that_no_event_reported_is_appended_as_its_webhook_would_have_been",
        "test_an_append_that_explains_nothing_is_open_again_after_the_next_run",
    ),
    "O1": (
        "test_two_persons_publish_a_version",
        "test_the_author_does_not_approve",
        "test_one_person_publishes_a_rule_about_operations",
    ),
    "O2": (
        "test_a_date_outside_its_limits_is_refused",
        "test_a_process_never_remembers_what_is_out_of_force",
    ),
    "O3": (
        "test_a_scope_that_would_be_as_specific_for_a_sale_is_refused",
        "test_the_most_specific_version_counts_by_segment",
    ),
    "O4": (
        "test_a_booking_sold_before_is_cancelled_at_the_terms_of_before",
        "test_every_fee_is_that_of_the_stored_versions",
        "test_a_hold_keeps_the_deadline_that_it_was_given",
    ),
    "P1": ("test_every_price_can_be_charged_and_is_the_sum_of_its_coupons_and_of_its_lines",),
    "P2": ("test_halalas_are_rounded_once_per_passenger_and_tax_follows_the_charged_fare",),
    "P3": ("test_an_international_flight_is_zero_rated",),
    "P4": (
        "test_a_domestic_flight_that_leads_abroad_or_home_again_is_not_taxed",
        "test_a_stopover_of_a_day_ends_the_journey_abroad",
    ),
    "S1": ("test_a_transaction_is_recorded_once_whatever_is_read_again",),
    "S2": ("test_the_table_of_categories_names_all_that_are_posted_and_who_does",),
    "S3": ("test_row_33_a_charge_settled_in_another_currency_moves_clearing_by_way_of_exchange",),
    "S4": (
        "test_a_wholly_refunded_charge_leaves_nothing_in_exchange",
        "test_any_order_of_the_transactions_of_a_charge_gives_the_same_books",
    ),
    "S5": (
        "test_row_5_a_payout_moves_clearing_into_transit_and_then_to_the_bank",
        "test_row_5_a_payout_that_fails_returns_from_where_it_was",
    ),
    "S6": ("test_a_category_that_is_not_known_is_recorded_and_posted_to_nothing",),
    "T1": ("test_two_processes_number_all_documents_once_and_without_a_gap",),
    "T2": ("test_each_document_has_the_next_number_of_its_kind_and_the_hash_of_the_one_before",),
    "T3": (
        "test_parts_that_are_cancelled_one_by_one_credit_the_whole_in_the_end",
        "test_a_life_of_bookings_in_any_order",
    ),
    "T4": ("test_no_amount_of_a_document_is_negative_even_where_rounding_moves_net_and_tax_apart",),
    "T5": ("test_two_processes_that_issue_at_once_leave_no_gap_and_issue_nothing_twice",),
    "T6": (
        "test_no_name_of_a_passenger_and_no_booking_is_in_a_simplified_document",
        "test_a_business_that_was_named_before_gets_standard_documents_and_is_stored_sealed",
    ),
    "V1": (
        "test_no_more_is_spent_than_is_left",
        "test_in_the_end_cards_and_credit_have_paid_or_got_back_each_their_own",
    ),
    "V2": (
        "test_only_the_owner_spends_it_and_only_in_its_currency",
        "test_it_is_spent_in_its_own_currency_before_it_expires_and_not_while_it_is_paid_out",
    ),
    "V3": ("test_a_use_is_spent_once",),
    "V4": (
        "test_a_payout_needs_two_persons_and_is_never_made_of_goodwill",
        "test_finance_does_not_pay_out_what_a_card_bought",
        "test_no_more_becomes_payable_in_money_than_money_and_compensation_have_paid",
    ),
    "V5": (
        "test_ledger_row_25_a_card_is_worth_its_amount_once_it_is_paid",
        "test_a_card_is_claimed_once",
        "test_a_card_that_nobody_claimed_is_refunded_once_to_its_payer",
    ),
    "V6": (
        "test_while_its_payment_is_disputed_nothing_of_a_card_can_be_used",
        "test_a_lost_dispute_takes_what_is_left_of_the_card",
        "test_what_was_spent_before_a_lost_dispute_is_a_loss_until_it_comes_back",
    ),
    "V7": (
        "test_what_comes_back_late_has_a_grace_and_what_is_spent_in_it_has_no_other",
        "test_no_detour_makes_credit_last_beyond_a_grace_after_what_was_spent_in_time",
        "test_what_comes_back_because_of_the_airline_lasts_ninety_days_each_time",
    ),
    "W1": (
        "test_one_transfer_pays_one_thing_be_it_a_refund_a_claim_or_a_credit",
        "test_one_transfer_that_two_persons_use_at_once_pays_one_of_two_credits",
    ),
}
