"""What outlives a call: lockouts, guest PINs, overrides and call records, in a SQLite file or in PostgreSQL.

`database` does the work of the other modules in transactions and knows whether the store is there, `schema` has its
tables, `lockouts` judges entries, `vault` knows guest PINs, `overrides` what people have decided about gates, and
`records` writes down calls. SQLAlchemy is imported when a database is opened: a gate without one, and `vipgate check`,
do not wait for it.
"""
