-- Who used which key for what? With a bucket key, S3 asks once for many objects, and names the bucket
SELECT
    useridentity.arn AS who,
    eventname AS operation,
    json_extract_scalar(requestparameters, '$.encryptionContext["aws:s3:arn"]') AS context,
    coalesce(errorcode, 'done') AS outcome,
    count(*) AS uses
FROM trail
WHERE day >= date_format(current_date - INTERVAL '1' DAY, '%Y/%m/%d')
    AND eventsource = 'kms.amazonaws.com'
    AND eventname IN ('Decrypt', 'Encrypt', 'GenerateDataKey')
GROUP BY 1, 2, 3, 4
ORDER BY who, operation, context, outcome
