"""What silver promises of the world around homes: references that no partner sends."""

from lake.contract import AS_IT_IS, Column, Replace, Table, columns

HOLIDAYS = Table(
    name="silver.holidays",
    row="a public holiday of a country that has a location",
    columns=columns(
        Column(name="country_code", type="string", nullable=False,
               meaning="Country (ISO 3166-1 alpha-2)."),
        Column(name="local_date", type="date", nullable=False,
               meaning="The day of the holiday, on the country's own clock."),
        Column(name="name", type="string", nullable=False,
               meaning="Its name in the country's language; several on one day by semicolon."),
        Column(name="name_en", type="string", meaning="Its name in English, where there is one."),
    ),
    key=("country_code", "local_date"),
    update=Replace(slices=("country_code",)),
    sorted_by=("country_code", "local_date"),
    as_of=AS_IT_IS,
)  # fmt: skip
