"""The application's code: names that migrations take away come in, the places that still use them go out."""
