-- The same flights as CSV, to compare what a query of either format scans
CREATE TABLE flights_csv
WITH (format = 'TEXTFILE', field_delimiter = ',', write_compression = 'NONE')
AS SELECT * FROM flights
