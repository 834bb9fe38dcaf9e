"""Turn flight events into the rows of the flights table: a Firehose transform.

In: one JSON event per record. Out: one line of JSON per record with the table's columns, the time as
Hive reads it, and the day of the scheduled departure as partition keys. What is malformed comes back
as ProcessingFailed, so that Firehose keeps it under the error prefix.
"""

import json
from base64 import b64decode, b64encode

decode = json.JSONDecoder().decode
encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

REQUIRED_TEXT = ("flight_id", "carrier", "origin", "dest")
INTEGERS = ("flight", "sched_dep_time", "dep_time", "sched_arr_time", "arr_time", "hour", "minute")
NUMBERS = ("dep_delay", "arr_delay", "air_time", "distance")
NOTHING = type(None)
INTEGER, NUMBER, OPTIONAL_TEXT = {int, NOTHING}, {int, float, NOTHING}, {str, NOTHING}
DAYS = {month: f"{month:02d}" for month in range(1, 32)}


def handler(event, context):
    return {"records": [transformed(record) for record in event["records"]]}


def transformed(record):
    """The record's answer: what it became, or that it cannot become anything."""
    try:
        row, keys = flight(decode(b64decode(record["data"]).decode()))
    except (ValueError, TypeError, KeyError, AttributeError):
        return {"recordId": record["recordId"], "result": "ProcessingFailed", "data": record["data"]}
    data = b64encode((encode(row) + "\n").encode()).decode()
    return {"recordId": record["recordId"], "result": "Ok", "data": data, "metadata": {"partitionKeys": keys}}


def flight(event):
    """The row and its partition keys; ValueError, TypeError or KeyError where the event is no flight."""
    year, month, day = event.pop("year"), event.pop("month"), event.pop("day")
    if not type(year) is type(month) is type(day) is int:
        raise TypeError("no such day")
    if not (1 <= year <= 9999 and 1 <= month <= 12 and day in DAYS):
        raise ValueError("no such day")
    keys = {"year": f"{year:04d}", "month": DAYS[month], "day": DAYS[day]}
    get = event.get
    for name in REQUIRED_TEXT:
        if type(event[name]) is not str:
            raise TypeError(name)
    for name in INTEGERS:
        if type(get(name)) not in INTEGER:
            raise TypeError(name)
    for name in NUMBERS:
        if type(get(name)) not in NUMBER:
            raise TypeError(name)
    if type(get("tailnum")) not in OPTIONAL_TEXT:
        raise TypeError("tailnum")
    event["time_hour"] = hive_timestamp(event["time_hour"])
    return event, keys


def hive_timestamp(text):
    """An ISO time in UTC as Hive writes it.

    >>> hive_timestamp("2013-01-01T10:00:00Z")
    '2013-01-01 10:00:00'
    """
    if len(text) != 20 or text[10] != "T" or text[19] != "Z":
        raise ValueError("time_hour is no UTC time")
    moment = f"{text[:10]} {text[11:19]}"
    if not moment.translate(DIGITS_GONE) == "-- ::":
        raise ValueError("time_hour is no UTC time")
    return moment


DIGITS_GONE = str.maketrans("", "", "0123456789")
