"""gold.energy_* -> consumption, import, export and production of a home, a period at a time."""

from typing import Annotated, Literal, NotRequired, TypedDict

from fastapi import APIRouter, Query, Response

from lake.contract import Table
from gold.contracts import ENERGY_DAILY, ENERGY_HOURLY, ENERGY_MONTHLY, ENERGY_QUARTER_HOURLY
from lake.reading import Reader, literal
from serving.answers import Ask, Body
from serving.homes import REACH_TABLES, Home, Location, data_until
from serving.insights.adding import added_up
from serving.parameters import Fuel, From, To
from serving.periods import Periods, Resolution, periods
from silver.contracts import DIRECTIONS
