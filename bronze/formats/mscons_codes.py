"""The codes of MSCONS -> our words: qualities, units, and what is no reading of a meter.

EDI@Energy, MSCONS message implementation guide 2.4c; Ediel's codes where they differ.
"""

from bronze.formats.records import ESTIMATED, MISSING

# QTY, 6063: what a value is worth. Every other qualifier is a measured amount (220, 79, Z31, Z47).
WORDS = {
    "67": ESTIMATED,  # substitute
    "201": ESTIMATED,  # proposed
    "187": ESTIMATED,  # forecast
    "Z18": ESTIMATED,  # preliminary
    "99": ESTIMATED,
    "135": ESTIMATED,  # planned (Ediel)
    "20": MISSING,  # not to be used
    "Z30": MISSING,
}
# What a year is expected to take (Ediel: product 9015), which is no energy of its time.
EXPECTED = "31"
UNITS = {
    "KWH": "kWh", "KWT": "kW", "WHR": "Wh", "MWH": "MWh", "WTT": "W", "MAW": "MW", "MTQ": "m3",
    "K3": "kVArh", "KVR": "kVAr", "KVARH": "kVArh", "KVAR": "kVAr", "D54": "W/m2", "MTS": "m/s",
}  # fmt: skip
# LOC, 3227, of what has no meter. Behind a metering point it says where that belongs.
NO_POINTS = {
    "107": "a balancing area", "237": "a balance group", "239": "a grid area", "Z04": "a profile",
    "Z06": "a family of profiles",
}  # fmt: skip
