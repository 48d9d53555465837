"""One page of HTML that shows what is in the warehouse, to be opened anywhere, without a network.

`data` asks the warehouse and `operations` how its upkeep stands, `encoding` makes figures small, `page` puts the page
together from them and from the files in `page` and `vendor`; `build` does all of it. Neither Dagster nor the commands are
imported here, and Soundcharts is not asked.
"""
