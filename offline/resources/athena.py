"""Rows of Amazon Athena."""

from __future__ import annotations

from offline.resources.row import Physical, Resource, Row


def create_workgroup(resource: Resource) -> Physical:
    athena, properties = resource.client("athena"), resource.properties
    name = properties.take("Name") or resource.name(longest=128)
    properties.take("RecursiveDeleteOption")  # Read when the workgroup is deleted.
    configuration = dict(properties.take("WorkGroupConfiguration") or {})
    if "BytesScannedCutoffPerQuery" in configuration:
        configuration["BytesScannedCutoffPerQuery"] = int(configuration["BytesScannedCutoffPerQuery"])
    athena.create_work_group(
        Name=name, Configuration=configuration, Tags=resource.tag_list(), **properties.only("Description")
    )
    if (state := properties.take("State", "ENABLED")) != "ENABLED":
        athena.update_work_group(WorkGroup=name, State=state)
    made = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    effective = made["Configuration"]["EngineVersion"]["EffectiveEngineVersion"]
    attributes = {
        "CreationTime": str(int(made["CreationTime"].timestamp())),
        "WorkGroupConfiguration.EngineVersion.EffectiveEngineVersion": effective,
    }
    return Physical(name, attributes)


def delete_workgroup(resource: Resource, workgroup: Physical) -> None:
    """With RecursiveDeleteOption its named queries go too, else it must be empty."""
    recursive = bool(resource.properties.take("RecursiveDeleteOption", False))
    resource.client("athena").delete_work_group(WorkGroup=workgroup.id, RecursiveDeleteOption=recursive)


def create_named_query(resource: Resource) -> Physical:
    properties = resource.properties
    name = properties.take("Name") or resource.name(longest=128)
    settings = properties.only("Description", "Database", "QueryString", "WorkGroup")
    made = resource.client("athena").create_named_query(Name=name, **settings)
    return Physical(made["NamedQueryId"], {"NamedQueryId": made["NamedQueryId"]})


def delete_named_query(resource: Resource, query: Physical) -> None:
    resource.client("athena").delete_named_query(NamedQueryId=query.id)


def create_prepared_statement(resource: Resource) -> Physical:
    settings = resource.properties.only("StatementName", "WorkGroup", "QueryStatement", "Description")
    resource.client("athena").create_prepared_statement(**settings)
    return Physical(settings["StatementName"])


def delete_prepared_statement(resource: Resource, statement: Physical) -> None:
    group = resource.properties.take("WorkGroup")
    resource.client("athena").delete_prepared_statement(StatementName=statement.id, WorkGroup=group)


ROWS = (
    Row("AWS::Athena::WorkGroup", create_workgroup, delete_workgroup),
    Row("AWS::Athena::NamedQuery", create_named_query, delete_named_query),
    Row("AWS::Athena::PreparedStatement", create_prepared_statement, delete_prepared_statement),
)
