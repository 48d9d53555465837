"""The one idea, written once: due rows, calls, parsed rows, one transaction.

`subjects` says in what the fetched things differ, `loop` runs the calls, `charts` knows rankings, `refresher` is the
door. Dagster's assets and the command line come in through that door; Dagster itself is not imported here.
"""
