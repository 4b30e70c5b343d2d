"""Days of a home -> what OpenDSM's daily model says of them, as JSON; run by a Python that has it.

Arguments: a CSV file with local_date, energy_kwh and temperature_c (°C), and the fuel.
"""

import json
import sys
import warnings

import pandas as pd


def main(path: str, fuel: str) -> None:
    warnings.simplefilter("ignore")
    from opendsm import eemeter  # noqa: PLC0415 - only that Python has it

    days = pd.read_csv(path)
    of_opendsm = pd.DataFrame(
        {
            "observed": days["energy_kwh"].to_numpy(),
            "temperature": days["temperature_c"].to_numpy() * 1.8 + 32,
        },
        index=pd.DatetimeIndex(pd.to_datetime(days["local_date"]), tz="UTC"),
    )
    baseline = eemeter.DailyBaselineData(of_opendsm, is_electricity_data=fuel == "elec")
    model = eemeter.DailyModel().fit(baseline, ignore_disqualification=True)
    predicted = model.predict(baseline, ignore_disqualification=True)
    answer = {
        "cvrmse": float(model.baseline_metrics.cvrmse_adj),
        "predicted_kwh": float(predicted["predicted"].sum()),
        "disqualified": [warning.qualified_name for warning in baseline.disqualification],
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
