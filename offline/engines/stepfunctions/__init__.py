"""Play AWS Step Functions: moto's interpreter of the Amazon States Language, on this account's clock.

    definition    what CreateStateMachine refuses, beyond what moto's parser does
    execution     one execution, and its turns
    turns         how an execution's thread and the caller of `settle` take turns
    interpreter   where moto's interpreter is bound to clock, turns, roles and tasks
    tasks         the optimised integrations: moto's own, and SageMaker and Athena
    logs          execution history in CloudWatch Logs
    engine        the backend

An execution starts, and goes on, in `settle`. It stops there when it waits: for a Wait state or a
retry until the clock has moved, for a `.sync` job until that job's engine has run it.
"""
