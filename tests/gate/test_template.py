"""Templates as the rules read them: what a property may come to, and what stays unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gate.errors import TemplateError
from gate.files import from_yaml, read
from gate.template import Reference, Template, Templates

BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {}}


def template(properties: dict[str, Any], **more: Any) -> Template:
    resources = {"A": {"Type": "T", "Properties": properties}, "B": BUCKET}
    return Templates.of({"t": {"Resources": resources, **more}}).items[0]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("plain", ["plain"]),
        ({"Ref": "Default"}, ["given"]),
        ({"Ref": "NoDefault"}, []),
        ({"Ref": "FromSsm"}, []),
        ({"Ref": "AWS::Region"}, []),
        ({"Fn::If": ["C", "yes", {"Ref": "AWS::NoValue"}]}, ["yes"]),
        ({"Fn::If": ["C", "yes", "no"]}, ["yes", "no"]),
        ({"Fn::FindInMap": ["M", "one", "x"]}, ["1x"]),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "x"]}, ["1x", "2x"]),
        ({"Fn::Select": ["1", ["a", "b"]]}, ["b"]),
        ({"Fn::Select": [7, ["a", "b"]]}, []),
        ({"Fn::Join": ["-", ["a", {"Ref": "Default"}]]}, ["a-given"]),
        ({"Fn::Join": ["", ["a", {"Ref": "AWS::Region"}]]}, []),
        ({"Fn::Sub": "x${Default}${!kept}"}, ["xgiven${kept}"]),
        ({"Fn::Sub": ["${Own}", {"Own": "mine"}]}, ["mine"]),
        ({"Fn::Sub": "${AWS::Region}"}, []),
        ({"Fn::GetAtt": ["B", "Arn"]}, []),
        ({"Fn::Base64": "x"}, []),
        ({"Fn::ImportValue": "nowhere"}, []),
    ],
)
def test_a_value_is_what_the_template_says_or_nothing(node: Any, expected: list[Any]) -> None:
    found = template(
        {"P": node},
        Parameters={
            "Default": {"Type": "String", "Default": "given"},
            "NoDefault": {"Type": "String"},
            "FromSsm": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a/path"},
        },
        Mappings={"M": {"one": {"x": "1x"}, "two": {"x": "2x"}}},
    )
    assert [value for _, value in found.resources["A"].values("P")] == expected


def test_an_export_of_another_template_is_the_resource_it_names() -> None:
    home = {
        "Resources": {"B": BUCKET},
        "Outputs": {"O": {"Value": {"Fn::GetAtt": ["B", "Arn"]}, "Export": {"Name": "lake:arn"}}},
    }
    user = {"Resources": {"A": {"Type": "T", "Properties": {"P": {"Fn::ImportValue": "lake:arn"}}}}}
    templates = Templates.of({"user": user, "home": home})
    reference = templates.items[0].resources["A"].refers("P")
    assert reference == Reference(("home", "B"), "Arn")
    found = templates.at(reference, "AWS::S3::Bucket")
    assert found is not None
    assert found.key == ("home", "B")


def test_short_forms_are_their_long_forms() -> None:
    short = "A: !If [C, !Ref B, !GetAtt B.Arn]\nD: !FindInMap [M, a, b]\nE: !Sub [x, {y: !Ref Z}]"
    assert from_yaml(short, "t") == {
        "A": {"Fn::If": ["C", {"Ref": "B"}, {"Fn::GetAtt": ["B", "Arn"]}]},
        "D": {"Fn::FindInMap": ["M", "a", "b"]},
        "E": {"Fn::Sub": ["x", {"y": {"Ref": "Z"}}]},
    }


def test_a_version_date_stays_text() -> None:
    assert from_yaml("Version: 2012-10-17", "t") == {"Version": "2012-10-17"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.json", "{", "is not JSON"),
        ("t.yaml", "a: [", "is not YAML"),
        ("t.yaml", "a: b", "has no mapping 'Resources'"),
        ("t.json", "[]", "has no mapping 'Resources'"),
        ("t.yaml", "", "has no mapping 'Resources'"),
        ("t.yaml", "Resources: {B: &b {Type: T, Properties: *b}}", "stands inside itself"),
        pytest.param("t.yaml", f"A: {'[' * 5000}{']' * 5000}", "nests deeper than", id="deep YAML"),
        pytest.param("t.json", f"{'[' * 5000}{']' * 5000}", "nests deeper than", id="deep JSON"),
        ("t.yaml", "Resources: {B: text}", "got str for resource 'B'"),
        ("t.yaml", "Resources: {0: {Type: T}}", "got dict for resource 0"),
    ],
)
def test_refuses_what_is_no_template(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(TemplateError, match=said):
        read(tmp_path / name)


def test_the_mark_that_windows_puts_first_is_no_part_of_a_template(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"Resources": {}}', encoding="utf-8-sig")
    assert read(tmp_path / "t.json").items[0].resources == {}


def test_refuses_a_folder_without_templates_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no cloud assembly"):
        read(tmp_path)
    with pytest.raises(TemplateError, match="there is no"):
        read(tmp_path / "cdk.out")


names = st.text("ABab.$!{}- ", min_size=1, max_size=8)
nodes = st.recursive(
    st.none() | st.booleans() | st.integers() | names,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(names, inner, max_size=3)
        | st.builds(
            lambda key, value: {key: value},
            st.sampled_from(
                ["Ref", "Fn::If", "Fn::Sub", "Fn::Join", "Fn::GetAtt", "Fn::FindInMap", "Fn::Select"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(nodes)
def test_no_node_breaks_the_reader(node: Any) -> None:
    found = template({"P": node})
    for _, value in found.resources["A"].values("P[].x"):
        json.dumps(value)
    list(found.parts(node))
    list(found.possible(node))


@given(st.dictionaries(names, nodes, max_size=3))
def test_yaml_and_json_read_the_same(document: dict[str, Any]) -> None:
    assert from_yaml(yaml.safe_dump(document), "t") == document
