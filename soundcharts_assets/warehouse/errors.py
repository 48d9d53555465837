"""What may be wrong with the warehouse, for whoever uses it. What is said of it is up to whoever raises it."""


class WarehouseError(Exception):
    """The warehouse cannot be used. The message says what to do."""


class WarehouseLockedError(WarehouseError):
    """Another process held the file for longer than the bound."""


class UnstorableError(WarehouseError):
    """A batch holds a value that its table does not take. Nothing of the batch was written."""
