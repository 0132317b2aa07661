"""The OpenAPI document of the HTTP interface: what clients are generated from.

document: the whole document, from the routes of an application
plugin: serves it at `/schema/openapi.json`
operations: one operation: words, parameters, body, answers, who may use it
security: what a caller proves who they are with
refusals: which problems a route answers with, from what it declares
schemas: the schema of every body and answer, from the struct that decodes or encodes it
words: what every property and parameter means, from `words.toml`
actions: which operations carry out the actions of a booking
links: what can be called with what an answer contains
examples: an example of every body and answer, put together from those of its properties
tags: the groups of operations in the order of a journey
"""
