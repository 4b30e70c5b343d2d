"""What a line says beside its contract: unknown fields are kept, a field of another type is named.

An additive change harms nobody, so that the line is taken and the unknown is in ``rescued``. A
breaking one (a field that is gone, or of another kind) is refused with field, expected and found.
"""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from bronze.formats.rows import ROUNDED
from lake.source import Source

_BROKEN = "_broken"
RESCUED = "rescued"
# The fields of a line that was read once more, where something in it may be odd.
SAID = "_said"
# The kinds of those fields, in words.
_FOUND = "_kinds"
_FIELDS = "map<string,variant>"
# What schema_of_variant says -> what a reason says.
_KINDS = (
    ("OBJECT", "an object"), ("ARRAY", "a list"), ("STRING", "text"), ("BOOLEAN", "true or false"),
    ("VOID", "null"),
)  # fmt: skip
MORE = "more than a JSON object"
_MARK = "0"
# What may stand behind an object: a comma too, as where a list is written a line an object.
_BEHIND = " \t\r\n\x00,"
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
    the place of a text begins with its bracket, and an instant has a dash. The line ends with the
    only bracket that closes an object, else more may stand behind it.
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
    end = F.instr("line", "}")
    # Most lines end there; a look for blanks goes through all of a line.
    is_odd |= (end != F.length("line")) & (end != F.length(_without_blanks_behind("line")))
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


def with_said(lines: DataFrame, said: Column) -> DataFrame:
    """Add the fields that lines were found to have (``SAID``), and their kinds."""
    kinds = F.transform_values(F.col(SAID), lambda _, field: _kind(field))
    return lines.withColumn(SAID, said).withColumn(_FOUND, F.when(F.col(SAID).isNotNull(), kinds))


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
    # Counting the known ones is cheaper than looking for others, which few files have.
    count = reduce(Column.__add__, (F.array_contains("header", n).cast("int") for n in known))
    return F.when(F.size("header") != count, as_rescued(F.to_json(filled)))


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


def rounded(name: str) -> Column:
    """Say that an id is what a spreadsheet has made of one: all of a first six digits are one."""
    said = f"{name} is an id that a spreadsheet has rounded"
    return F.when(F.trim(name).rlike(f"^{ROUNDED}$"), said)


def broken(document: str, lists: Sequence[str] = ()) -> Column:
    """Say that a line is no JSON object or more than one, or which field is none of the ``lists``.

    Spark reads the first object of a line and passes over what stands behind it.
    """
    wrong = [not_of(name, "a list") for name in lists]
    # A list of the line and of a mark: where the mark is not second, it holds something else too.
    of_line = F.concat(F.lit("["), _without_blanks_behind("line"), F.lit(f",{_MARK}]"))
    is_one = F.get(F.from_json(of_line, "array<string>"), F.lit(1)) == _MARK
    return F.when(
        F.col(f"{document}.{_BROKEN}").isNotNull(), F.coalesce(*wrong, F.lit("not a JSON object"))
    ).when(F.col(SAID).isNotNull() & ~F.coalesce(is_one, F.lit(False)), MORE)


def retyped(source: Source, *, may_be_list: Sequence[str] = ()) -> Column:
    """Say which text or number is an object or a list, and which instant is a number."""
    rules = []
    for field in source.fields:
        wanted, wrong = ("a number" if field.type == "number" else "text"), ["an object", "a list"]
        if field.type == "timestamp":
            wanted, wrong = "a time as text", [*wrong, "a number", "true or false"]
        if field.type not in ("array", "object") and field.name not in may_be_list:
            kinds = F.array(*map(F.lit, wrong)).alias("wrong")
            name = F.lit(field.name).alias("name")
            rules.append(F.struct(name, F.lit(wanted).alias("wanted"), kinds))
    # A list of rules, and no condition each: code that is too long is not compiled.
    broken = F.filter(
        F.array(*rules),
        lambda rule: F.array_contains(rule["wrong"], F.try_element_at(F.col(_FOUND), rule["name"])),
    )
    first = F.get(broken, F.lit(0))
    kind = F.try_element_at(F.col(_FOUND), first["name"])
    return F.when(
        F.col(_FOUND).isNotNull() & (F.size(broken) > 0),
        F.concat(first["name"], F.lit(" is not "), first["wanted"], F.lit(": "), kind),
    )


def not_of(name: str, wanted: str) -> Column:
    """Say that a field is of another kind than it must be; null: it is, or is absent."""
    kind = F.element_at(F.col(_FOUND), name)
    is_wrong = F.col(_FOUND).isNotNull() & ~kind.isin(wanted, "null")
    return F.when(is_wrong, F.concat(F.lit(f"{name} is not {wanted}: "), kind))


def _kind(field: Column) -> Column:
    schema = F.schema_of_variant(field)
    kind = F.when(schema.isNull(), F.lit(None))
    for start, words in _KINDS:
        kind = kind.when(schema.startswith(start), words)
    return kind.otherwise("a number")


def _without_blanks_behind(line: str) -> Column:
    return F.rtrim(line, F.lit(_BEHIND))


def _colons(text: Column) -> Column:
    return F.octet_length(text) - F.octet_length(F.replace(text, F.lit(":"), F.lit("")))
