-- What S3's own log tells of reads: also how much was sent, and by which TLS
SELECT
    requester AS who,
    key AS what,
    httpstatus AS status,
    errorcode AS error,
    tlsversion AS tls,
    count(*) AS requests,
    sum(bytessent) AS bytes
FROM access_log
WHERE operation = 'REST.GET.OBJECT'
GROUP BY 1, 2, 3, 4, 5
ORDER BY who, what, status
