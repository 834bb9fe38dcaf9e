-- One day's departures by hour: a partition filter reads one file of 365
SELECT
    hour,
    count(*) AS flights,
    max(dep_delay) AS longest_delay
FROM flights
WHERE month = '02' AND day = '08'
GROUP BY hour
ORDER BY hour
