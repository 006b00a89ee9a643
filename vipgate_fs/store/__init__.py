"""What outlives a call: lockouts, guest PINs, overrides and call records, in a SQLite file or in PostgreSQL.

`store` is the service's door to it, a `vipgate_fs.gate.memory.Memory`. `writer` gathers what waits at the same moment
and has it done in one transaction, a `ledger`; `meanwhile` judges while the store is gone. `database` connects,
`sqlite` and `postgresql` know what is special about each. `schema` has the tables; `tallies`, `guests`, `overrides` and
`records` are what commands do with them.

This package imports SQLAlchemy, which takes its time: what does without a store does not import it.
"""
