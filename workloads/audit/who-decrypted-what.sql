-- Who read which encrypted object, and was it decrypted for them?
SELECT
    useridentity.arn AS who,
    json_extract_scalar(requestparameters, '$.key') AS what,
    coalesce(errorcode, 'decrypted') AS outcome,
    count(*) AS requests
FROM trail
WHERE day >= date_format(current_date - INTERVAL '1' DAY, '%Y/%m/%d')
    AND eventsource = 's3.amazonaws.com'
    AND eventname = 'GetObject'
    AND (
        errorcode IS NOT NULL
        OR json_extract_scalar(additionaleventdata, '$.SSEApplied') = 'SSE_KMS'
    )
GROUP BY 1, 2, 3
ORDER BY who, what, outcome
