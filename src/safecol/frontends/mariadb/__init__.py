"""MariaDB: its text is read by the modules of MySQL, which know where the two differ."""
