"""One verb of the command line a file: arguments come in, an exit code goes out."""
