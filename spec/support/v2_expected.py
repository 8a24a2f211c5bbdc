# Reads the v2 examples in spec/fixtures/v2 with Python, and prints what they say. Fields have the names of this project,
# numbers are plain decimal digits, moments are milliseconds. fields.tsv says which field of the wire is which; it was written
# by hand from the documentation's tables. There is a line for each field: file, number of the record (from 1), name, kind,
# value. And there is a "time" line for each envelope.
# usage: python3 spec/support/v2_expected.py spec/fixtures/v2 >spec/fixtures/v2/expected.tsv
import json
import sys
from datetime import datetime, timezone
from decimal import Decimal, ROUND_FLOOR
from os import listdir
from os.path import join

RECORDS = {
    "order": ["order-create", "order-cancel", "order-list", "order-realtime"],
    "conditional_order": ["stop-order-create", "stop-order-list", "stop-order-realtime"],
    "order_id": ["order-replace", "stop-order-replace", "stop-order-cancel"],
    "cancelled_order": ["order-cancel-all", "stop-order-cancel-all"],
    "trade": ["execution-list"],
    "position": ["position-list", "position-trading-stop"],
}

directory = sys.argv[1]
fields = {}
with open(join(directory, "fields.tsv")) as table:
    for line in list(table)[1:]:
        record, ours, wire, kind, empty = line.rstrip("\n").split("\t")
        fields.setdefault(record, {})[wire] = (ours, kind, empty)

FORCE = {"GoodTillCancel": "GTC", "ImmediateOrCancel": "IOC", "FillOrKill": "FOK"}
LIQUIDITY = {"AddedLiquidity": "Maker", "RemovedLiquidity": "Taker"}


class Number(str):  # a JSON number, as written
    pass


def plain(text):
    return format(Decimal(text), "f")


def milliseconds(value):  # of an ISO text
    whole, _, fraction = value.rstrip("Z").partition(".")
    seconds = int(datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp())
    return str(seconds * 1000 + int((fraction + "000")[:3]))


def seconds(value):
    if "T" in value:
        return milliseconds(value)
    return str(int((Decimal(value) * 1000).to_integral_value(ROUND_FLOOR)))


def read(value, kind, empty):  # kind and text for Lua, or None
    if value is None or value == "":
        return None
    if empty == "0" and Decimal(seconds(value) if kind == "s" else value) == 0:
        return None
    if empty not in ("", "0") and value in (empty, empty.capitalize()):
        return None
    if kind == "dec":
        return "decimal", plain(value)
    if kind == "int":
        return "integer", value
    if kind == "ms":
        return "integer", value if isinstance(value, Number) else milliseconds(value)
    if kind in ("s", "twin"):
        return "integer", seconds(value)
    if kind == "bool":
        return "boolean", "true" if value in (True, "1") else "false"
    if kind == "table":
        return "table", str(len(value))
    if kind == "force":
        return "string", FORCE.get(value, value)
    if kind == "liquidity":
        return "string", LIQUIDITY[value]
    return "string", value


def members(record, row):
    for wire, value in row.items():
        if wire == "ext_fields" and record == "position":
            for name, inner in value.items():
                ours, kind, empty = fields[record].get(name, ("ext_fields_" + name, "str", ""))
                yield ours, read(inner, kind, empty)
            continue
        ours, kind, empty = fields[record].get(wire, (wire, "str", ""))
        if kind == "twin" and "trade_time_ms" in row:
            continue
        yield ours, read(value, kind, empty)


def records(result):
    if isinstance(result, dict):
        result = result.get("data", result.get("trade_list", [result]))
    return result


def record_of(name):
    base = name.split(".")[0].removesuffix("-many").removesuffix("-single")
    return next((record for record, names in RECORDS.items() if base in names), None)


for name in sorted(listdir(directory)):
    record = record_of(name)
    if record is None or ".request." in name:
        continue
    with open(join(directory, name)) as file:
        answer = json.load(file, parse_float=Number, parse_int=Number)
    if "ret_code" in answer:
        print(name, 0, "time", "integer", seconds(answer["time_now"]), sep="\t")
    for i, row in enumerate(records(answer["result"] if "ret_code" in answer else answer), 1):
        for ours, value in members(record, row):
            if value is not None:
                print(name, i, ours, *value, sep="\t")
