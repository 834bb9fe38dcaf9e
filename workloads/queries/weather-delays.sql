-- Does rain at the airport delay departures?
SELECT
    CASE WHEN try_cast(w.precip AS double) > 0 THEN 'rain' ELSE 'dry' END AS weather,
    count(*) AS flights,
    avg(f.dep_delay) AS mean_delay
FROM flights f
JOIN weather w
    ON w.origin = f.origin
    AND w.month = CAST(f.month AS bigint)
    AND w.day = CAST(f.day AS bigint)
    AND w.hour = f.hour
GROUP BY 1
ORDER BY 1
