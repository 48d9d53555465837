"""A simulated month: a sandbox whose days go by, whoever operates the project on it, and an account of what was asked.

`data` invents the charts, `simulation` lets time pass, `oracle` works out from the sandbox alone what should have been
asked. What is expected of the result is in `test_month`.
"""
