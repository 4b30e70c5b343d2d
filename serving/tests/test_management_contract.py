"""The OpenAPI document against the app: whatever is sent, it answers as documented, never 500."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lake.settings import Settings
from serving import openapi
from serving.app import create_app
from serving.commands import token

pytestmark = pytest.mark.slow
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
DOCUMENT = json.loads(openapi.MANAGEMENT.read_text(encoding="utf-8"))
OPERATIONS = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
# Not the ids of the examples, which come and go.
KNOWN = {
    "user_id": "a-user", "location_id": "a-home", "meter_id": "a-meter", "tariff_id": "a-tariff",
    "valid_from": "2024-01-01", "month": "2025-02-01", "consent_id": "a-consent",
}  # fmt: skip


def known(body: Any) -> Any:
    """Let a body be about what there is."""
    return {k: KNOWN.get(k, v) for k, v in body.items()} if isinstance(body, dict) else body


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document as the running app gives it, and one of everything."""
    here = Settings(lake=str(tmp_path_factory.mktemp("contract") / "lake"))
    app = create_app(here)
    with TestClient(app) as client:
        given = token("northgrid", "data.read data.write", settings=here)
        found = schemathesis.openapi.from_asgi("/data-management/openapi.json", app)
        found.config.update(headers={"Authorization": f"Bearer {given}"})
        client.headers["Authorization"] = f"Bearer {given}"
        for path, name in (
            ("users/{user_id}", "User"),
            ("locations/{location_id}", "Location"),
            ("meters/{meter_id}", "Meter"),
            ("meters/{meter_id}/max-demand/{month}", "MaxDemand"),
            ("meters/{meter_id}/max-demand-limits/{valid_from}", "MaxDemandLimit"),
            ("locations/{location_id}/tariffs/{tariff_id}", "Tariff"),
            ("locations/{location_id}/profiles/{valid_from}", "Profile"),
            ("users/{user_id}/consents/{consent_id}", "Consent"),
        ):
            (body,) = DOCUMENT["components"]["schemas"][f"{name}Said"]["examples"]
            made = client.put(f"/data-management/v1/{path.format(**KNOWN)}", json=known(body))
            assert made.status_code == 201, made.text
        at = "/data-management/v1"
        job = client.post(f"{at}/jobs?kind=readings", content=b"{}").json()
        hook = client.post(f"{at}/webhooks", json={"url": "https://receiver.example/"}).json()
        # Nothing is really sent.
        app.state.mounted[0].state.webhooks.stop()
        test = client.post(f"{at}/webhooks/{hook['webhook_id']}/test").json()
        KNOWN.update({k: v for one in (job, hook, test) for k, v in one.items()
                      if k in ("job_id", "webhook_id", "delivery_id")})  # fmt: skip
        yield found


@pytest.mark.parametrize("is_known", [False, True], ids=["of any id", "of what there is"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_it_answers_as_documented(schema: Any, method: str, path: str, is_known: bool) -> None:
    @settings(
        max_examples=20, deadline=None, derandomize=True, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(schema[path][method].as_strategy())
    def asked(case: Any) -> None:
        if is_known and case.path_parameters:
            case.path_parameters = {name: KNOWN[name] for name in case.path_parameters}
            case.body = known(case.body)
        if is_known and method == "delete":
            # It leaves what there is for the others.
            case.query = {**(case.query or {}), "dry_run": "true"}
        case.call_and_validate(checks=CHECKS)

    asked()
