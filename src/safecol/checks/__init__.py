"""Rules that need memory over statements: a trace comes in, hits go out; pages name them as `module:function`."""
