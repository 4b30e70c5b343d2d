"""The currencies of states (ISO 4217), and of those with a power market how much a kWh can cost.

HRK and BGN stand here for the years before the euro.
"""

CURRENCIES = (
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
    "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD",
    "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK",
    "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP",
    "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR",
    "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW",
    "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA",
    "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD",
    "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN",
    "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD",
    "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT",
    "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VES",
    "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW",
)  # fmt: skip
# How a hundredth of a currency is written, as in GBp: pence.
HUNDREDTH = "[A-Z]{2}[a-z]"
# How many kWh a price is for, by the unit behind its currency, in lower case.
PRICED_KWH = {"kwh": 1.0, "mwh": 1000.0}
# What no market lets a price reach. The day-ahead markets of Europe end at 4,000 EUR/MWh (ACER,
# harmonised maximum clearing price), and raise that in steps; Texas at 5,000 USD/MWh, Australia at
# about 20,000 AUD/MWh (market price cap). Twice that or more in each currency, so that a price a
# MWh said a kWh is caught where it is not low.
MOST_PRICE_PER_KWH = {
    "AUD": 50.0, "BGN": 20.0, "CHF": 10.0, "CZK": 250.0, "DKK": 75.0, "EUR": 10.0, "GBP": 10.0,
    "HUF": 4000.0, "NOK": 120.0, "NZD": 50.0, "PLN": 45.0, "RON": 50.0, "SEK": 115.0, "USD": 10.0,
}  # fmt: skip
