# Thousands, as on Chinese bills; the language itself counts in ten thousands.
NUMBER_GROUPING = 3
THOUSAND_SEPARATOR = ","
DATETIME_FORMAT = "Y-m-d H:i:s"
