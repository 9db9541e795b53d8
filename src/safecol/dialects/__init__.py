"""What each database does with the shared values: one package a dialect, of pure judgements."""
