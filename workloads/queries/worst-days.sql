-- On which ten days did flights leave latest?
SELECT
    CAST(month AS integer) AS month,
    CAST(day AS integer) AS day,
    count(*) AS flights,
    avg(dep_delay) AS mean_delay
FROM flights
GROUP BY month, day
ORDER BY mean_delay DESC
LIMIT 10
