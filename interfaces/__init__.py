"""Where the outside comes in: HTTP, webhooks, worker, command line; and the composition."""
