-- Rows due now by asset; what several charts reach counts once.
SELECT subject, count(*) AS due
FROM due
GROUP BY subject
