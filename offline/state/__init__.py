"""The account on disk: what was committed survives the end of the process, however it ends.

    state = State.open(directory)
    with Sandbox() as sandbox:
        state.restore(sandbox)
        ...                     # a request
        state.commit()          # before it is acknowledged

`account` says what is written when, `pickles` how, `part` what of it grows by rows, `database` where.
"""

from offline.state.account import Account as State

__all__ = ["State"]
