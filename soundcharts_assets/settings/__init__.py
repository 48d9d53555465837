"""What the user decides: `soundcharts.yaml` and the environment, read once and checked before the first call.

`file` holds every setting of the file with its default, its meaning and its limits, `charts` those of what is followed,
`values` the kinds of values in them; `environment` holds what comes from variables, `location` where they say that the
tables are; `reading` is the door. What is done with a setting is not here: no module below this package is imported,
and nothing here touches the network, the warehouse or Dagster.
"""
