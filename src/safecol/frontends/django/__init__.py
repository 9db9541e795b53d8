"""Django's migrations: their operations come in, the SQL that Django would send goes out."""
