"""What pandas and SQLAlchemy make of the job: each window is fetched, flattened, staged and upserted, one after the other.

Wants URL (with the path), KEY, FROM and UNTIL (days, the last not included), DATABASE and UPSERT (a file).
"""

import json
import os
import urllib.request
from datetime import date, timedelta

import pandas as pd
from sqlalchemy import create_engine, text


def fetch(day, until):
    request = urllib.request.Request(
        f"{os.environ['URL']}?from={day}T00:00:00Z&to={until}T00:00:00Z",
        headers={"Authorization": "Basic " + os.environ["KEY"]},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["sessions"]


def sessions_of(answer):
    columns = {
        "email": "email", "start_date": "start_date", "end_date": "end_date", "duration": "duration",
        "session_ended": "session_ended", "viewer_info.max_viewer_count": "max_viewers",
        "viewer_info.viewer_count": "viewers", "viewer_info.locations": "locations", "rtc_seconds": "rtc_seconds",
        "webcam_s": "webcam_seconds", "links.recording": "recording",
    }
    frame = pd.json_normalize(answer).reindex(columns=list(columns)).rename(columns=columns)
    frame["locations"] = ["|".join(place for place in places if place != "*") for places in frame["locations"]]
    frame["recording"] = frame["recording"].astype(object).where(frame["recording"].notna(), None)
    return frame


def events_of(answer):
    frame = pd.json_normalize(answer, record_path="logs", meta=["email", "start_date"], record_prefix="log_")
    if frame.empty:
        return frame
    frame = frame.rename(columns={"log_date": "date", "log_type": "type", "log_content": "content"})
    frame = frame.sort_values("date", kind="stable")
    frame["seq"] = frame.groupby(["email", "start_date"]).cumcount() + 1
    return frame[["email", "start_date", "seq", "date", "type", "log_email", "content"]]


def main():
    engine = create_engine(os.environ["DATABASE"])
    with open(os.environ["UPSERT"], encoding="utf-8") as file:
        upsert = file.read()
    day, until = date.fromisoformat(os.environ["FROM"]), date.fromisoformat(os.environ["UNTIL"])
    while day < until:
        following = day + timedelta(days=1)
        answer = fetch(day, following)
        if answer:
            with engine.begin() as connection:
                sessions_of(answer).to_sql("staged_sessions", connection, if_exists="replace", index=False,
                                           method="multi", chunksize=1000)
                events = events_of(answer)
                if events.empty:
                    events = pd.DataFrame(columns=["email", "start_date", "seq", "date", "type", "log_email", "content"], dtype=str)
                events.to_sql("staged_events", connection, if_exists="replace", index=False, method="multi", chunksize=1000)
                connection.execute(text(upsert))
        day = following


if __name__ == "__main__":
    main()
