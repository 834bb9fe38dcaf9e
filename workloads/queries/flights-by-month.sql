-- How many flights were scheduled each month, and how many of them left?
SELECT
    CAST(month AS integer) AS month,
    count(*) AS flights,
    count(dep_delay) AS departed,
    avg(dep_delay) AS mean_delay
FROM flights
GROUP BY month
ORDER BY month
