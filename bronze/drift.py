"""What a line says beside its contract: unknown fields are kept, a field of another type is named.

An additive change harms nobody, so that the line is taken and the unknown is in ``rescued``. A
breaking one (a field that is gone, or of another kind) is refused with field, expected and found.
"""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from lake.source import Source

RESCUED = "rescued"
# Cells of a CSV line that has quotes; further ones are not read.
MOST_CELLS = 64
_BROKEN = "_broken"
_FIELDS = "map<string,variant>"
# What schema_of_variant says -> what a reason says.
_KINDS = (
    ("OBJECT", "an object"), ("ARRAY", "a list"), ("STRING", "text"), ("BOOLEAN", "true or false"),
    ("VOID", "null"),
)  # fmt: skip


def texts(source: Source) -> tuple[str, ...]:
    """Name the fields that bronze has a text column for."""
    return tuple(f.name for f in source.fields if f.type not in ("array", "object"))


def rescued_fields(
    document: str, *, texts: Sequence[str], lists: Sequence[str] = (), known: Sequence[str]
) -> Column:
    """Return the fields of a JSON ``line`` beside the ``known`` as one JSON object, null: none.

    ``document`` is the struct that the line was read into, ``texts`` and ``lists`` its fields. To
    read each line twice would double the cost of bronze. A field has a colon; so where the line has
    no more colons than the fields that were found and their texts, there is no other field.
    """
    names = [f"{document}.{name}" for name in (*texts, *lists)]
    found = reduce(Column.__add__, (F.col(name).isNotNull().cast("int") for name in names))
    told = F.concat_ws("", *(f"{document}.{name}" for name in texts))
    may_be_more = (_colons(F.col("line")) != found + _colons(told)) | F.col("line").contains("\\")
    return F.when(may_be_more, as_rescued(beside(F.col("line"), known)))


def rescued_columns(known: Sequence[str]) -> Column:
    """Return the cells of a CSV line under columns beside the ``known``, null: none is filled."""
    names = F.filter(F.array_except("header", F.array(*map(F.lit, known))), lambda name: name != "")
    cells = F.transform(
        names, lambda name: F.get("_cells", F.array_position("header", name).cast("int") - 1)
    )
    filled = F.map_filter(F.map_from_arrays(names, cells), lambda _, cell: F.trim(cell) != "")
    return F.when(F.size(names) > 0, as_rescued(F.to_json(filled)))


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


def retyped(document: str, source: Source, *, may_be_list: Sequence[str] = ()) -> Column:
    """Say which text or number is an object or a list, and which instant is a number."""
    odd, reasons = F.lit(False), []
    for field in source.fields:
        if field.type in ("array", "object") or field.name in may_be_list:
            continue
        text = F.col(f"{document}.{field.name}")
        is_odd = text.startswith("{") | text.startswith("[")
        wanted, wrong = ("a number" if field.type == "number" else "text"), ["an object", "a list"]
        if field.type in ("timestamp", "date"):
            is_odd |= ~text.contains("-")
            wanted, wrong = "a time as text", [*wrong, "a number", "true or false"]
        odd |= F.coalesce(is_odd, F.lit(False))
        reasons.append(F.when(is_odd, not_of(field.name, wanted, wrong=wrong)))
    return F.when(odd, F.coalesce(*reasons))


def not_of(name: str, wanted: str, *, wrong: Sequence[str] = ()) -> Column:
    """Say that a field of the ``line`` is not of the kind that it must be; null: it is, or absent.

    ``wrong`` are the kinds that it may not be; any but ``wanted`` where it is empty.
    """
    kind = _kind_of(name)
    is_wrong = kind.isin(*wrong) if wrong else ~kind.isin(wanted, "null")
    return F.when(is_wrong, F.concat(F.lit(f"{name} is not {wanted}: "), kind))


def _kind_of(name: str) -> Column:
    """Tell what kind of JSON a field of the ``line`` is, in words; null: it is not there."""
    schema = F.schema_of_variant(F.element_at(F.from_json("line", _FIELDS), name))
    said = F.when(schema.isNull(), F.lit(None))
    for start, words in _KINDS:
        said = said.when(schema.startswith(start), words)
    return said.otherwise("a number")


def _colons(text: Column) -> Column:
    return F.octet_length(text) - F.octet_length(F.replace(text, F.lit(":"), F.lit("")))


def beside(line: Column, known: Sequence[str]) -> Column:
    """Return the unknown fields as JSON; of what is no variant (a key twice within), as text."""
    read = (F.from_json(line, kind) for kind in (_FIELDS, "map<string,string>"))
    unknown = (F.map_filter(fields, lambda name, _: ~name.isin(*known)) for fields in read)
    return F.coalesce(*map(F.to_json, unknown))


def as_rescued(*objects: Column) -> Column:
    """Put JSON objects together into one; null where they hold nothing."""
    inner = (F.nullif(F.regexp_replace(one, r"^\{|\}$", ""), F.lit("")) for one in objects)
    together = F.concat_ws(",", *inner)
    return F.when(together != "", F.concat(F.lit("{"), together, F.lit("}")))
