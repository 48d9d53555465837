"""One page of HTML that shows what is in the warehouse, to be opened anywhere, without a network.

`data` asks the warehouse and `contents` makes lists of the answers; `operations` says how its upkeep stands; `encoding`
makes figures small; `page` puts the page together from that and from the files in `page` and `vendor`; `build` does all
of it. Neither Dagster nor the commands are imported here, and Soundcharts is not asked.
"""
