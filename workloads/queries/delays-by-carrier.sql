-- Which airlines leave late most often?
SELECT
    a.name AS carrier,
    count(*) AS flights,
    avg(f.dep_delay) AS mean_delay,
    CAST(count_if(f.dep_delay > 15) AS double) / count(f.dep_delay) AS delayed_share
FROM flights f
JOIN airlines a ON a.carrier = f.carrier
GROUP BY a.name
ORDER BY delayed_share DESC, carrier
