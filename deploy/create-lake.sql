-- Run once by the Postgres container, when its data folder is new: the catalogue beside Dagster's own database.
CREATE DATABASE lake;
