"""Generators of the pages in `docs/reference`: one module for each page.

    python -m tests.support.reference.pages    # writes all pages

pages: the list of pages, and how they are written.
markdown: tables and links that all pages use.
errors: errors.md, from the table of problems and the rejections.
rejection_reasons: which reasons the code gives when it raises a rejection.
events: events.md, from the event types and the golden samples.
event_fields: the fields of stored structs in words.
postings: postings.md, from the chart and the posting rules.
settings: settings.md, from the settings of the processes.
stripe_events: stripe-events.md, from the types of Stripe events that are known.
rules: rules.md, from the packages of the domain.
rule_tests: the tests that show each rule.
metrics: metrics.md, from the list of metrics.
timers: timers.md, from the registries of timers and processes.
api: api.md, from the OpenAPI document of the HTTP application.
api_types: the types of bodies and answers in words.
readiness: readiness.md, from the list of what has to hold before a launch.
read_models: read-models.md, from the registry of read models.
"""
