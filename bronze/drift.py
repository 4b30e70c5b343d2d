"""What a line says beside its contract: unknown fields are kept, a field of another type is named.

An additive change harms nobody, so that the line is taken and the unknown is in ``rescued``. A
breaking one (a field that is gone, or of another kind) is refused with field, expected and found.
"""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from lake.source import Source

_BROKEN = "_broken"
RESCUED = "rescued"
# The fields of a line that was read once more, where something in it may be odd.
SAID = "_said"
_FIELDS = "map<string,variant>"
# What schema_of_variant says -> what a reason says.
_KINDS = (
    ("OBJECT", "an object"), ("ARRAY", "a list"), ("STRING", "text"), ("BOOLEAN", "true or false"),
    ("VOID", "null"),
)  # fmt: skip
# Cells beyond the known columns of a CSV line that has quotes; further ones are not read.
_FURTHER_CELLS = 12


def texts(source: Source) -> tuple[str, ...]:
    """Name the fields that bronze has a text column for."""
    return tuple(f.name for f in source.fields if f.type not in ("array", "object"))


def most_cells(names: Sequence[str]) -> int:
    """Return how many cells of a CSV line are read that has quotes."""
    return len(names) + _FURTHER_CELLS


def odd_fields(
    document: str, source: Source, *, also: Sequence[str] = (), may_be_list: Sequence[str] = ()
) -> Column:
    """Return all fields of a JSON ``line`` where it may not keep its contract, else null.

    ``document`` is the struct that the line was read into. To read each line twice would double the
    cost of bronze, so that only few are. A field has a colon: where the line has no more of them
    than the fields that were found and their texts, there is no other field. An object or a list in
    the place of a text begins with its bracket, and an instant has a dash.
    """
    named = (*texts(source), *also)
    lists = [f.name for f in source.fields if f.type == "array"]
    found = reduce(
        Column.__add__,
        (F.col(f"{document}.{n}").isNotNull().cast("int") for n in (*named, *lists)),
    )
    told = F.concat_ws("", *(f"{document}.{n}" for n in named))
    plain = F.concat_ws("", *(f"{document}.{n}" for n in named if n not in may_be_list))
    is_odd = (_colons(F.col("line")) != found + _colons(told)) | F.col("line").contains("\\")
    is_odd |= told.contains("{") | plain.contains("[")
    for field in source.fields:
        if field.type == "timestamp":
            instant = F.col(f"{document}.{field.name}")
            is_odd |= F.coalesce(~instant.contains("-"), F.lit(False))
    return F.when(is_odd | F.col(f"{document}.{_BROKEN}").isNotNull(), fields())


def fields() -> Column:
    """Return the fields of the ``line``; of what is no variant (a key twice within) as text."""
    as_text = F.from_json("line", "map<string,string>")
    return F.coalesce(
        F.from_json("line", _FIELDS),
        F.transform_values(as_text, lambda _, value: value.cast("variant")),
    )


def rescued_fields(known: Sequence[str]) -> Column:
    """Return what a JSON line says beside the ``known`` fields as one JSON object, null: nothing.

    Of a line that was read once more (``SAID``).
    """
    unknown = F.map_filter(F.col(SAID), lambda name, _: ~name.isin(*known))
    return F.when(F.col(SAID).isNotNull(), as_rescued(F.to_json(unknown)))


def rescued_columns(known: Sequence[str]) -> Column:
    """Return the cells of a CSV line under columns beside the ``known``, null: none is filled."""
    names = F.filter(F.array_except("header", F.array(*map(F.lit, known))), lambda name: name != "")
    cells = F.transform(
        names, lambda name: F.get("_cells", F.array_position("header", name).cast("int") - 1)
    )
    filled = F.map_filter(F.map_from_arrays(names, cells), lambda _, cell: F.trim(cell) != "")
    return F.when(F.size(names) > 0, as_rescued(F.to_json(filled)))


def as_rescued(*objects: Column) -> Column:
    """Put JSON objects together into one; null where they hold nothing."""
    inner = (F.nullif(F.regexp_replace(one, r"^\{|\}$", ""), F.lit("")) for one in objects)
    together = F.concat_ws(",", *inner)
    return F.when(together != "", F.concat(F.lit("{"), together, F.lit("}")))


def missing(name: str, value: Column | None = None) -> Column:
    """Say that a field is missing, or that a CSV has no such column; null where it is there."""
    text = F.col(name) if value is None else value
    has_column = F.col("header").isNull() | F.array_contains("header", name)
    said = F.when(has_column, f"{name} is missing").otherwise(f"no column {name}")
    return F.when(text.isNull() | (F.trim(text) == ""), said)


def broken(document: str, lists: Sequence[str] = ()) -> Column:
    """Say that a line is no JSON object, or which field that must be a list is none."""
    wrong = [not_of(name, "a list") for name in lists]
    return F.when(
        F.col(f"{document}.{_BROKEN}").isNotNull(), F.coalesce(*wrong, F.lit("not a JSON object"))
    )


def retyped(source: Source, *, may_be_list: Sequence[str] = ()) -> Column:
    """Say which text or number is an object or a list, and which instant is a number."""
    reasons = []
    for field in source.fields:
        wanted, wrong = ("a number" if field.type == "number" else "text"), ["an object", "a list"]
        if field.type == "timestamp":
            wanted, wrong = "a time as text", [*wrong, "a number", "true or false"]
        if field.type != "array" and field.name not in may_be_list:
            reasons.append(not_of(field.name, wanted, wrong=wrong))
    return F.when(F.col(SAID).isNotNull(), F.coalesce(*reasons))


def not_of(name: str, wanted: str, *, wrong: Sequence[str] = ()) -> Column:
    """Say that a field of ``SAID`` is not of the kind that it must be; null: it is, or absent.

    ``wrong`` are the kinds that it may not be; any but ``wanted`` where it is empty.
    """
    schema = F.schema_of_variant(F.element_at(F.col(SAID), name))
    kind = F.when(schema.isNull(), F.lit(None))
    for start, words in _KINDS:
        kind = kind.when(schema.startswith(start), words)
    kind = kind.otherwise("a number")
    is_wrong = kind.isin(*wrong) if wrong else ~kind.isin(wanted, "null")
    return F.when(is_wrong, F.concat(F.lit(f"{name} is not {wanted}: "), kind))


def _colons(text: Column) -> Column:
    return F.octet_length(text) - F.octet_length(F.replace(text, F.lit(":"), F.lit("")))
