"""Files that deploy the product: Compose, Kubernetes, systemd, and the programs that they run.

compose_file: reads `ops/compose/compose.yaml` as an engine does.
compose-spec.json: the published schema of Compose files (github.com/compose-spec, Apache-2.0).
"""
