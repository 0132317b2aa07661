"""What a process reports of itself to those who run it. Nothing personal leaves by this package.

`reporting` first.

reporting: starts and ends all of it for one process, by the settings
log_lines: log lines as JSON, with correlation and trace ids
traces: spans with the OpenTelemetry SDK
prometheus: metrics for Prometheus, on a listener of its own
otlp_metrics: metrics for a collector
sentry: errors for Sentry, scrubbed
trace_limits: how many traces may begin in a second
trace_file: spans in a file of bounded size, where no collector is configured
"""
