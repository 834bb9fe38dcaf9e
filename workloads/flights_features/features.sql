-- What is known before a flight departs; the label stands first, as the built-in algorithms want it.
SELECT
    CAST(f.dep_delay > 15 AS integer) AS is_late,
    f.hour AS hour,
    f.minute AS minute,
    CAST(f.month AS integer) AS month,
    day_of_week(f.time_hour) AS day_of_week,
    CAST(f.distance AS integer) AS distance,
    CAST(f.origin = 'EWR' AS integer) AS from_ewr,
    CAST(f.origin = 'JFK' AS integer) AS from_jfk,
    CAST(f.carrier = '9E' AS integer) AS by_9e,
    CAST(f.carrier = 'AA' AS integer) AS by_aa,
    CAST(f.carrier = 'B6' AS integer) AS by_b6,
    CAST(f.carrier = 'DL' AS integer) AS by_dl,
    CAST(f.carrier = 'EV' AS integer) AS by_ev,
    CAST(f.carrier = 'MQ' AS integer) AS by_mq,
    CAST(f.carrier = 'UA' AS integer) AS by_ua,
    CAST(f.carrier = 'US' AS integer) AS by_us,
    CAST(f.carrier = 'WN' AS integer) AS by_wn,
    coalesce(a.lat, 0) AS dest_latitude,
    coalesce(a.lon, 0) AS dest_longitude,
    coalesce(try_cast(w.temp AS double), -1) AS temperature,
    coalesce(try_cast(w.humid AS double), -1) AS humidity,
    coalesce(try_cast(w.wind_speed AS double), -1) AS wind_speed,
    coalesce(try_cast(w.precip AS double), -1) AS precipitation,
    coalesce(try_cast(w.pressure AS double), -1) AS pressure,
    coalesce(try_cast(w.visib AS double), -1) AS visibility
FROM flights f
LEFT JOIN airports a ON a.faa = f.dest
LEFT JOIN weather w
    ON w.origin = f.origin
    AND w.month = CAST(f.month AS bigint)
    AND w.day = CAST(f.day AS bigint)
    AND w.hour = f.hour
WHERE f.dep_delay IS NOT NULL AND f.month BETWEEN ':first' AND ':last'
ORDER BY f.flight_id
